import type { Random } from './seeded-random.ts';

/** Chances, 0 to 1, of what Zapier's at-least-once execution does to an app now and then. */
export type Faults = {
  /** A new item starts two runs instead of one. */
  readonly duplicateRun: number;
  /** The container dies after a step's effect, before its answer; the same invocation is run again at once. */
  readonly killAfterEffect: number;
  /** A step's answer is lost after its effect: "it may or may not have completed". Autoreplay runs it again. */
  readonly timeoutAfterEffect: number;
  /** The container dies after a poll, before its answer; the poll is run again at once. */
  readonly killAfterPoll: number;
  /** A poll's answer is lost: nothing is delivered, the next poll comes at its usual time. */
  readonly timeoutAfterPoll: number;
};

export const noFaults: Faults = {
  duplicateRun: 0,
  killAfterEffect: 0,
  timeoutAfterEffect: 0,
  killAfterPoll: 0,
  timeoutAfterPoll: 0,
};

/** What becomes of a container's answer: taken, or lost in one of two ways after the work was done. */
export type AnswerFate = 'keep' | 'kill' | 'time_out';

/** Draws the fate of one answer. Draws nothing where both chances are 0, so that seeds stay stable. */
export const drawAnswerFate = (random: Random, killChance: number, timeoutChance: number): AnswerFate => {
  if (killChance > 0 && random() < killChance) return 'kill';
  if (timeoutChance > 0 && random() < timeoutChance) return 'time_out';
  return 'keep';
};
