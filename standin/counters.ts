const zeroCounters = {
  invocations: 0,
  coldStarts: 0,
  timeouts: 0,
  kills: 0,
  /** Invocations run again because their process exited. */
  exitRetries: 0,
  polls: 0,
  pollFailures: 0,
  hooksReceived: 0,
  /** Runs started or held, duplicates included. */
  runs: 0,
  duplicateRuns: 0,
  /** Executions of steps, repeated ones included. */
  steps: 0,
  /** Successful action steps: what Zapier bills. */
  tasks: 0,
  /** Runs that ended so. */
  successes: 0,
  filtered: 0,
  halts: 0,
  /** Executions of steps that errored. */
  errors: 0,
  throttles: 0,
  holds: 0,
  autoreplays: 0,
  manualReplays: 0,
  callbacks: 0,
};

export type CounterName = keyof typeof zeroCounters;

/** Totals since the stand-in was made. */
export type Counters = Readonly<Record<CounterName, number>>;

export type CounterBoard = {
  readonly add: (name: CounterName, by?: number) => void;
  readonly read: () => Counters;
};

export const createCounterBoard = (): CounterBoard => {
  const totals = { ...zeroCounters };
  return {
    add: (name, by = 1) => {
      totals[name] += by;
    },
    read: () => ({ ...totals }),
  };
};
