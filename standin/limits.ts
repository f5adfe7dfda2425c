/** What Zapier grants an app. Names end in the unit; times of containers are real time, the rest the clock's. */
export type Limits = {
  /** Real time one invocation may take before its container is killed. */
  readonly invocationTimeoutMs: number;
  /** Real time a new container may take to load the app. */
  readonly coldStartMaxMs: number;
  /** A container above this resident size is retired after its answer; null leaves it to core's own rule. */
  readonly containerRssMaxBytes: number | null;
  /** Times the backend runs an invocation again after its process exited. Undocumented; a guess. */
  readonly exitRetriesMax: number;
  /** A larger bundle travels through the stash. */
  readonly bundleInlineMaxBytes: number;
  readonly bundleStashedMaxBytes: number;
  /** A larger result is stashed by core, up to `resultMaxBytes`; inline it would not fit Lambda's answer. */
  readonly resultInlineMaxBytes: number;
  readonly resultMaxBytes: number;
  readonly hookPayloadMaxBytes: number;
  readonly callbackPayloadMaxBytes: number;
  readonly stashMaxBytes: number;
  readonly logBatchMaxBytes: number;
  readonly logLinesMax: number;
  readonly rpcRequestMaxBytes: number;
  /** Rows Zapier remembers for one Zap. What happens beyond is undocumented; here the oldest row goes. */
  readonly dedupeRowsMax: number;
  readonly sampleRecordsMax: number;
  readonly cursorLifeMs: number;
  readonly callbackLifeMs: number;
  /** Wait where a ThrottledError names none. */
  readonly throttleDelayMs: number;
  /** Longest wait that a hook's perform may ask for. */
  readonly hookThrottleDelayMaxMs: number;
  /** Guard of the stand-in, so that a step that is throttled for ever ends. Zapier's own number is undocumented. */
  readonly throttleRetriesMax: number;
  /** Waits before each automatic replay, counted from the failure before it. */
  readonly autoreplayDelaysMs: readonly number[];
  /** Held runs are replayed one by one, this far apart. */
  readonly heldReplaySpacingMs: number;
  /** A Zap is turned off when this share of its runs errored ... */
  readonly autoOffErrorShare: number;
  /** ... out of more runs than this ... */
  readonly autoOffRunsMin: number;
  /** ... within this time. */
  readonly autoOffWindowMs: number;
  /** Zapier cuts the text of an error to this. */
  readonly errorTextMaxChars: number;
};

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const megabyte = 1_024 * 1_024;

/** Zapier's documented limits in 2026; where the documentation is silent, `Limits` says so. */
export const zapierLimits: Limits = {
  invocationTimeoutMs: 30 * secondMs,
  coldStartMaxMs: 10 * secondMs,
  containerRssMaxBytes: null,
  exitRetriesMax: 2,
  bundleInlineMaxBytes: 6 * megabyte,
  bundleStashedMaxBytes: 35 * megabyte,
  resultInlineMaxBytes: 6 * megabyte,
  resultMaxBytes: 20 * megabyte,
  hookPayloadMaxBytes: 10 * megabyte,
  callbackPayloadMaxBytes: 6 * megabyte,
  stashMaxBytes: 150 * megabyte,
  logBatchMaxBytes: 16 * megabyte,
  logLinesMax: 200_000,
  rpcRequestMaxBytes: 6 * megabyte,
  dedupeRowsMax: 105_000,
  sampleRecordsMax: 3,
  cursorLifeMs: hourMs,
  callbackLifeMs: 30 * dayMs,
  throttleDelayMs: minuteMs,
  hookThrottleDelayMaxMs: 5 * minuteMs,
  throttleRetriesMax: 1_000,
  autoreplayDelaysMs: [5 * minuteMs, 30 * minuteMs, hourMs, 3 * hourMs, 6 * hourMs],
  heldReplaySpacingMs: secondMs,
  autoOffErrorShare: 0.95,
  autoOffRunsMin: 20,
  autoOffWindowMs: 7 * dayMs,
  errorTextMaxChars: 250,
};

/** Milliseconds between two polls of a Zap on each plan. */
export const pollIntervalMsByPlan = {
  free: 15 * minuteMs,
  professional: 2 * minuteMs,
  team: minuteMs,
  enterprise: minuteMs,
} as const;

export type Plan = keyof typeof pollIntervalMsByPlan;
