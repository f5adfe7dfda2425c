import { nextAutoreplayDelayMs } from './autoreplay.ts';
import { executeStep, resumeStep } from './execute-step.ts';
import type { Platform } from './platform.ts';
import type { HoldReason, Run } from './run.ts';
import type { RunStatus } from './run-status.ts';
import type { SavedStep } from './step.ts';
import type { StepOutcome } from './step-outcome.ts';

/** What a run needs to know of its Zap. */
export type RunOwner = {
  readonly id: string;
  readonly steps: readonly SavedStep[];
  /** Whether errored runs are replayed on their own. */
  readonly autoreplay: boolean;
  readonly onOver: (run: Run) => void;
};

/** Plans a run to be played, or played on, at an instant. An earlier plan for it is void. */
export const planRun = (platform: Platform, owner: RunOwner, run: Run, plan: RunPlan): void => {
  run.plan += 1;
  const planned = run.plan;
  changeStatus(platform, run, plan.status);
  platform.work.push({
    dueAtMs: plan.atMs,
    perform: async () => {
      if (run.plan === planned) await playRun(platform, owner, run);
    },
  });
};

export type RunPlan = {
  readonly atMs: number;
  readonly status: Extract<RunStatus, 'queued' | 'waiting' | 'replay_scheduled'>;
};

/** Keeps a run back until the user replays it. */
export const holdRun = (platform: Platform, run: Run, reason: HoldReason): void => {
  run.plan += 1;
  run.heldBecause = reason;
  platform.counters.add('holds');
  changeStatus(platform, run, 'held');
};

const playRun = async (platform: Platform, owner: RunOwner, run: Run): Promise<void> => {
  if (run.status === 'replay_scheduled') {
    run.autoreplays += 1;
    platform.counters.add('autoreplays');
  }
  run.heldBecause = null;
  changeStatus(platform, run, 'playing');
  for (;;) {
    const step = owner.steps[run.nextStep];
    if (step === undefined) return finishRun(platform, owner, run, 'success');
    if (isDisconnected(step)) return holdRun(platform, run, 'auth_expired');
    const outcome = await playStep(platform, step, run);
    recordOutcome(platform, run, step.key, outcome);
    if (outcome.kind !== 'success') return settleRun(platform, owner, run, outcome);
    run.nextStep += 1;
    run.throttles = 0;
    run.outputs[`step${run.nextStep}`] = outcome.output;
  }
};

const isDisconnected = (step: SavedStep): boolean =>
  (step.kind === 'create' || step.kind === 'search') && step.connection?.isExpired() === true;

const playStep = async (platform: Platform, step: SavedStep, run: Run): Promise<StepOutcome> => {
  const context = { zapId: run.zapId, outputs: run.outputs };
  const { resumption } = run;
  run.resumption = null;
  if (resumption === null) return await executeStep(platform, step, context);
  if (step.kind !== 'create' && step.kind !== 'search') {
    throw new Error(`Step "${step.key}" of ${run.id} cannot be resumed: it never paused`);
  }
  return await resumeStep(platform, step, { ...context, resumption });
};

const recordOutcome = (platform: Platform, run: Run, key: string, outcome: StepOutcome): void => {
  const step = run.nextStep + 1;
  run.history.push({ step, key, atMs: platform.clock.now(), outcome });
  platform.counters.add('steps');
  if (outcome.kind === 'success' && outcome.isTask) platform.counters.add('tasks');
  platform.emit({ kind: 'step_finished', zapId: run.zapId, runId: run.id, step, key, outcome: outcome.kind });
};

type Setback = Exclude<StepOutcome, { kind: 'success' }>;

/** What becomes of a run whose step did not succeed. */
const settleRun = (platform: Platform, owner: RunOwner, run: Run, outcome: Setback): void => {
  switch (outcome.kind) {
    case 'filtered':
    case 'halted':
      return finishRun(platform, owner, run, outcome.kind);
    case 'errored':
      return settleError(platform, owner, run);
    case 'throttled':
      return settleThrottle(platform, owner, run, outcome.delayMs);
    case 'auth_expired':
      expireConnection(owner.steps[run.nextStep]);
      return holdRun(platform, run, 'auth_expired');
    case 'callback':
      return awaitCallback(platform, owner, run, outcome);
  }
};

const settleError = (platform: Platform, owner: RunOwner, run: Run): void => {
  platform.counters.add('errors');
  const delayMs = nextAutoreplayDelayMs(platform.limits.autoreplayDelaysMs, run.autoreplays);
  if (!owner.autoreplay || delayMs === null) return finishRun(platform, owner, run, 'errored');
  planRun(platform, owner, run, { atMs: platform.clock.now() + delayMs, status: 'replay_scheduled' });
};

const settleThrottle = (platform: Platform, owner: RunOwner, run: Run, delayMs: number): void => {
  platform.counters.add('throttles');
  run.throttles += 1;
  if (run.throttles > platform.limits.throttleRetriesMax) return settleError(platform, owner, run);
  planRun(platform, owner, run, { atMs: platform.clock.now() + delayMs, status: 'waiting' });
};

const awaitCallback = (
  platform: Platform,
  owner: RunOwner,
  run: Run,
  pause: Extract<StepOutcome, { kind: 'callback' }>,
): void => {
  const { callbacks, clock, counters, limits, ticks } = platform;
  changeStatus(platform, run, 'awaiting_callback');
  const awaitedIn = run.plan;
  callbacks.await(pause.callbackId, (body) => {
    counters.add('callbacks');
    run.resumption = { outputData: pause.output, body };
    planRun(platform, owner, run, { atMs: clock.now(), status: 'queued' });
  });
  ticks.push({
    dueAtMs: clock.now() + limits.callbackLifeMs,
    perform: () => {
      callbacks.close(pause.callbackId);
      if (run.plan === awaitedIn && run.status === 'awaiting_callback') finishRun(platform, owner, run, 'errored');
      return Promise.resolve();
    },
  });
};

const expireConnection = (step: SavedStep | undefined): void => {
  if (step?.kind === 'create' || step?.kind === 'search') step.connection?.markExpired(true);
};

const finishRun = (
  platform: Platform,
  owner: RunOwner,
  run: Run,
  status: Extract<RunStatus, 'success' | 'filtered' | 'halted' | 'errored'>,
): void => {
  if (status === 'success') platform.counters.add('successes');
  if (status === 'filtered') platform.counters.add('filtered');
  if (status === 'halted') platform.counters.add('halts');
  changeStatus(platform, run, status);
  owner.onOver(run);
};

const changeStatus = (platform: Platform, run: Run, status: RunStatus): void => {
  run.status = status;
  platform.emit({ kind: 'run_changed', zapId: run.zapId, runId: run.id, status });
};
