import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { routes } from '../../src/core/protocol/routes.ts';
import { createStore } from '../../src/store/sql/create-store.ts';
import type { Database } from '../../src/store/sql/database/database.ts';
import { openMemory } from '../../src/store/sql/database/embedded.ts';
import { loadMigrations } from '../../src/store/sql/database/load-migrations.ts';
import { migrate } from '../../src/store/sql/database/migrate.ts';
import { openPostgres } from '../../src/store/sql/database/postgres.ts';
import type { Caller, Operations } from '../../src/store/sql/operations.ts';
import type { StoreSchema } from '../../src/store/sql/schema.ts';
import { type PostgresCluster, startPostgres } from '../postgres/cluster.ts';
import { realEnvironment } from '../store/sql/database/environment.ts';

export type TestClock = { nowMs: number };

export type TestStore = {
  readonly database: Database<StoreSchema>;
  readonly store: ReturnType<typeof createStore>;
  /** The store's operations as the engine calls them, parsed as the API parses them. */
  readonly port: StorePort;
  readonly portFor: (caller: Caller) => StorePort;
  readonly close: () => Promise<void>;
};

export const pilot: Caller = { keyId: 'test', name: 'test', role: 'admin', environment: 'pilot' };

export const secret = 'a secret for tests, of more than 32 characters';

type AnyOperation = (caller: Caller, params: unknown, request: unknown) => Promise<unknown>;

export const portOver = (operations: Operations, caller: Caller): StorePort => {
  const entries = Object.entries(routes).map(([name, route]) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- typed by the route table on both sides of this loop
    const operation = Reflect.get(operations, name) as AnyOperation;
    const call = async (params: unknown, request: unknown): Promise<unknown> => {
      // Each request and reply goes through its schema and through JSON, as over the wire.
      const parsed = route.request.parse(JSON.parse(JSON.stringify(request)));
      const reply = await operation(caller, route.params.parse(params), parsed);
      return route.reply.parse(JSON.parse(JSON.stringify(reply)));
    };
    return [name, call];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry for each route, as above
  return Object.fromEntries(entries) as StorePort;
};

const openOn = async (database: Database<StoreSchema>, clock: TestClock): Promise<TestStore> => {
  const migrations = await loadMigrations(path.join('src', 'store', 'sql', 'migrations'));
  await migrate(database, { migrations, now: () => new Date(clock.nowMs).toISOString() });
  const store = createStore({ database, secret, now: () => clock.nowMs, newId: randomUUID, version: 'test' });
  const portFor = (caller: Caller): StorePort => portOver(store.operations, caller);
  return { database, store, port: portFor(pilot), portFor, close: () => database.close() };
};

/** One engine of the store: embedded in memory, or a real PostgreSQL. */
export type StoreEngine = {
  readonly name: string;
  readonly start: () => Promise<{ open: (clock: TestClock) => Promise<TestStore>; stop: () => Promise<void> }>;
};

export const storeEngines: readonly StoreEngine[] = [
  {
    name: 'embedded',
    start: () =>
      Promise.resolve({
        open: async (clock) => openOn(await openMemory<StoreSchema>(realEnvironment), clock),
        stop: () => Promise.resolve(),
      }),
  },
  {
    name: 'postgres',
    start: async () => {
      const cluster: PostgresCluster = await startPostgres();
      return {
        open: async (clock) =>
          openOn(await openPostgres<StoreSchema>({ ...realEnvironment, url: await cluster.freshDatabase() }), clock),
        stop: () => cluster.stop(),
      };
    },
  },
];
