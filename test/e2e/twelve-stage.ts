import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnServer } from '../../demo/processes/spawn-server.ts';
import { startStore } from '../../demo/store-process.ts';
import { ensureBuiltApp } from '../../scripts/built-app.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { createStoreClient } from '../../src/store/client/create-store-client.ts';
import type { Connection } from '../../standin/connection.ts';
import type { StandinEvent } from '../../standin/events.ts';
import { createSeededRandom } from '../../standin/seeded-random.ts';
import { createVirtualClock } from '../../standin/virtual-clock.ts';
import { createZapier, type Zapier } from '../../standin/zapier.ts';
import type { Cleanup } from './cleanups.ts';
import { parseSecrets, type ParseTarget, startParse } from './parse-target.ts';
import { customersToParse, erpContract, parseContract, SYNC } from './twelve-contracts.ts';
import { startWatchedLine, type WatchedLine } from './watched-line.ts';

export const TWELVE = 12;

/** The built app in twelve containers, a store, an ERP to read and Parse to write: each a process of its own. */
export type TwelveStage = {
  readonly parse: ParseTarget;
  /** Between the app and Parse. */
  readonly line: WatchedLine;
  readonly zapier: Zapier;
  readonly connection: Connection;
  readonly api: StorePort;
  /** Resolves when so many steps of Zaps have been told to come back later, from now on. */
  readonly throttled: (times: number) => Promise<void>;
};

const ERP_TOKEN = 'erp-token-of-the-test';
/** Twelve processes that load the app at once on two busy cores. */
const COLD_START_MS_MAX = 60_000;
const READY_MS_MAX = 60_000;

const startErp = async (cleanups: Cleanup[]): Promise<string> => {
  const script = 'demo/erp/main.ts';
  const env = { ERP_TOKEN };
  const erp = await spawnServer({ name: 'ERP', script, args: ['--records', '1'], env, readyTimeoutMs: READY_MS_MAX });
  cleanups.push(erp.stop);
  return erp.url;
};

const startOwnStore = async (cleanups: Cleanup[]) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-twelve-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const store = await startStore({ folder, databaseUrl: null });
  cleanups.push(store.stop);
  return store;
};

const client = (url: string, key: string): StorePort =>
  createStoreClient({ url, key, userAgent: 'tidemark-e2e', fetch, sleep, random: Math.random, now: Date.now });

/** Tells how often a step was throttled. */
const createThrottleWatch = () => {
  let count = 0;
  let watches: (() => void)[] = [];
  return {
    onEvent: (event: StandinEvent): void => {
      if (event.kind !== 'step_finished' || event.outcome !== 'throttled') return;
      count += 1;
      for (const look of watches) look();
    },
    throttled: (times: number): Promise<void> => {
      const until = count + times;
      return new Promise((resolve) => {
        watches = [...watches, () => void (count >= until && resolve())];
      });
    },
  };
};

/** Starts a container for each call to come, so that all twelve are warm and none is ahead by its start. */
const warmUp = async (zapier: Zapier, connection: Connection): Promise<void> => {
  const query = { kind: 'create', key: 'upsert_record', inputData: { sync: SYNC }, connection } as const;
  const reports = await Promise.all(Array.from({ length: TWELVE }, () => zapier.fields(query)));
  for (const report of reports) if (report.kind === 'failed') throw new Error(report.message);
};

/** Starts one after the other, which a machine of two cores is fastest with. What was started ends by `cleanups`. */
export const openTwelveStage = async (cleanups: Cleanup[]): Promise<TwelveStage> => {
  const appDir = await ensureBuiltApp();
  const store = await startOwnStore(cleanups);
  const parse = await startParse(cleanups);
  const erpUrl = await startErp(cleanups);
  const line = await startWatchedLine(parse.url, cleanups);
  const admin = client(store.url(), store.adminKey);
  for (const contract of [erpContract(erpUrl), parseContract(line.url)]) {
    await admin.applySystem({ system: contract.name }, { contract, ticket: 'TEST-1' });
  }
  await admin.applySync({ sync: SYNC }, { contract: customersToParse });
  const { onEvent, throttled } = createThrottleWatch();
  const zapier = await createZapier({
    appDir,
    clock: createVirtualClock(Date.parse('2026-03-01T12:00:00Z')),
    random: createSeededRandom(12),
    environment: { ERP_TOKEN, ...parseSecrets },
    maxContainers: TWELVE,
    limits: { coldStartMaxMs: COLD_START_MS_MAX },
    onEvent,
  });
  cleanups.push(zapier.close);
  const connected = await zapier.connect({ store_url: store.url(), api_key: store.syncKey });
  if (connected.kind === 'refused') throw new Error(connected.message);
  const { connection } = connected;
  await warmUp(zapier, connection);
  return { parse, line, zapier, connection, api: client(store.url(), store.syncKey), throttled };
};
