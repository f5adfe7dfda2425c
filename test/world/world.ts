import { randomUUID } from 'node:crypto';
import type { ContractBundle } from '../../src/core/contract/bundle.ts';
import type { SyncContract } from '../../src/core/contract/sync-contract.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { PollResult } from '../../src/engine/poll.ts';
import { poll } from '../../src/engine/poll.ts';
import { reconcile, type ReconcileRequest } from '../../src/engine/reconcile.ts';
import { upsert, type UpsertItem, upsertMany, type UpsertResult } from '../../src/engine/upsert.ts';
import { applyContracts, syncNamed } from './contracts.ts';
import { createMemoryEntity, type MemoryEntity, type MemoryEntityOptions } from './memory-entity.ts';
import type { TestClock, TestStore } from './store-engines.ts';

export type World = {
  readonly clock: TestClock;
  readonly source: MemoryEntity;
  readonly target: MemoryEntity;
  readonly port: StorePort;
  /** Calls made to the store, by name of the operation. */
  readonly storeCalls: string[];
  readonly poll: () => Promise<PollResult>;
  /** Polls and gives the items, which must come. */
  readonly items: (limit?: number) => Promise<Extract<PollResult, { kind: 'items' }>['items']>;
  readonly upsert: (deliveryId: string, fields: JsonObject, overrides?: JsonObject) => Promise<UpsertResult>;
  readonly upsertMany: (items: readonly UpsertItem[]) => Promise<UpsertResult[]>;
  readonly reconcile: (request?: Partial<ReconcileRequest>) => ReturnType<typeof reconcile>;
  readonly stream: () => ReturnType<StorePort['getStream']>;
};

export type WorldOptions = {
  readonly sync?: SyncContract;
  readonly source?: MemoryEntityOptions;
  readonly target?: MemoryEntityOptions;
  readonly start?: 'now' | 'beginning';
};

const CALL_MS = 25_000;

/** A store, a source, a target and the engine between them, under a clock that only the test moves. */
export const createWorld = async (
  store: Pick<TestStore, 'port'>,
  clock: TestClock,
  options: WorldOptions = {},
): Promise<World> => {
  const { sync = syncNamed() } = options;
  await applyContracts(store.port, sync);
  const stream = { sync: sync.name, stream: 'main' };
  await store.port.openStream(stream, { start: { kind: options.start ?? 'beginning' } });
  const source = createMemoryEntity(options.source);
  const target = createMemoryEntity(options.target);
  const storeCalls: string[] = [];
  const counted = new Proxy(store.port, {
    get: (port, name, receiver) => {
      storeCalls.push(String(name));
      return Reflect.get(port, name, receiver) as unknown;
    },
  });
  const held = new Map<string, ContractBundle>();
  const ports = () => ({
    store: counted,
    contracts: {
      get: (name: string) => held.get(name),
      set: (name: string, bundle: ContractBundle) => {
        held.set(name, bundle);
      },
    },
    driver: (system: { readonly name: string }) => (system.name === 'source-system' ? source.driver : target.driver),
    runtime: {
      now: () => clock.nowMs,
      sleep: (ms: number) => {
        clock.nowMs += ms;
        return Promise.resolve();
      },
      random: () => 0.5,
      newId: randomUUID,
      deadlineMs: clock.nowMs + CALL_MS,
    },
  });
  const pollOnce = (limit?: number) => poll(ports(), { ...stream, ...(limit === undefined ? {} : { limit }) });
  return {
    clock,
    source,
    target,
    port: store.port,
    storeCalls,
    poll: () => pollOnce(),
    items: async (limit) => {
      const result = await pollOnce(limit);
      if (result.kind !== 'items') throw new Error(`Expected items, got ${result.kind}`);
      if (result.failure !== null) throw new Error(result.failure.reason);
      return result.items;
    },
    upsert: (deliveryId, fields, overrides = {}) =>
      upsert(ports(), { sync: sync.name, subject: { kind: 'delivery', deliveryId }, fields, overrides }),
    upsertMany: (items) => upsertMany(ports(), { sync: sync.name, items }),
    reconcile: (request = {}) =>
      reconcile(ports(), { ...stream, window: { kind: 'contract' }, repair: null, ...request }),
    stream: () => store.port.getStream(stream, {}),
  };
};
