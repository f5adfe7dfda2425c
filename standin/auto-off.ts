import type { Limits } from './limits.ts';

/** The end of one run, as far as the rule cares. */
export type RunEnd = { readonly atMs: number; readonly isError: boolean };

/**
 * Whether Zapier turns the Zap off: nearly all of its runs of the last days errored, and there were enough.
 * Halted and filtered runs count as runs, never as errors.
 * Source: help.zapier.com 8496216132621.
 */
export const mustTurnOff = (ends: readonly RunEnd[], nowMs: number, limits: Limits): boolean => {
  const recent = ends.filter((end) => end.atMs > nowMs - limits.autoOffWindowMs);
  const errors = recent.filter((end) => end.isError).length;
  return recent.length > limits.autoOffRunsMin && errors >= recent.length * limits.autoOffErrorShare;
};
