import type { Clock } from './clock.ts';

/** The longest delay a Node timer takes; a longer sleep is taken in pieces. */
const timerMaxMs = 2_147_483_647;

/**
 * The wall clock run faster: a demo shows a day of polls in minutes.
 *
 * @param factor stand-in milliseconds per real millisecond, above 0; 1 is the wall clock
 */
export const createScaledClock = (factor: number): Clock => {
  if (!(factor > 0)) throw new RangeError(`Cannot run a clock at factor ${factor}: it must be above 0`);
  const startMs = Date.now();
  const now = (): number => startMs + (Date.now() - startMs) * factor;

  const sleepUntil = async (atMs: number, signal?: AbortSignal): Promise<void> => {
    while (now() < atMs && signal?.aborted !== true) {
      await pause(Math.min(timerMaxMs, Math.ceil((atMs - now()) / factor)), signal);
    }
  };
  return { now, sleepUntil, beginWork: () => ignore };
};

/** Real time goes on whoever works, so a mark changes nothing. */
const ignore = (): void => undefined;

const pause = (delayMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, delayMs);
    signal?.addEventListener('abort', finish);
  });
