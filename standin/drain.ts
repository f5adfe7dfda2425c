import type { Platform } from './platform.ts';
import type { DueQueue, Job } from './due-queue.ts';

export type DrainOptions = {
  /** Runs played at once. */
  readonly concurrency: number;
  /** Last instant to wait for; what is due later stays. */
  readonly untilMs: number;
  /** Whether polls and schedules come round meanwhile. */
  readonly withTicks: boolean;
  /** Real milliseconds to wait for callbacks once nothing else is left. */
  readonly callbackWaitMs: number;
  /** Asked before each job: once true nothing more is begun, and what runs is let finish. */
  readonly isOver: () => boolean;
};

export type DrainReport = {
  readonly jobs: number;
  /** Work planned for after `untilMs`. */
  readonly left: number;
  /** Runs that still wait for a callback. */
  readonly awaitingCallbacks: number;
};

/**
 * Does what is due, waits for what is planned, and ends when nothing is left that it may wait for. Waiting
 * costs no time on a virtual clock, which stands still as long as a job runs.
 */
export const drainWork = async (platform: Platform, options: DrainOptions): Promise<DrainReport> => {
  const { callbacks, clock, work } = platform;
  const queues = options.withTicks ? [platform.ticks, work] : [work];
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let jobs = 0;

  const start = (job: Job): void => {
    jobs += 1;
    const endWork = clock.beginWork();
    const task = job
      .perform()
      .catch((error: unknown) => void failures.push(error))
      .finally(() => {
        running.delete(task);
        endWork();
      });
    running.add(task);
  };
  for (;;) {
    while (failures.length === 0 && running.size < options.concurrency && !options.isOver()) {
      const job = takeDue(queues, Math.min(clock.now(), options.untilMs));
      if (job === null) break;
      start(job);
    }
    // A job rejects for a bug only; what runs is let finish, so that no container is left in the middle.
    if (failures.length > 0 && running.size === 0) throw failures[0];
    if (options.isOver() && running.size === 0) {
      return { jobs, left: work.size(), awaitingCallbacks: callbacks.awaited() };
    }
    const nextDueAtMs = options.isOver() ? null : earliest(queues, options.untilMs);
    const mayWake = running.size < options.concurrency && failures.length === 0;
    if (running.size === 0 && nextDueAtMs === null) {
      if (callbacks.awaited() === 0 || !(await waitForPush(work, options.callbackWaitMs))) break;
      continue;
    }
    await waitForChange(platform, queues, { running, wakeAtMs: mayWake ? nextDueAtMs : null });
  }
  if (options.withTicks && Number.isFinite(options.untilMs)) await clock.sleepUntil(options.untilMs);
  return { jobs, left: work.size(), awaitingCallbacks: callbacks.awaited() };
};

const takeDue = (queues: readonly DueQueue[], nowMs: number): Job | null => {
  for (const queue of queues) {
    const job = queue.takeDue(nowMs);
    if (job !== null) return job;
  }
  return null;
};

const earliest = (queues: readonly DueQueue[], untilMs: number): number | null => {
  const dueAt = queues.map((queue) => queue.nextDueAtMs()).filter((atMs) => atMs !== null && atMs <= untilMs);
  return dueAt.reduce<number | null>((least, atMs) => (least === null || (atMs ?? 0) < least ? atMs : least), null);
};

type Change = { readonly running: ReadonlySet<Promise<void>>; readonly wakeAtMs: number | null };

/** Waits until a job ends, one is added, or the next one is due. */
const waitForChange = async (
  { clock }: Platform,
  queues: readonly DueQueue[],
  { running, wakeAtMs }: Change,
): Promise<void> => {
  const sleep = new AbortController();
  const changes = [...running, ...queues.map((queue) => queue.pushed())];
  if (wakeAtMs !== null) changes.push(clock.sleepUntil(wakeAtMs, sleep.signal));
  await Promise.race(changes);
  sleep.abort();
};

/** Waits in real time for a push of work: callbacks come from outside. False once the time is used up. */
const waitForPush = async (work: DueQueue, waitMs: number): Promise<boolean> => {
  if (waitMs <= 0) return false;
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), waitMs);
  });
  const isPushed = await Promise.race([work.pushed().then(() => true), timeIsUp]);
  clearTimeout(timer);
  return isPushed;
};
