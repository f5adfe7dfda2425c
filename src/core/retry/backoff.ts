import type { SystemFailure } from '../system/failure.ts';
import type { Phase } from './dispositions.ts';
import { dispositionOf } from './fault.ts';

export const ATTEMPTS_MAX = 6;
const WAIT_BASE_MS = 200;
const WAIT_MS_MAX = 5000;
// What the attempt after a wait needs at least; less than this left, and waiting only burns the call.
const ATTEMPT_RESERVE_MS = 1500;

export type RetryDecision =
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'give_up'; readonly why: 'attempts' | 'time' | 'final' };

export type RetryState = {
  /** Attempts made so far, at least 1. */
  readonly attempts: number;
  /** Milliseconds left for this call to Tidemark as a whole. */
  readonly remainingMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
};

const waitFor = (failure: SystemFailure, state: RetryState): number =>
  failure.kind === 'throttled'
    ? Math.max(failure.retryAfterMs, 0) + Math.floor(state.random * WAIT_BASE_MS)
    : Math.floor(state.random * Math.min(WAIT_MS_MAX, WAIT_BASE_MS * 2 ** state.attempts));

/**
 * Decides whether a failed read, or a write that was certainly not executed, is tried again within this call.
 *
 * Waits with full jitter: uniform between 0 and an exponentially growing limit. What the system itself asks for is
 * obeyed, never shortened. A `malformed` answer is worth another try because proxies and restarts cause most of them.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export const decideRetry = (failure: SystemFailure, phase: Phase, state: RetryState): RetryDecision => {
  if (dispositionOf(failure, phase) !== 'retry') return { kind: 'give_up', why: 'final' };
  const waitMs = waitFor(failure, state);
  if (state.attempts >= ATTEMPTS_MAX) return { kind: 'give_up', why: 'attempts' };
  return waitMs + ATTEMPT_RESERVE_MS > state.remainingMs ? { kind: 'give_up', why: 'time' } : { kind: 'wait', waitMs };
};
