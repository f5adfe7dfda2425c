import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { Feature } from './features.ts';
import { openStores, runSeed, type StoreName } from './run-seed.ts';
import type { Outcome } from './world.ts';

/** Seeds handed to a worker at a time. */
const CHUNK = 5;

const outcomesMessage: z.ZodType<Outcome[]> = z.array(
  z.object({
    seed: z.int(),
    turns: z.int(),
    violation: z.object({ guarantee: z.string(), what: z.string() }).nullable(),
  }),
);

/** Told of each outcome as it comes; false ends the run. */
export type OnOutcome = (outcome: Outcome) => boolean;

type Job = {
  readonly seeds: readonly number[];
  readonly store: StoreName;
  readonly features: readonly Feature[];
  readonly onOutcome: OnOutcome;
};

const runHere = async ({ seeds, store, features, onOutcome }: Job): Promise<void> => {
  const stores = await openStores(store);
  try {
    for (const seed of seeds) if (!onOutcome(await runSeed(stores, seed, features))) return;
  } finally {
    await stores.close();
  }
};

/** Runs seeds on so many threads; with one, on this one. In which order outcomes come is not given. */
export const runSeeds = async (job: Job, workers: number): Promise<void> => {
  if (workers <= 1) {
    await runHere(job);
    return;
  }
  const { seeds, store, features, onOutcome } = job;
  let next = 0;
  const take = (): readonly number[] => {
    const chunk = seeds.slice(next, next + CHUNK);
    next += CHUNK;
    return chunk;
  };
  const runOne = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: { store, features } });
      const handOut = (): void => {
        const chunk = take();
        if (chunk.length > 0) {
          worker.postMessage(chunk);
          return;
        }
        worker.terminate().then(() => {
          resolve();
        }, reject);
      };
      worker.on('error', reject);
      worker.on('message', (message: unknown) => {
        for (const outcome of outcomesMessage.parse(message)) if (!onOutcome(outcome)) next = seeds.length;
        handOut();
      });
      handOut();
    });
  await Promise.all(Array.from({ length: workers }, runOne));
};
