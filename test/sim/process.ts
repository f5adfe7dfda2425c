import type { Scheduler } from './scheduler.ts';

/**
 * One process of the app at work on one call. Whatever reaches it (a reply, the end of a sleep) goes through `deliver`:
 * nothing reaches one that was killed, and one that is frozen gets it when it thaws.
 */
export type Process = {
  readonly deliver: (action: () => void) => void;
  /** Resolves with the value so many milliseconds later, if the process is there then. */
  readonly after: <T>(delayMs: number, value: () => T) => Promise<T>;
  readonly kill: () => void;
  readonly freeze: (durationMs: number) => void;
  readonly isKilled: () => boolean;
};

/**
 * @param onDeliver called before each delivery: where a process dies or freezes, it does so between two steps
 */
export const createProcess = (scheduler: Scheduler, onDeliver: (process: Process) => void): Process => {
  let killed = false;
  let thawsAtMs = 0;
  const deliver = (action: () => void): void => {
    if (killed) return;
    const leftMs = thawsAtMs - scheduler.now();
    if (leftMs > 0) {
      scheduler.after(leftMs, () => {
        deliver(action);
      });
      return;
    }
    onDeliver(process);
    if (process.isKilled()) return;
    if (thawsAtMs > scheduler.now()) deliver(action);
    else action();
  };
  const process: Process = {
    deliver,
    after: (delayMs, value) =>
      new Promise((resolve, reject) => {
        scheduler.after(delayMs, () => {
          deliver(() => {
            try {
              resolve(value());
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
          });
        });
      }),
    kill: () => {
      killed = true;
    },
    freeze: (durationMs) => {
      thawsAtMs = Math.max(thawsAtMs, scheduler.now() + durationMs);
    },
    isKilled: () => killed,
  };
  return process;
};
