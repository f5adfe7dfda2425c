import { sql } from 'kysely';
import { storeEngines, type TestClock, type TestStore } from './store-engines.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export type Opened = { readonly world: World; readonly store: TestStore; readonly clock: TestClock };

export const startMs = Date.parse('2026-11-21T12:00:00Z');

export const emptyTables = async (store: Pick<TestStore, 'database'>): Promise<void> => {
  await sql`truncate api_keys, contracts, syncs, streams, cycles, pages, obligations, deliveries, circuits, target_records, intents,
    dead_letters, replays, reconciliations, reconciliation_slices, reconciliation_differences, claims, evidence, tile_hashes, tree_heads restart identity cascade`.execute(
    store.database.kysely,
  );
  await sql`update evidence_head set size = 0, roots = '[]'`.execute(store.database.kysely);
};

/** Runs the same tests on every engine of the store; `open` gives each test a world of its own in an empty store. */
export const onEngines = (name: string, define: (open: (options?: WorldOptions) => Promise<Opened>) => void): void => {
  describe.each(storeEngines)(`${name} on $name`, ({ start }) => {
    let engine: Awaited<ReturnType<typeof start>>;
    let store: TestStore;
    const clock = { nowMs: startMs };
    beforeAll(async () => {
      engine = await start();
      store = await engine.open(clock);
    });
    afterAll(async () => {
      await store.close();
      await engine.stop();
    });
    define(async (options) => {
      await emptyTables(store);
      clock.nowMs = startMs;
      return { store, clock, world: await createWorld(store, clock, options) };
    });
  });
};

/** A source record, changed so many seconds before the test begins. */
export const person = (id: string, secondsAgo: number, change: object = {}) => ({
  id,
  updatedAt: new Date(startMs - secondsAgo * 1000).toISOString(),
  name: `Name of ${id}`,
  email: `${id}@example.com`,
  amount: '1.50',
  ...change,
});
