import fc from 'fast-check';
import { followToken, NO_TOKENS, type TokenTrail, tokenTrail } from '../../../src/core/read/token-trail.ts';

/** How many tokens are followed until one is taken for a circle; the limit when none is. */
const followed = (tokenAt: (step: number) => string, limit: number): number => {
  let trail: TokenTrail = NO_TOKENS;
  for (let step = 0; step < limit; step += 1) {
    // Through its schema each time: every page of a sweep may be read by another poll.
    const next = followToken(tokenTrail.parse(JSON.parse(JSON.stringify(trail))), tokenAt(step));
    if (next === 'circle') return step;
    trail = next;
  }
  return limit;
};

test('tokens that all differ are never taken for a circle', () => {
  expect(followed((step) => `t${step}`, 5000)).toBe(5000);
});

test('the same token twice in a row is a circle at once', () => {
  expect(followed(() => 'same', 10)).toBe(1);
});

test('a circle of any length, entered after any number of tokens, is found within three times the greater', () => {
  fc.assert(
    fc.property(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 300 }), (before, length) => {
      const tokenAt = (step: number): string => `t${step < before ? step : before + ((step - before) % length)}`;
      const found = followed(tokenAt, 2000);
      expect(found).toBeGreaterThanOrEqual(before + length);
      expect(found).toBeLessThanOrEqual(3 * Math.max(before, length) + 1);
    }),
  );
});
