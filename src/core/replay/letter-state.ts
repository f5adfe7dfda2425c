export const closedLetterStates = ['superseded', 'applied', 'replayed', 'resolved', 'waived'] as const;
export const letterStates = ['open', ...closedLetterStates] as const;

export type ClosedLetterState = (typeof closedLetterStates)[number];
export type LetterState = (typeof letterStates)[number];

export type LetterEvent =
  /** A version of its record that is not older was given up on. */
  | 'newer_given_up'
  /** A version of its record that is not older is on the target. */
  | 'on_target'
  /** A person has it delivered again. */
  | 'replayed'
  /** A person closes it: what it was about is dealt with. */
  | 'resolved'
  /** A person answers for leaving the record as it is. */
  | 'waived';

type LetterTable = Readonly<Record<'open', Readonly<Record<LetterEvent, ClosedLetterState>>>> &
  Readonly<Record<ClosedLetterState, Readonly<Record<LetterEvent, 'nothing' | 'refused'>>>>;

const closed = {
  newer_given_up: 'nothing',
  on_target: 'nothing',
  replayed: 'refused',
  resolved: 'refused',
  waived: 'refused',
} as const;

/** A dead letter is closed once, as its type says. */
export const letterTable: LetterTable = {
  open: {
    newer_given_up: 'superseded',
    on_target: 'applied',
    replayed: 'replayed',
    resolved: 'resolved',
    waived: 'waived',
  },
  superseded: closed,
  applied: closed,
  replayed: closed,
  resolved: closed,
  waived: closed,
};

/**
 * Whether the next dead letter of the record carries the attempts of this one on: as long as the record is not brought to
 * its target, and nobody has decided on it.
 */
export const isCarriedOn: Readonly<Record<LetterState, boolean>> = {
  open: true,
  superseded: false,
  applied: false,
  replayed: true,
  resolved: false,
  waived: false,
};
