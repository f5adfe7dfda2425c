import { randomUUID } from 'node:crypto';
import type { ContractBundle } from '../../src/core/contract/bundle.ts';
import { checkContract } from '../../src/core/contract/check.ts';
import { type SyncContract, syncContract } from '../../src/core/contract/sync-contract.ts';
import { type SystemContract, systemContract } from '../../src/core/contract/system-contract.ts';
import type { EntityDriver } from '../../src/core/system/entity-driver.ts';
import { prepare } from '../../src/engine/contracts.ts';
import { poll } from '../../src/engine/poll.ts';
import type { TargetWrite } from '../../src/engine/target-look.ts';
import { writeToTarget, type Written } from '../../src/engine/target-write.ts';
import { createTokenCache } from '../../src/systems/http/token/token-cache.ts';
import { createEntityDriver } from '../../src/systems/registry.ts';
import { createModelStore } from '../sim/model-store.ts';
import { publicLookup } from './contracts.ts';
import type { Answer, Asked, VendorServer } from './vendors/vendor-server.ts';
import type { VendorTable } from './vendors/vendor-table.ts';

export type ConformanceClock = { nowMs: number };

/** What an API can or cannot do that the suite asks about. What it cannot is declared, with the reason. */
export type Capability =
  | 'cap'
  | 'page tokens'
  | 'several matches'
  | 'batches'
  | 'batches that fail in part'
  | 'long integers'
  | 'index lag'
  | 'created'
  | 'read-back'
  | 'read by ID';

/** An API under test: a server made from the vendor's documentation, and the contract for it. */
export type Vendor = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
  readonly system: SystemContract;
  readonly entity: string;
  /** The entity that is read, where it is another than the one written. */
  readonly sourceEntity?: string;
  /** How long after a write a look-up may not find the record. */
  readonly findLagMs?: number;
  /** Names in the vendor's own rows. */
  readonly keyField: string;
  readonly textField: string;
  /** Path of that text in a record as it is read. */
  readonly textAt: string;
  readonly throttled: Answer;
  /** Whole milliseconds to which the vendor keeps times. */
  readonly stepMs: number;
  readonly overlapSeconds: number;
  /** A field for integers beyond 2^53, and its path in a record. */
  readonly long?: { readonly field: string; readonly at: string };
  /** True for the requests that write. */
  readonly isWrite: (asked: Asked) => boolean;
  /** Tells a request that goes on with a page token; any does when left out. */
  readonly isPaged?: (asked: Asked) => boolean;
  /** Polls in a row that may hand out nothing before all is read; 4 where left out. */
  readonly quietPolls?: number;
  /** An ID that no record has; `999` where left out. */
  readonly goneId?: string;
  /** Keys that the API cannot be written with: each is refused, and nothing is sent. */
  readonly unfitKey?: RegExp;
  /** A code with which the vendor refuses a record for good. */
  readonly refusal: string;
};

export const startMs = Date.parse('2026-11-21T12:00:00Z');

/** A contract from YAML's values, as `contract apply` sends it. */
export const contractOf = (document: object): SystemContract => {
  const check = checkContract(document);
  if (check.kind !== 'system') throw new Error(JSON.stringify(check, null, 2));
  // Over JSON and through the schema: what is stored is what was filled.
  return systemContract.parse(JSON.parse(JSON.stringify(check.contract)));
};

const otherSystem = systemContract.parse({
  tidemark: 'system/v1',
  name: 'other',
  environment: 'pilot',
  driver: 'rest',
  baseUrl: 'https://other.example.com',
  entities: { thing: { path: 'things', idField: 'id', updatedAtField: 'at', sinceParam: 'since' } },
});

const syncOf = (keys: object): SyncContract =>
  syncContract.parse({
    tidemark: 'sync/v1',
    name: 'under-test',
    environment: 'pilot',
    owner: 'ops@example.com',
    ticket: 'OPS-1',
    delivery: { acknowledgeWithinSeconds: 3600 },
    ...keys,
  });

const CALL_MS = 25_000;

const runtimeOf = (clock: ConformanceClock) => ({
  now: () => clock.nowMs,
  sleep: (ms: number) => {
    clock.nowMs += ms;
    return Promise.resolve();
  },
  random: () => 0.5,
  newId: randomUUID,
  deadlineMs: clock.nowMs + CALL_MS,
});

export const driverOfVendor = (vendor: Vendor, clock: ConformanceClock, externalIdField?: string): EntityDriver =>
  createEntityDriver({
    system: vendor.system,
    entity: vendor.entity,
    externalIdField,
    secret: () => 'secret',
    fetch: (...args) => globalThis.fetch(...args),
    now: () => clock.nowMs,
    tokens: createTokenCache(),
    lookup: publicLookup,
  });

