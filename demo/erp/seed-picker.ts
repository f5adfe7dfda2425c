export type Picker = {
  readonly one: <T>(values: readonly T[]) => T;
  /** Both ends belong to it. */
  readonly integer: (min: number, max: number) => number;
  /** @param share 0 never, 1 always */
  readonly chance: (share: number) => boolean;
  readonly digits: (count: number) => string;
  /** `A` to `Z`. */
  readonly letter: () => string;
  /** Lower case, of the form of version 4. */
  readonly uuid: () => string;
  readonly shuffled: <T>(values: readonly T[]) => readonly T[];
};

const HEX_DIGITS = '0123456789abcdef';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const UUID_FORM = 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx';

/** Draws plain values from a source of chance in [0, 1). */
export const createPicker = (random: () => number): Picker => {
  const integer = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
  const one = <T>(values: readonly T[]): T => {
    const value = values[integer(0, values.length - 1)];
    if (value === undefined) throw new Error('Cannot pick from an empty list');
    return value;
  };
  return {
    one,
    integer,
    chance: (share) => random() < share,
    digits: (count) => Array.from({ length: count }, () => String(integer(0, 9))).join(''),
    letter: () => LETTERS.charAt(integer(0, LETTERS.length - 1)),
    uuid: () => UUID_FORM.replaceAll('x', () => HEX_DIGITS.charAt(integer(0, HEX_DIGITS.length - 1))),
    shuffled: (values) =>
      values
        .map((value) => ({ value, rank: random() }))
        .toSorted((left, right) => left.rank - right.rank)
        .map(({ value }) => value),
  };
};
