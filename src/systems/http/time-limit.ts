export type TimeLimit = {
  /** Aborts with a `TimeoutError` when the time is over. */
  readonly signal: AbortSignal;
  /** Nothing is left to wait for. Without it the limit outlives what it was for. */
  readonly end: () => void;
};

/**
 * Starts a limit of `timeoutMs` milliseconds.
 *
 * In the place of `AbortSignal.timeout`, whose signals stay in memory until their time is over, however early the
 * answer came: twenty seconds' worth of requests, and the collector moves all of them.
 */
export const startTimeLimit = (timeoutMs: number): TimeLimit => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('The time is over', 'TimeoutError')), timeoutMs);
  // A limit alone keeps no process alive.
  timer.unref();
  return { signal: controller.signal, end: () => clearTimeout(timer) };
};
