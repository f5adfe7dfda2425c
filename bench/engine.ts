import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { spawnServer } from '../demo/processes/spawn-server.ts';
import { startStore, type StoreProcess } from '../demo/store-process.ts';
import type { ContractBundle } from '../src/core/contract/bundle.ts';
import type { JsonObject } from '../src/core/json.ts';
import { syncContract } from '../src/core/contract/sync-contract.ts';
import { systemContract } from '../src/core/contract/system-contract.ts';
import { eachOf } from '../src/engine/each-of.ts';
import { poll } from '../src/engine/poll.ts';
import { upsertMany, type UpsertPorts } from '../src/engine/upsert.ts';
import { createStoreClient } from '../src/store/client/create-store-client.ts';
import { createTokenCache } from '../src/systems/http/token/token-cache.ts';
import { createEntityDriver } from '../src/systems/registry.ts';

// What the engine costs over a bare loop: the same pages fetched and parsed, the same writes sent, six at once, by a
// program that checks, maps, records and proves nothing. Source, target and store are processes of their own, so that
// only this process's CPU time counts: driver, mapping, engine and the client of the store.

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    records: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
  },
});
const RECORDS = z.coerce.number().int().min(100).parse(values.records);
const ROUNDS = z.coerce.number().int().min(1).parse(values.rounds);
const AT_ONCE = 6;
const BATCH = 100;
const BATCHES_A_POLL = 10;

const fields = ['name', 'email', 'phone', 'street', 'postalCode', 'city', 'country', 'amount', 'blocked'];

type Page = { readonly data: readonly (JsonObject & { readonly id: string })[]; readonly next: string | null };

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server is ours, and a bare loop checks nothing
const parsePage = (text: string): Page => JSON.parse(text) as Page;

const bareLoop = async (api: string, run: string): Promise<number> => {
  let written = 0;
  for (let after: string | null = '0'; after !== null;) {
    const reply: Response = await fetch(`${api}/${run}/people?after=${after}`);
    const page = parsePage(await reply.text());
    await eachOf(page.data, AT_ONCE, async ({ id, ...record }) => {
      const body = Object.fromEntries(fields.map((field) => [field, record[field]]));
      const sent = await fetch(`${api}/${run}/contacts/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, externalId: id }),
      });
      JSON.parse(await sent.text());
      written += 1;
    });
    after = page.next;
  }
  return written;
};

/** Applies the contracts of a run and gives the ports that one call of the app has. */
const openRun = async (api: string, store: StoreProcess, run: string): Promise<() => UpsertPorts> => {
  const common = { tidemark: 'system/v1', environment: 'pilot', driver: 'rest', allowPrivateHosts: true };
  const entity = { idField: 'id', updatedAtField: 'updatedAt', pageSize: 500 };
  const people = { ...entity, path: 'people', recordsAt: 'data', sinceParam: 'since' };
  const source = systemContract.parse({
    ...common,
    name: `source-${run}`,
    baseUrl: `${api}/${run}`,
    entities: { people: { ...people, paging: { style: 'cursor', param: 'after', nextAt: 'next' } } },
  });
  const target = systemContract.parse({
    ...common,
    name: `target-${run}`,
    baseUrl: `${api}/${run}`,
    entities: {
      contacts: {
        ...entity,
        path: 'contacts',
        write: { mode: 'upsert', method: 'PUT', path: 'contacts/{externalId}' },
      },
    },
  });
  const sync = syncContract.parse({
    tidemark: 'sync/v1',
    name: run,
    environment: 'pilot',
    owner: 'bench@example.com',
    ticket: 'BENCH-1',
    source: { system: source.name, entity: 'people' },
    target: { system: target.name, entity: 'contacts', externalIdField: 'externalId' },
    fields: fields.map((field) => ({
      target: field,
      source: field,
      type: field === 'amount' ? 'number' : field === 'blocked' ? 'boolean' : 'string',
    })),
    delivery: { inFlightMax: RECORDS },
  });
  const client = (key: string) => {
    const setup = { url: store.url(), key, userAgent: 'tidemark-bench', fetch, now: Date.now, random: Math.random };
    return createStoreClient({ ...setup, sleep: (ms) => pause(ms) });
  };
  const admin = client(store.adminKey);
  await admin.applySystem({ system: source.name }, { contract: source, ticket: 'BENCH-1' });
  await admin.applySystem({ system: target.name }, { contract: target, ticket: 'BENCH-1' });
  await admin.applySync({ sync: run }, { contract: sync });
  const port = client(store.syncKey);
  await port.openStream({ sync: run, stream: 'main' }, { start: { kind: 'beginning' } });
  const held = new Map<string, ContractBundle>();
  // Loopback is allowed by the contracts, so nothing is looked up.
  const lookup = () => Promise.resolve([]);
  const ports = { secret: () => undefined, fetch, now: Date.now, tokens: createTokenCache(), lookup };
  return () => ({
    store: port,
    contracts: { get: (name) => held.get(name), set: (name, bundle) => void held.set(name, bundle) },
    driver: (system, name, externalIdField) => createEntityDriver({ system, entity: name, externalIdField, ...ports }),
    runtime: {
      now: Date.now,
      sleep: (ms) => pause(ms),
      random: Math.random,
      newId: randomUUID,
      deadlineMs: Date.now() + 25_000,
    },
  });
};

const engineLoop = async (ports: () => UpsertPorts, run: string): Promise<number> => {
  let written = 0;
  for (;;) {
    const result = await poll(ports(), { sync: run, stream: 'main', limit: BATCH * BATCHES_A_POLL });
    if (result.kind !== 'items' || result.failure !== null) {
      throw new Error(`Cannot poll: ${result.kind === 'items' ? result.failure?.reason : result.kind}`);
    }
    if (result.items.length === 0) return written;
    for (let from = 0; from < result.items.length; from += BATCH) {
      const items = result.items.slice(from, from + BATCH).map(({ deliveryId, payload }) => ({
        subject: { kind: 'delivery' as const, deliveryId },
        fields: payload,
        overrides: {},
      }));
      const results = await upsertMany(ports(), { sync: run, items });
      written += results.filter(({ kind }) => kind === 'done').length;
    }
  }
};

/** CPU time of this process that the work took, user and system, in milliseconds. */
const cpuOf = async (work: () => Promise<number>): Promise<number> => {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const written = await work();
  const { user, system } = process.cpuUsage(before);
  if (written !== RECORDS) throw new Error(`Expected ${RECORDS} records to be written, not ${written}`);
  return (user + system) / 1000;
};

const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
const api = await spawnServer({
  name: 'plain API',
  script: 'bench/servers/plain-api.ts',
  args: ['--records', String(RECORDS)],
});
const store = await startStore({ folder, databaseUrl: null });
try {
  const bare: number[] = [];
  const engine: number[] = [];
  // Interleaved, so that a busy spell of the machine falls on both; the first round of each warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const run = `run-${round}`;
    const ports = await openRun(api.url, store, run);
    bare.push(await cpuOf(() => bareLoop(api.url, run)));
    engine.push(await cpuOf(() => engineLoop(ports, run)));
    if (values.json) continue;
    console.log(`round ${round}: bare ${bare.at(-1)?.toFixed(0)} ms, engine ${engine.at(-1)?.toFixed(0)} ms`);
  }
  const cpuRatio = Math.min(...engine.slice(1)) / Math.min(...bare.slice(1));
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ records: RECORDS, cpuRatio: Math.round(cpuRatio * 1000) / 1000, peakMb }));
} finally {
  await Promise.all([store.stop(), api.stop()]);
  await rm(folder, { recursive: true, force: true });
}