/** A version of a record as it was handed out. */
export type Handed = { readonly id: string; readonly text: unknown; readonly long: unknown };

export type Reader = {
  /** Polls once and settles all that was handed out. */
  readonly poll: () => Promise<readonly Handed[]>;
  /** Polls until so many polls in a row hand out nothing that all is read. */
  readonly quiet: () => Promise<readonly Handed[]>;
};

const POLLS_MAX = 60;
/** A sweep that reads what is known again takes several polls. */
const QUIET_POLLS = 4;

/** The product reading a vendor: poll, store and evidence as they are, with a model in the place of the database. */
export const readerOf = async (vendor: Vendor, clock: ConformanceClock): Promise<Reader> => {
  const { system, entity, sourceEntity = entity } = vendor;
  const sync = syncOf({
    source: { system: system.name, entity: sourceEntity },
    target: { system: 'other', entity: 'thing', externalIdField: 'ext' },
    fields: [
      { target: 'text', source: vendor.textAt },
      ...(vendor.long === undefined ? [] : [{ target: 'long', source: vendor.long.at, type: 'integer' }]),
    ],
    // Few, so that a sweep takes several polls and its tokens outlive them.
    read: { overlapSeconds: vendor.overlapSeconds, resolutionSeconds: vendor.stepMs / 1000, pagesMax: 4 },
  });
  const { port } = createModelStore({ now: () => clock.nowMs, newId: randomUUID });
  await port.applySystem({ system: system.name }, { contract: system, ticket: 'OPS-1' });
  await port.applySystem({ system: 'other' }, { contract: otherSystem, ticket: 'OPS-1' });
  await port.applySync({ sync: sync.name }, { contract: sync });
  const stream = { sync: sync.name, stream: 'main' };
  await port.openStream(stream, { start: { kind: 'beginning' } });
  const held = new Map<string, ContractBundle>();
  const pollOnce = async (): Promise<readonly Handed[]> => {
    const result = await poll(
      {
        store: port,
        contracts: { get: (name) => held.get(name), set: (name, bundle) => void held.set(name, bundle) },
        driver: () => driverOfVendor({ ...vendor, entity: sourceEntity }, clock),
        runtime: runtimeOf(clock),
      },
      stream,
    );
    if (result.kind !== 'items') throw new Error(`Expected items, got ${result.kind}`);
    if (result.failure !== null) throw new Error(result.failure.reason);
    for (const { deliveryId } of result.items) {
      await port.acknowledgeDelivery({}, { sync: sync.name, deliveryId, outcome: { kind: 'applied', targetId: null } });
    }
    clock.nowMs += 60_000;
    return result.items.map(({ externalId, payload }) => ({
      id: externalId,
      text: payload['text'],
      long: payload['long'],
    }));
  };
  const quiet = async (): Promise<readonly Handed[]> => {
    const all: Handed[] = [];
    let empty = 0;
    for (let polls = 1; empty < (vendor.quietPolls ?? QUIET_POLLS); polls += 1) {
      if (polls > POLLS_MAX) throw new Error(`Still handing out after ${POLLS_MAX} polls`);
      const handed = await pollOnce();
      all.push(...handed);
      empty = handed.length === 0 ? empty + 1 : 0;
    }
    return all;
  };
  return { poll: pollOnce, quiet };
};

/** The product writing to a vendor: the engine over its driver, without a store, whose lease is taken as given. */
export const writeTo = (
  vendor: Vendor,
  clock: ConformanceClock,
  writes: readonly (Pick<TargetWrite, 'externalId'> & { readonly text: string })[],
): Promise<Written[]> => {
  const sync = syncOf({
    source: { system: 'other', entity: 'thing' },
    target: { system: vendor.system.name, entity: vendor.entity, externalIdField: vendor.keyField },
    fields: [{ target: vendor.textField, source: 'text' }],
  });
  const bundle: ContractBundle = { version: '1', sync, source: otherSystem, target: vendor.system };
  const prepared = prepare(bundle, (_system, _entity, externalIdField) =>
    driverOfVendor(vendor, clock, externalIdField),
  );
  return writeToTarget(
    prepared,
    runtimeOf(clock),
    writes.map(({ externalId, text }) => ({
      externalId,
      fields: { [vendor.textField]: text },
      targetId: null,
      readBack: false,
      intentId: randomUUID(),
    })),
  );
};
