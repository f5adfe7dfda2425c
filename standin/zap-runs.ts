import { mustTurnOff, type RunEnd } from './auto-off.ts';
import { holdRun, planRun, type RunOwner } from './play-run.ts';
import type { Platform } from './platform.ts';
import { createRun, viewRun, type Run, type RunView } from './run.ts';
import type { SavedStep } from './step.ts';

/** The runs of one Zap. */
export type ZapRuns = {
  /** Starts a run for an item, or by fault two. Returns how many. */
  readonly start: (item: unknown) => number;
  /** Makes a run that waits for the user. */
  readonly hold: (item: unknown) => void;
  readonly view: () => readonly RunView[];
  /** Replays every held run, one a second. Returns how many. */
  readonly replayHeld: () => number;
  /** Replays an errored, halted or held run from the step it stopped at. Anything else is refused by throwing. */
  readonly replay: (runId: string) => void;
};

export type ZapRunsOptions = {
  readonly zapId: string;
  readonly steps: readonly SavedStep[];
  readonly autoreplay: boolean;
  /** Called when nearly all runs errored. */
  readonly onTooManyErrors: () => void;
};

export const createZapRuns = (platform: Platform, options: ZapRunsOptions): ZapRuns => {
  const { clock, counters, emit, faults, limits, random } = platform;
  const { zapId } = options;
  const runs = new Map<string, Run>();
  const ends: RunEnd[] = [];

  const owner: RunOwner = {
    id: zapId,
    steps: options.steps,
    autoreplay: options.autoreplay,
    onOver: (run) => {
      ends.push({ atMs: clock.now(), isError: run.status === 'errored' });
      if (run.status === 'errored' && mustTurnOff(ends, clock.now(), limits)) options.onTooManyErrors();
    },
  };
  const add = (item: unknown): Run => {
    const run = createRun(platform.nextId('run'), zapId, item);
    runs.set(run.id, run);
    counters.add('runs');
    return run;
  };
  const begin = (item: unknown): void => {
    const run = add(item);
    emit({ kind: 'run_started', zapId, runId: run.id });
    planRun(platform, owner, run, { atMs: clock.now(), status: 'queued' });
  };
  return {
    start: (item) => {
      begin(item);
      if (faults.duplicateRun === 0 || random() >= faults.duplicateRun) return 1;
      counters.add('duplicateRuns');
      begin(item);
      return 2;
    },
    hold: (item) => holdRun(platform, add(item), 'flood'),
    view: () => [...runs.values()].map(viewRun),
    replayHeld: () => {
      const held = [...runs.values()].filter((run) => run.status === 'held');
      for (const [position, run] of held.entries()) {
        const atMs = clock.now() + (position + 1) * limits.heldReplaySpacingMs;
        planRun(platform, owner, run, { atMs, status: 'queued' });
      }
      return held.length;
    },
    replay: (runId) => {
      const run = runs.get(runId);
      if (run === undefined) throw new Error(`Zap ${zapId} has no run "${runId}"`);
      if (!replayable.has(run.status)) throw new Error(`Cannot replay ${runId}: it is ${run.status}`);
      counters.add('manualReplays');
      planRun(platform, owner, run, { atMs: clock.now(), status: 'queued' });
    },
  };
};

const replayable: ReadonlySet<string> = new Set(['errored', 'halted', 'held', 'replay_scheduled']);
