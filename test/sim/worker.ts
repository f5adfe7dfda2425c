import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { featureNamed } from './features.ts';
import { openStores, runSeed, storeNames } from './run-seed.ts';

// One thread of `main.ts`: takes seeds, gives outcomes.

const { store, features } = z
  .object({ store: z.enum(storeNames), features: z.array(z.string().transform(featureNamed)) })
  .parse(workerData);
const port = parentPort;
if (port === null) throw new Error('Cannot run on its own: this is a worker of test/sim/main.ts');

const stores = await openStores(store);
const seedsMessage = z.array(z.int());

const work = async (seeds: readonly number[]): Promise<void> => {
  const outcomes = [];
  for (const seed of seeds) outcomes.push(await runSeed(stores, seed, features));
  port.postMessage(outcomes);
};

port.on('message', (message: unknown) => {
  void work(seedsMessage.parse(message));
});
