import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContractBundle } from '../../../src/core/contract/bundle.ts';
import { syncContract, type SyncContract } from '../../../src/core/contract/sync-contract.ts';
import { systemContract } from '../../../src/core/contract/system-contract.ts';
import { instantFromMs } from '../../../src/core/instant.ts';
import type { ReconcileResult } from '../../../src/core/protocol/reconcile-routes.ts';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import type { EntityDriver } from '../../../src/core/system/entity-driver.ts';
import type { DriverFactory } from '../../../src/engine/contracts.ts';
import { scanWords } from '../../../src/core/read/scan-words.ts';
import { poll, type PollResult } from '../../../src/engine/poll.ts';
import { reconcile } from '../../../src/engine/reconcile.ts';
import { upsertMany } from '../../../src/engine/upsert.ts';
import { createTokenCache } from '../../../src/systems/http/token/token-cache.ts';
import { createEntityDriver } from '../../../src/systems/registry.ts';
import { publicLookup } from '../contracts.ts';
import { disturbanceOf } from './disturbance.ts';
import type { Copies, Names, People, SourcePlace, TargetPlace } from './real-system.ts';

const CALL_MS = 25_000;
const ITEMS_A_POLL = 1000;
const ITEMS_A_WRITE = 100;
/** Polls and writes of one journey; more is a journey that does not end. */
const POLLS_MAX = 60;
const SYNC = 'real-journey';

export type Route = {
  readonly source: SourcePlace;
  readonly target: TargetPlace;
  readonly secrets: Readonly<Record<string, string>>;
  readonly pageSize: number;
};

export type Journey = {
  readonly pages: number;
  /** Why polls ended early, each once. */
  readonly failures: readonly string[];
  /** What spoke against the scans, each once. */
  readonly scans: readonly string[];
  /** What became of what was read. */
  readonly counts: Awaited<ReturnType<StorePort['getStream']>>['counts'];
};

const syncOf = ({ source, target }: Route): SyncContract =>
  syncContract.parse({
    tidemark: 'sync/v1',
    name: SYNC,
    environment: 'pilot',
    owner: 'ops@example.com',
    ticket: 'TEST-1',
    source: { system: 'source', entity: source.entity },
    target: { system: 'target', entity: target.entity, externalIdField: target.externalIdField },
    fields: target.fields.map(({ expression, ...field }) =>
      expression === '{name}'
        ? { ...field, source: source.name }
        : { ...field, expression: expression.replaceAll('{name}', () => source.name) },
    ),
    delivery: { inFlightMax: 100_000 },
  });

const systemOf = (place: SourcePlace | TargetPlace, name: 'source' | 'target') =>
  systemContract.parse({ ...place.system, name });

const withPageSize = (driver: EntityDriver, pageSize: number, afterPage: AfterPage): EntityDriver => ({
  ...driver,
  pageSize,
  readPage: async (request) => {
    const reply = await driver.readPage(request);
    if (reply.kind === 'page') await afterPage(reply.records.map(({ id }) => id));
    return reply;
  },
});

type AfterPage = (ids: readonly string[]) => Promise<void>;

const portsOf = (store: StorePort, route: Route, afterPage: AfterPage) => {
  const held = new Map<string, ContractBundle>();
  const driver: DriverFactory = (system, entity, externalIdField) => {
    const secret = (name: string): string | undefined => route.secrets[name];
    if (system.name === 'target' && route.target.driver !== undefined) return route.target.driver;
    const world = { secret, fetch, now: Date.now, tokens: createTokenCache(), lookup: publicLookup };
    const made = createEntityDriver({ system, entity, externalIdField, ...world });
    return system.name === 'source' ? withPageSize(made, route.pageSize, afterPage) : made;
  };
  return () => ({
    store,
    contracts: {
      get: (name: string) => held.get(name),
      set: (name: string, bundle: ContractBundle) => {
        held.set(name, bundle);
      },
    },
    driver,
    runtime: {
      now: Date.now,
      sleep: (ms: number): Promise<void> => sleep(ms),
      random: Math.random,
      newId: randomUUID,
      deadlineMs: Date.now() + CALL_MS,
    },
  });
};

