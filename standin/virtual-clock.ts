import type { Clock } from './clock.ts';

export type VirtualClock = Clock & {
  /** Moves time on by hand and wakes who is due. Refuses to go back. */
  readonly advanceBy: (durationMs: number) => void;
};

type Sleeper = { readonly atMs: number; readonly wake: () => void };

/**
 * A clock that costs no time to wait on: once nobody works, it jumps to the earliest sleeper's instant.
 * The containers' own input and output goes on in real time; a marked piece of work holds the clock still.
 *
 * @param startMs the first instant, milliseconds since 1970
 */
export const createVirtualClock = (startMs: number): VirtualClock => {
  const sleepers = new Set<Sleeper>();
  let nowMs = startMs;
  let workers = 0;
  let isJumpPlanned = false;

  const wakeDue = (): void => {
    for (const sleeper of sleepers) {
      if (sleeper.atMs > nowMs) continue;
      sleepers.delete(sleeper);
      sleeper.wake();
    }
  };
  const jump = (): void => {
    isJumpPlanned = false;
    if (workers > 0 || sleepers.size === 0) return;
    nowMs = Math.max(nowMs, Math.min(...[...sleepers].map((sleeper) => sleeper.atMs)));
    wakeDue();
    planJump();
  };
  // A turn of the event loop later, so that work started by the same event is counted before time moves.
  const planJump = (): void => {
    if (isJumpPlanned || workers > 0 || sleepers.size === 0) return;
    isJumpPlanned = true;
    setImmediate(jump);
  };

  return {
    now: () => nowMs,
    sleepUntil: (atMs, signal) => {
      if (atMs <= nowMs || signal?.aborted === true) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper = { atMs, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          resolve();
        });
        planJump();
      });
    },
    beginWork: () => {
      workers += 1;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        workers -= 1;
        planJump();
      };
    },
    advanceBy: (durationMs) => {
      if (durationMs < 0) throw new RangeError(`Cannot move the clock back by ${-durationMs} ms`);
      nowMs += durationMs;
      wakeDue();
    },
  };
};
