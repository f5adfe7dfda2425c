/** Ends one thing that was started. */
export type Cleanup = () => Promise<unknown>;

/** Ends what was started, the last first. */
export const clean = async (cleanups: readonly Cleanup[]): Promise<void> => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
};