const applyContracts = async (store: StorePort, route: Route): Promise<void> => {
  for (const name of ['source', 'target'] as const) {
    const contract = systemOf(route[name], name);
    await store.applySystem({ system: name }, { contract, ticket: 'TEST-1' });
  }
  await store.applySync({ sync: SYNC }, { contract: syncOf(route) });
  await store.openStream({ sync: SYNC, stream: 'main' }, { start: { kind: 'beginning' } });
};

type Items = Extract<PollResult, { kind: 'items' }>['items'];

const write = async (ports: ReturnType<ReturnType<typeof portsOf>>, items: Items): Promise<void> => {
  const results = await upsertMany(ports, {
    sync: SYNC,
    items: items.map(({ deliveryId, payload }) => ({
      subject: { kind: 'delivery', deliveryId },
      fields: payload,
      overrides: {},
    })),
  });
  const refused = results.find(({ kind }) => kind !== 'done');
  if (refused !== undefined) throw new Error(`A record was not written: ${JSON.stringify(refused)}`);
};

/**
 * Takes all records of a source to a target through polls and writes of the engine, while people write to the source,
 * until the source has nothing new.
 */
export const travel = async (store: StorePort, route: Route, people: People): Promise<Journey> => {
  await applyContracts(store, route);
  const seen = new Set<string>();
  const disturb = disturbanceOf(people, 'the journey');
  const ports = portsOf(store, route, async (ids) => {
    for (const id of ids) seen.add(id);
    await disturb([...seen]);
  });
  const failures = new Set<string>();
  const scans = new Set<string>();
  let pages = 0;
  for (let polls = 0; polls < POLLS_MAX; polls += 1) {
    const result = await poll(ports(), { sync: SYNC, stream: 'main', limit: ITEMS_A_POLL });
    if (result.kind !== 'items') throw new Error(`Expected items, got ${result.kind}`);
    pages += result.pages;
    const words = scanWords(result.scan);
    if (words !== null) scans.add(words);
    if (result.failure !== null) failures.add(result.failure.reason);
    for (let at = 0; at < result.items.length; at += ITEMS_A_WRITE) {
      await write(ports(), result.items.slice(at, at + ITEMS_A_WRITE));
    }
    const { checkpoint, counts } = await store.getStream({ sync: SYNC, stream: 'main' }, {});
    const isOver = checkpoint.fetched.token === null || result.failure !== null;
    if (isOver && result.items.length === 0 && result.waiting === 0) {
      return { pages, failures: [...failures], scans: [...scans], counts };
    }
  }
  throw new Error(`The journey did not end in ${POLLS_MAX} polls: ${[...failures].join('; ')}`);
};

/** Compares all of a source with the target, but for what changed within the settle time. */
export const reconcileWhole = async (store: StorePort, route: Route): Promise<ReconcileResult> => {
  const ports = portsOf(store, route, () => Promise.resolve());
  const window = { kind: 'between', from: instantFromMs(0), to: null } as const;
  for (;;) {
    const result = await reconcile(ports(), { sync: SYNC, stream: 'main', window, repair: false });
    if (result.state === 'finished') return result;
  }
};

export type Arrival = {
  /** Records of the source that the target does not have as they are. */
  readonly lost: readonly string[];
  /** External IDs that the target holds more than once. */
  readonly doubled: readonly string[];
};

/** Holds the target against the source, both read by other means than the product's. */
export const arrivalOf = (there: Names, copies: Copies): Arrival => ({
  lost: [...there].filter(([id, name]) => copies.get(id)?.includes(name) !== true).map(([id]) => id),
  doubled: [...copies].filter(([, names]) => names.length > 1).map(([id]) => id),
});
