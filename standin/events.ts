import type { PollReport } from './poll-report.ts';
import type { RunStatus } from './run-status.ts';
import type { Outcome } from './outcome.ts';
import type { StepOutcome } from './step-outcome.ts';

/** What happened, for progress displays and the asserts of tests. `atMs` is the clock's time. */
export type StandinEvent = { readonly atMs: number } & StandinHappening;

export type StandinHappening =
  | {
      readonly kind: 'invoked';
      readonly method: string;
      readonly zapId: string | null;
      readonly outcome: Outcome['kind'];
      readonly cold: boolean;
      /** Real time from sending the event to its answer. */
      readonly durationMs: number;
    }
  | { readonly kind: 'zap_turned_on'; readonly zapId: string; readonly keysStored: number }
  | { readonly kind: 'zap_turned_off'; readonly zapId: string; readonly reason: 'asked' | 'too_many_errors' }
  | { readonly kind: 'polled'; readonly zapId: string; readonly report: PollReport }
  | { readonly kind: 'hook_received'; readonly zapId: string; readonly bytes: number }
  | { readonly kind: 'run_started'; readonly zapId: string; readonly runId: string }
  | {
      readonly kind: 'step_finished';
      readonly zapId: string;
      readonly runId: string;
      /** Position among the Zap's steps, from 1. */
      readonly step: number;
      readonly key: string;
      readonly outcome: StepOutcome['kind'];
    }
  | { readonly kind: 'run_changed'; readonly zapId: string; readonly runId: string; readonly status: RunStatus };
