import type { Position } from './state.ts';

// The only ones for which the order of UTF-16 differs from that of code points, which is PostgreSQL's under "C".
const SURROGATE = /[\uD800-\uDFFF]/;

/** -1, 0 or 1 in the order of code points. */
export const compareText = (a: string, b: string): number => {
  if (a === b) return 0;
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
};

/** In the order (update time, external ID). */
export const comparePositions = (a: Position, b: Position): number =>
  a.updatedAt === b.updatedAt ? compareText(a.externalId, b.externalId) : a.updatedAt < b.updatedAt ? -1 : 1;

/** How many of the positions, which are in order, are below one. */
export const placeOf = (positions: readonly Position[], one: Position): number => {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = positions[middle];
    if (at !== undefined && comparePositions(at, one) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};
