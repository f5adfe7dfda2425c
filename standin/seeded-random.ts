/** Chance as an argument: a number from 0 up to, but not including, 1. */
export type Random = () => number;

/**
 * The same seed gives the same numbers on every machine, so a failing schedule can be run again.
 * Source: the mulberry32 generator, public domain; good enough to draw faults, never for secrets.
 */
export const createSeededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** Draws a name for something that only has to be unique and unguessable enough for a loopback port. */
export const drawName = (random: Random): string =>
  Array.from({ length: 4 }, () =>
    Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
