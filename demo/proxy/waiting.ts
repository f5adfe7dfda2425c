type Waiting = {
  readonly wait: (durationMs: number) => Promise<void>;
  /** Ends every wait under way, and each later one at once. */
  readonly endAll: () => void;
};

/** Timed waits that can all be ended together, so that a proxy that hangs on purpose still closes at once. */
export const createWaiting = (): Waiting => {
  const endings = new Set<() => void>();
  let isOver = false;
  return {
    wait: (durationMs) =>
      new Promise((resolve) => {
        if (isOver) {
          resolve();
          return;
        }
        const end = (): void => {
          clearTimeout(timer);
          endings.delete(end);
          resolve();
        };
        const timer = setTimeout(end, durationMs);
        endings.add(end);
      }),
    endAll: () => {
      isOver = true;
      for (const end of endings) end();
    },
  };
};
