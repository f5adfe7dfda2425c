import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StoreProcess, startStore } from '../../demo/store-process.ts';
import { demoFaults, type DemoSystems, startSystems } from '../../demo/systems.ts';
import { type Change, writeContracts } from '../../demo/write-contracts.ts';
import { buildZaps, type DemoZaps } from '../../demo/zaps.ts';
import { ensureBuiltApp } from '../../scripts/built-app.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { createStoreClient } from '../../src/store/client/create-store-client.ts';

/** Everything that the demo runs on, each part a process of its own, and the store's API as a Zap may call it. */
export type Stage = {
  readonly systems: DemoSystems;
  readonly store: StoreProcess;
  readonly zaps: DemoZaps;
  readonly api: StorePort;
  readonly close: () => Promise<void>;
};

export type StageOptions = {
  readonly records: number;
  readonly seed: number;
  /** Null for the embedded database. */
  readonly databaseUrl: string | null;
  readonly changes: readonly Change[];
};

/** Zapier processes at once: a poll, a reconciliation and some writes on two cores. */
const CONTAINERS = 5;
/** A poll every two seconds; a run that is put off while a dead one holds its lease comes back twice a second, not more. */
const CLOCK_FACTOR = 60;

type Cleanup = () => Promise<unknown>;

const clean = async (cleanups: readonly Cleanup[]): Promise<void> => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
};

const start = async (options: StageOptions, cleanups: Cleanup[]): Promise<Omit<Stage, 'close'>> => {
  const { records, seed, databaseUrl, changes } = options;
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-e2e-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const systems = await startSystems({ records, seed, faults: demoFaults });
  cleanups.push(systems.stop);
  await writeContracts(folder, { erpUrl: systems.erpProxy.url, crmUrl: systems.crmProxy.url }, changes);
  const store = await startStore({ folder, databaseUrl });
  cleanups.push(store.stop);
  await store.applyContracts(folder);
  const zaps = await buildZaps({
    appDir: await ensureBuiltApp(),
    storeUrl: store.url(),
    apiKey: store.syncKey,
    environment: systems.tokens,
    containers: CONTAINERS,
    runs: 'records',
    seed,
    clockFactor: CLOCK_FACTOR,
  });
  cleanups.push(zaps.zapier.close);
  const api = createStoreClient({
    url: store.url(),
    key: store.syncKey,
    userAgent: 'tidemark-e2e',
    fetch,
    sleep: (ms) => sleep(ms),
    random: Math.random,
    now: Date.now,
  });
  return { systems, store, zaps, api };
};

/** Starts it all; what was started is stopped again when one part of it does not start. */
export const openStage = async (options: StageOptions): Promise<Stage> => {
  const cleanups: Cleanup[] = [];
  try {
    return { ...(await start(options, cleanups)), close: () => clean(cleanups) };
  } catch (error) {
    await clean(cleanups);
    throw error;
  }
};
