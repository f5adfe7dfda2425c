import { z } from 'zod';
import type { SystemFailure } from '../system/failure.ts';

const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * What one write showed of its target.
 *
 * - `up`: it answered and worked, or refused this record
 * - `down`: it gave no answer, a 5xx, an answer that cannot be used, or refused the credentials
 * - `throttled`: it asked to be left alone so long
 * - `none`: nothing was asked of it
 */
export const circuitSignal = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up') }),
  z.object({ kind: z.literal('down') }),
  z.object({ kind: z.literal('throttled'), retryAfterMs: z.int().min(0).max(RETRY_AFTER_MS_MAX) }),
  z.object({ kind: z.literal('none') }),
]);
export type CircuitSignal = z.infer<typeof circuitSignal>;

/** What a failure shows of the system that was asked. */
export const signalOfFailure = (failure: SystemFailure): CircuitSignal => {
  switch (failure.kind) {
    case 'throttled':
      return {
        kind: 'throttled',
        retryAfterMs: Math.ceil(Math.min(RETRY_AFTER_MS_MAX, Math.max(0, failure.retryAfterMs))),
      };
    case 'rejected':
      return { kind: failure.status === 0 ? 'none' : 'up' };
    case 'unavailable':
    case 'unauthorized':
    case 'malformed':
    case 'unknown':
      return { kind: 'down' };
  }
};

/**
 * What several writes of one call showed together. One that worked outweighs those that did not; many that failed
 * together count once, for they may have been one request.
 */
export const combineSignals = (
  all: readonly CircuitSignal[],
): { readonly health: 'up' | 'down' | 'none'; readonly throttledMs: number } => {
  const has = (kind: CircuitSignal['kind']): boolean => all.some((one) => one.kind === kind);
  return {
    health: has('up') ? 'up' : has('down') ? 'down' : 'none',
    throttledMs: Math.max(0, ...all.map((one) => (one.kind === 'throttled' ? one.retryAfterMs : 0))),
  };
};
