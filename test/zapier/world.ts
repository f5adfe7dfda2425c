import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuiltApp } from '../../scripts/built-app.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import type { Role } from '../../src/core/protocol/route.ts';
import { syncContract } from '../../src/core/contract/sync-contract.ts';
import { systemContract } from '../../src/core/contract/system-contract.ts';
import { createStoreClient } from '../../src/store/client/create-store-client.ts';
import { createServer } from '../../src/store/server/create-server.ts';
import { createStore } from '../../src/store/sql/create-store.ts';
import { makeMemoryTemplate, openMemory } from '../../src/store/sql/database/embedded.ts';
import { loadMigrations } from '../../src/store/sql/database/load-migrations.ts';
import { migrate } from '../../src/store/sql/database/migrate.ts';
import type { StoreSchema } from '../../src/store/sql/schema.ts';
import type { Connection } from '../../standin/connection.ts';
import { createSeededRandom } from '../../standin/seeded-random.ts';
import { createVirtualClock } from '../../standin/virtual-clock.ts';
import { createZapier, type Zapier } from '../../standin/zapier.ts';
import { crmContract, customersContract, erpContract, taxedContract } from './contracts.ts';
import { type Row, startTwoSystems, systemToken, type TwoSystems } from './two-systems.ts';

type MadeKey = { readonly keyId: string; readonly key: string };

/** The built app in the stand-in, a true store behind HTTP, and two systems. */
export type World = {
  readonly zapier: Zapier;
  readonly systems: TwoSystems;
  readonly storeUrl: string;
  /** The store, as an admin of the environment `pilot`. */
  readonly admin: StorePort;
  readonly makeKey: (role: Role) => Promise<MadeKey>;
  readonly revokeKey: (keyId: string) => Promise<unknown>;
  /** A connection with a key of its own. */
  readonly connect: (role: Role) => Promise<Connection & MadeKey>;
  readonly close: () => Promise<void>;
};

const engine = { random: () => 0.5, sleep };
let template: Promise<Blob> | undefined;

const makeTemplate = (): Promise<Blob> =>
  makeMemoryTemplate<StoreSchema>(engine, async (database) => {
    const migrations = await loadMigrations(path.resolve(__dirname, '../../src/store/sql/migrations'));
    await migrate(database, { migrations, now: () => new Date().toISOString() });
  });

const openStore = async () => {
  template ??= makeTemplate();
  const database = await openMemory<StoreSchema>({ ...engine, template: await template });
  const secret = 'a secret of the store that has 32 characters and more';
  const store = createStore({ database, secret, now: Date.now, newId: randomUUID, version: '1.2.3' });
  const server = createServer({ store, version: '1.2.3', log: { level: 'error', write: () => undefined } });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const close = async (): Promise<void> => {
    await server.close();
    await database.close();
  };
  return { store, url, close };
};

const client = (url: string, key: string): StorePort =>
  createStoreClient({ url, key, fetch, sleep, random: Math.random, now: Date.now, userAgent: 'tidemark-test' });

/** @param environment variables of the app, beside the tokens of the two systems */
export const openWorld = async (
  customers: readonly Row[],
  environment: Readonly<Record<string, string>> = {},
): Promise<World> => {
  const systems = await startTwoSystems(customers);
  const { store, url: storeUrl, close: closeStore } = await openStore();
  const makeKey = (role: Role): Promise<MadeKey> =>
    store.createKey('pilot', { name: `${role}-key`, role, expiresAt: null });
  const admin = client(storeUrl, (await makeKey('admin')).key);
  for (const contract of [erpContract(systems.url), crmContract(systems.url)]) {
    await admin.applySystem({ system: contract.name }, { contract: systemContract.parse(contract), ticket: 'CHG-1' });
  }
  for (const contract of [customersContract, taxedContract]) {
    await admin.applySync({ sync: contract.name }, { contract: syncContract.parse(contract) });
  }
  const zapier = await createZapier({
    appDir: await ensureBuiltApp(),
    clock: createVirtualClock(Date.parse('2026-03-01T12:00:00Z')),
    random: createSeededRandom(7),
    environment: { ERP_TOKEN: systemToken, CRM_TOKEN: systemToken, ...environment },
  });
  const connect: World['connect'] = async (role) => {
    const made = await makeKey(role);
    const report = await zapier.connect({ store_url: storeUrl, api_key: made.key });
    if (report.kind === 'refused') throw new Error(report.message);
    return { ...report.connection, ...made };
  };
  const close = async (): Promise<void> => {
    await zapier.close();
    await closeStore();
    await systems.close();
  };
  const revokeKey: World['revokeKey'] = (keyId) => store.revokeKey('pilot', keyId);
  return { zapier, systems, storeUrl, admin, makeKey, revokeKey, connect, close };
};
