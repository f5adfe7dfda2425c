import type { RunStatus } from './run-status.ts';
import type { Resumption } from './execute-step.ts';
import type { StepOutcome } from './step-outcome.ts';

export type StepRecord = {
  /** Position among the Zap's steps, from 1. */
  readonly step: number;
  readonly key: string;
  readonly atMs: number;
  readonly outcome: StepOutcome;
};

export type HoldReason = 'flood' | 'auth_expired';

/** A run as Zapier's history shows it. */
export type RunView = {
  readonly id: string;
  readonly zapId: string;
  readonly status: RunStatus;
  readonly heldBecause: HoldReason | null;
  /** The item that started it. */
  readonly item: unknown;
  /** Output of the trigger and of each step that succeeded, by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Every execution of a step, repeated ones included, in order. */
  readonly history: readonly StepRecord[];
};

/** A run under way. Changed in place by `play-run.ts` alone. */
export type Run = {
  readonly id: string;
  readonly zapId: string;
  readonly item: unknown;
  status: RunStatus;
  heldBecause: HoldReason | null;
  readonly outputs: Record<string, unknown>;
  readonly history: StepRecord[];
  /** The step to execute next, from 0. */
  nextStep: number;
  autoreplays: number;
  /** Times the present step was throttled in a row. */
  throttles: number;
  resumption: Resumption | null;
  /** Names the job that may go on with the run; a job that a later plan replaced does nothing. */
  plan: number;
};

export const createRun = (id: string, zapId: string, item: unknown): Run => ({
  id,
  zapId,
  item,
  status: 'queued',
  heldBecause: null,
  outputs: { trigger: item },
  history: [],
  nextStep: 0,
  autoreplays: 0,
  throttles: 0,
  resumption: null,
  plan: 0,
});

export const viewRun = ({ id, zapId, status, heldBecause, item, outputs, history }: Run): RunView => ({
  id,
  zapId,
  status,
  heldBecause,
  item,
  outputs: { ...outputs },
  history: [...history],
});
