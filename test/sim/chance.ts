import { createSeededRandom } from '../../standin/seeded-random.ts';

/** All the chance there is in a simulated world: the same seed draws the same. */
export type Chance = {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** A whole number from `min` to `max`, both included. */
  readonly int: (min: number, max: number) => number;
  readonly happens: (probability: number) => boolean;
  readonly pick: <T>(from: readonly [T, ...T[]]) => T;
  /** A UUID of version 4. */
  readonly id: () => string;
  /** Chance of its own for one party, so that what one draws does not move what the others draw. */
  readonly fork: (party: string) => Chance;
};

/** FNV-1a over the name, folded into the seed. */
const mix = (seed: number, name: string): number => {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
};

export const createChance = (seed: number): Chance => {
  const next = createSeededRandom(seed);
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const hex = (digits: number): string =>
    Math.floor(next() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return {
    next,
    int,
    happens: (probability) => probability > 0 && next() < probability,
    pick: (from) => from[int(0, from.length - 1)] ?? from[0],
    id: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(8)}${hex(4)}`,
    fork: (party) => createChance(mix(seed, party)),
  };
};
