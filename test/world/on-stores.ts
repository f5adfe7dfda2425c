import { randomUUID } from 'node:crypto';
import { type RouteName, routes } from '../../src/core/protocol/routes.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { createModelStore } from '../sim/model-store.ts';
import { emptyTables, startMs } from './on-engines.ts';
import { storeEngines, type TestClock } from './store-engines.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

/** One implementation of the store; `fresh` gives an empty one. */
export type StoreImplementation = {
  readonly name: string;
  readonly start: (
    clock: TestClock,
  ) => Promise<{ readonly fresh: () => Promise<StorePort>; readonly stop: () => Promise<void> }>;
};

type AnyCall = (params: unknown, request: unknown) => Promise<unknown>;

/** The port with each request and reply in JSON, and each reply checked, as over the wire. */
const overJson = (port: StorePort): StorePort => {
  const entries = Object.entries(routes).map(([name, { reply }]) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table, typed by it on both sides
    const call = port[name as RouteName] as AnyCall;
    const overIt: AnyCall = async (params, request) =>
      reply.parse(JSON.parse(JSON.stringify(await call(params, JSON.parse(JSON.stringify(request))))));
    return [name, overIt];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry for each route, as above
  return Object.fromEntries(entries) as StorePort;
};

export const theModel: StoreImplementation = {
  name: 'the model',
  start: (clock) =>
    Promise.resolve({
      fresh: () => Promise.resolve(overJson(createModelStore({ now: () => clock.nowMs, newId: randomUUID }).port)),
      stop: () => Promise.resolve(),
    }),
};

/** The stores that keep what they are told: embedded, and on a PostgreSQL server. */
export const databases: readonly StoreImplementation[] = storeEngines.map(({ name, start }) => ({
  name,
  start: async (clock) => {
    const engine = await start();
    const store = await engine.open(clock);
    return {
      fresh: async () => {
        await emptyTables(store);
        return store.port;
      },
      stop: async () => {
        await store.close();
        await engine.stop();
      },
    };
  },
}));

type Opened = { readonly world: World; readonly store: { readonly port: StorePort }; readonly clock: TestClock };

/** Runs the same tests on every implementation of the store; `open` gives each a world of its own in an empty store. */
export const onStores = (name: string, define: (open: (options?: WorldOptions) => Promise<Opened>) => void): void => {
  describe.each([theModel, ...databases])(`${name} on $name`, ({ start }) => {
    const clock = { nowMs: startMs };
    const box: { store?: Awaited<ReturnType<StoreImplementation['start']>> } = {};
    beforeAll(async () => {
      box.store = await start(clock);
    });
    afterAll(() => box.store?.stop());
    define(async (options) => {
      if (box.store === undefined) throw new Error('Cannot open a world: the store has not started');
      clock.nowMs = startMs;
      const store = { port: await box.store.fresh() };
      return { store, clock, world: await createWorld(store, clock, options) };
    });
  });
};
