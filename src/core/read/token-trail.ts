import { z } from 'zod';
import { type Digest, digestText } from '../digest.ts';

/** What is remembered of the page tokens of a sweep: how many there were, and the digest of one of them. */
export const tokenTrail = z.object({
  tokens: z.int().min(0),
  kept: z.string().length(64).nullable(),
});
export type TokenTrail = z.infer<typeof tokenTrail>;

export const NO_TOKENS: TokenTrail = { tokens: 0, kept: null };

const isPowerOfTwo = (count: number): boolean => Number.isInteger(Math.log2(count));

/**
 * Follows the tokens of a sweep, over as many polls as it takes, and finds out when they go in a circle.
 *
 * Only one token is kept, the 1st, 2nd, 4th, 8th and so on. A circle of n tokens that was entered after m is found within
 * three times the greater of the two; rows read again until then open nothing. A token that differs from all before is
 * never taken for a circle.
 *
 * Source: R. P. Brent, An improved Monte Carlo factorization algorithm, BIT 20 (1980), section 3.
 */
export const followToken = (trail: TokenTrail, token: string): TokenTrail | 'circle' => {
  const digest: Digest = digestText(token);
  if (digest === trail.kept) return 'circle';
  const tokens = trail.tokens + 1;
  return { tokens, kept: isPowerOfTwo(tokens) ? digest : trail.kept };
};
