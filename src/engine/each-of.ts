/** Runs the work on all, at most `atOnce` at a time, begun in order of their places. The first failure fails it. */
export const eachOf = async <T>(
  all: readonly T[],
  atOnce: number,
  work: (one: T, place: number) => Promise<void>,
): Promise<void> => {
  const queue = all.entries();
  const worker = async (): Promise<void> => {
    for (const [place, one] of queue) await work(one, place);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
};
