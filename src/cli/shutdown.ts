/** Orchestrators kill ten seconds after they asked; the process is gone by itself before that. */
const GRACE_MS = 9500;
/** Requests are given most of it; the rest is for the database to be closed in. */
const FINISH_MS = 7500;
const FORCED_EXIT_CODE = 1;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

const forceExit = (reason: string): void => {
  process.stderr.write(`${JSON.stringify({ level: 50, time: Date.now(), msg: reason })}\n`);
  process.exit(FORCED_EXIT_CODE);
};

/**
 * Listens for SIGTERM and SIGINT from now on.
 *
 * @returns resolves with the first signal. From then on the process ends with exit code 1 when a second one comes, or
 * when it is still there at the end of the time of grace: the database loses nothing by either
 */
export const stopRequested = (): Promise<NodeJS.Signals> => {
  let count = 0;
  return new Promise((resolve) => {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        count += 1;
        if (count > 1) forceExit(`stopped at once by a second signal (${signal})`);
        // Not a reason to stay: a process that is done by then is gone.
        setTimeout(() => forceExit(`not stopped within ${GRACE_MS} ms`), GRACE_MS).unref();
        resolve(signal);
      });
    }
  });
};

/** Waits for what closes; cuts off whatever keeps it from closing when requests have had their time. */
export const closeInTime = async (closing: Promise<void>, cutOff: () => void): Promise<void> => {
  const timer = setTimeout(cutOff, FINISH_MS);
  try {
    await closing;
  } finally {
    clearTimeout(timer);
  }
};
