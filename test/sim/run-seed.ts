import { openEmbeddedStores } from './embedded-stores.ts';
import type { Feature } from './features.ts';
import { modelStores } from './model-stores.ts';
import type { SimStores } from './sim-store.ts';
import { describeSwarm } from './swarm.ts';
import { drawWorld, type Outcome, runWorld } from './world.ts';

/** Events shown of a world in which something went wrong. */
const EVENTS_SHOWN = 40;
const EVENT_CHARS_MAX = 500;

export const storeNames = ['model', 'embedded'] as const;
export type StoreName = (typeof storeNames)[number];

export const openStores = (name: StoreName): Promise<SimStores> => {
  switch (name) {
    case 'embedded':
      return openEmbeddedStores();
    case 'model':
      return Promise.resolve(modelStores);
  }
};

/** Runs one seed. */
export const runSeed = (stores: SimStores, seed: number, features: readonly Feature[] = []): Promise<Outcome> =>
  runWorld({ stores, seed, features });

/** What a seed stands for, before anything happens. */
export const describeWorld = (seed: number, features: readonly Feature[] = []): string => {
  const { shape, swarm } = drawWorld(seed, features);
  return `seed ${seed}\nworld  ${JSON.stringify(shape)}\nfaults ${describeSwarm(swarm)}`;
};

type Explained = { readonly seed: number; readonly features?: readonly Feature[]; readonly all: boolean };

/** Runs a seed once more and tells what happened last in it; `all` for every event. */
export const explainSeed = async (stores: SimStores, { seed, features = [], all }: Explained): Promise<string> => {
  const events: string[] = [];
  const { violation, turns } = await runWorld({
    stores,
    seed,
    features,
    onEvent: (line) => {
      events.push(line.slice(0, EVENT_CHARS_MAX));
      if (!all && events.length > EVENTS_SHOWN) events.shift();
    },
  });
  const end = violation === null ? 'no violation' : `${violation.guarantee}: ${violation.what}`;
  return [describeWorld(seed, features), ...events, `turn ${turns}: ${end}`].join('\n');
};
