/**
 * When an errored step is tried again on its own: after 5 and 30 minutes, then 1, 3 and 6 hours, each counted
 * from the failure before it. Only errored runs are replayed, from the failing step on, never halted ones.
 *
 * @param replaysDone automatic replays that the run has had
 * @returns the wait in milliseconds, or null once there is none left
 * Source: help.zapier.com 8496241726989.
 */
export const nextAutoreplayDelayMs = (delaysMs: readonly number[], replaysDone: number): number | null =>
  delaysMs[replaysDone] ?? null;
