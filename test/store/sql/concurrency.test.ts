import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { digestText } from '../../../src/core/digest.ts';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import type { WriteOutcome } from '../../../src/core/protocol/write-routes.ts';
import { applyContracts, syncNamed } from '../../world/contracts.ts';
import { publishedLeafHash, publishedRoot } from '../../world/ledger-check.ts';
import { storeEngines, type TestStore } from '../../world/store-engines.ts';
import { realEnvironment } from './database/environment.ts';

/** More than the ten connections of the pool, so that some wait for a connection and the others for each other. */
const AT_ONCE = 12;
const ROUNDS = 20;
const SYNC = 'people-to-contacts';
const MANY_BYTES = 1_000_000;

const clock = { nowMs: Date.parse('2026-11-21T12:00:00Z') };
// Whatever the database rolled back and the store tried again is counted here: every wait before another attempt.
const retries = jest.spyOn(realEnvironment, 'sleep');
let stop: () => Promise<void>;
let store: TestStore;
let port: StorePort;

beforeAll(async () => {
  const engine = storeEngines.find(({ name }) => name === 'postgres');
  if (engine === undefined) throw new Error('Expected an engine on a real PostgreSQL');
  const started = await engine.start();
  ({ stop } = started);
  store = await started.open(clock);
  ({ port } = store);
  await applyContracts(port, syncNamed({ delivery: { acknowledgeWithinSeconds: 60, emitMax: 90 } }));
});

afterAll(async () => {
  await store.close();
  await stop();
});

const together = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

const kindsOf = (all: readonly { readonly kind: string }[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(all, ({ kind }) => kind)].map(([kind, some]) => [kind, some.length]));

const versionAt = (minute: number) => {
  const updatedAt = new Date(clock.nowMs - 3_600_000 + minute * 60_000).toISOString();
  return { updatedAt, digest: digestText(updatedAt) };
};

type Subject = Parameters<StorePort['beginWrites']>[1]['items'][number]['subject'];

const beginOf = async (subject: Subject, intentId = randomUUID()) => {
  const items = [{ intentId, subject }];
  const { decisions } = await port.beginWrites({}, { sync: SYNC, knownContract: null, items });
  const [decision] = decisions;
  if (decision === undefined) throw new Error('Expected a decision');
  return { intentId, ...decision };
};

const begin = (externalId: string, minute: number, intentId = randomUUID()) =>
  beginOf({ kind: 'record', externalId, version: versionAt(minute) }, intentId);

const beginDelivery = (deliveryId: string) => beginOf({ kind: 'delivery', deliveryId, overridesDigest: null });

type Begun = Awaited<ReturnType<typeof begin>>;

type Completed = Awaited<ReturnType<StorePort['completeWrites']>>['results'][number];

const complete = async (begun: Begun | undefined, outcome: WriteOutcome): Promise<Completed> => {
  if (begun?.kind !== 'proceed') throw new Error(`Expected a write to complete, got ${begun?.kind}`);
  const { intentId, fence } = begun;
  const items = [{ intentId, fence, attempts: 1, writtenDigest: null, outcome }];
  const { results } = await port.completeWrites({}, { items });
  const [result] = results;
  if (result === undefined) throw new Error('Expected a result');
  return result;
};

const confirmed: WriteOutcome = { kind: 'confirmed', targetId: 't1', created: true, readBack: false };

const openCycle = (stream: string, cycleId = randomUUID()) =>
  port.openCycle({}, { cycleId, sync: SYNC, stream, knownContract: null });

/** A stream of its own with a cycle that was begun. */
const startedCycle = async (stream: string) => {
  const cycle = randomUUID();
  await port.openStream({ sync: SYNC, stream }, { start: { kind: 'beginning' } });
  const opened = await openCycle(stream, cycle);
  if (opened.kind !== 'opened') throw new Error(`Expected to open a cycle of ${stream}`);
  return { stream, cycle, fence: opened.fence };
};

type Started = Awaited<ReturnType<typeof startedCycle>>;

const page = ({ stream, cycle, fence }: Started, number: number, count: number) => {
  const { updatedAt } = versionAt(number);
  const records = Array.from({ length: count }, (_, index) => ({
    externalId: `${stream}-${number}-${index}`,
    updatedAt,
    digest: digestText(`${number}/${index}`),
    state: 'ready' as const,
    payload: { name: `Name ${index}` },
    reason: null,
  }));
  return port.recordPage(
    { cycle },
    {
      fence,
      page: number,
      tokenDigest: null,
      pageDigest: digestText(String(number)),
      rows: count,
      first: null,
      last: null,
      records,
      fetched: { cursor: { updatedAt, id: `${stream}-${number}` }, token: null, begunAt: null },
    },
  );
};

const emit = ({ cycle, fence }: Started, limit = 90) =>
  port.emit({ cycle }, { fence, limit, bytesMax: MANY_BYTES, failure: null });

/** Where the ledger is broken; nowhere is what it should be. */
const brokenLinks = async (): Promise<string[]> => {
  const broken: string[] = [];
  const leaves: string[] = [];
  for (;;) {
    const sequence = leaves.length;
    const { entries, rootHash, treeSize } = await port.listEvidence({}, { after: sequence, limit: 1000 });
    for (const entry of entries) {
      leaves.push(entry.leaf);
      if (entry.sequence !== leaves.length) broken.push(`entry ${entry.sequence} where ${leaves.length} should be`);
      if (entry.hash !== publishedLeafHash(entry.leaf)) broken.push(`hash of entry ${entry.sequence}`);
    }
    if (entries.length > 0) continue;
    if (treeSize !== leaves.length || rootHash !== publishedRoot(leaves)) broken.push('root');
    return broken;
  }
};

describe('G2 of twelve runs that begin to write one record at once, one proceeds and eleven wait', () => {
  const oneProceeds = { proceed: 1, in_progress: AT_ONCE - 1 };

  test('G2 batches that hold the same records in another order never wait for each other', async () => {
    retries.mockClear();
    for (let round = 0; round < ROUNDS; round += 1) {
      const ids = Array.from({ length: 30 }, (_, index) => `batch-${round}-${index}`);
      const decided = await together(AT_ONCE, async (index) => {
        const inOrder = index % 2 === 0 ? ids : ids.toReversed();
        const items = inOrder.map((externalId) => ({
          intentId: randomUUID(),
          subject: { kind: 'record' as const, externalId, version: versionAt(1) },
        }));
        const { decisions } = await port.beginWrites({}, { sync: SYNC, knownContract: null, items });
        return decisions;
      });
      expect(kindsOf(decided.flat())).toEqual({ proceed: ids.length, in_progress: ids.length * (AT_ONCE - 1) });
    }
    expect(retries).not.toHaveBeenCalled();
  });

  test('whose external ID was never seen', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(kindsOf(await together(AT_ONCE, () => begin(`new-${round}`, 1)))).toEqual(oneProceeds);
    }
  });

  test('whose row is there, with an earlier write that was confirmed', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const externalId = `confirmed-${round}`;
      await complete(await begin(externalId, 1), confirmed);
      const begun = await together(AT_ONCE, () => begin(externalId, 2));
      expect(kindsOf(begun)).toEqual(oneProceeds);
      expect(begun.find(({ kind }) => kind === 'proceed')).toMatchObject({ targetId: 't1', fence: 2 });
    }
  });

  test('whose row is there, with an earlier write whose lease has ended', async () => {
    const ids = Array.from({ length: ROUNDS }, (_, round) => `abandoned-${round}`);
    for (const externalId of ids) await begin(externalId, 1);
    clock.nowMs += 60_000;
    for (const externalId of ids) {
      const begun = await together(AT_ONCE, () => begin(externalId, 2));
      expect(kindsOf(begun)).toEqual(oneProceeds);
      expect(begun.find(({ kind }) => kind === 'proceed')).toMatchObject({ readBack: true, fence: 2 });
    }
  });

  test('which is one delivery to a Zap that was replayed', async () => {
    const started = await startedCycle('replayed');
    await page(started, 0, ROUNDS);
    const { items } = await emit(started);
    expect(items).toHaveLength(ROUNDS);
    for (const { deliveryId } of items) {
      expect(kindsOf(await together(AT_ONCE, () => beginDelivery(deliveryId)))).toEqual(oneProceeds);
    }
  });
});

test('G5 the same begin twelve times at once is one write: each is told to proceed under the same fence', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const intentId = randomUUID();
    const begun = await together(AT_ONCE, () => begin(`same-${round}`, 1, intentId));
    expect(begun.filter(({ kind }) => kind !== 'proceed')).toEqual([]);
    expect(begun).toMatchObject(begun.map(() => ({ fence: 1 })));
  }
});

test('G3 of twelve versions that are confirmed one after the other while others begin, the newest stays', async () => {
  const intended = await together(AT_ONCE, async (minute) => {
    for (;;) {
      const begun = await begin('contended', minute);
      if (begun.kind === 'proceed') return complete(begun, confirmed);
      if (begun.kind !== 'in_progress') return begun;
    }
  });
  expect(intended).toHaveLength(AT_ONCE);
  const row = await store.database.kysely
    .selectFrom('target_records')
    .select(['applied_at', 'fence'])
    .where('external_id', '=', 'contended')
    .executeTakeFirstOrThrow();
  expect(new Date(row.applied_at ?? 0).toISOString()).toBe(versionAt(AT_ONCE - 1).updatedAt);
});

describe('cycles of one stream', () => {
  test('of twelve that are opened at once one is, whether the one before it ended or its lease ran out', async () => {
    const stream = 'crowded';
    await port.openStream({ sync: SYNC, stream }, { start: { kind: 'beginning' } });
    for (let round = 0; round < ROUNDS; round += 1) {
      const cycles = Array.from({ length: AT_ONCE }, () => randomUUID());
      const opened = await together(AT_ONCE, (index) => openCycle(stream, cycles[index]));
      expect(kindsOf(opened)).toEqual({ opened: 1, busy: AT_ONCE - 1 });
      const index = opened.findIndex(({ kind }) => kind === 'opened');
      expect(opened[index]).toMatchObject({ fence: round + 1 });
      if (round % 2 === 0) await emit({ stream, cycle: cycles[index] ?? randomUUID(), fence: round + 1 });
      else clock.nowMs += 36_000;
    }
  });

  test('G5 the same cycle opened twelve times at once is one cycle', async () => {
    await port.openStream({ sync: SYNC, stream: 'again' }, { start: { kind: 'beginning' } });
    const cycle = randomUUID();
    const opened = await together(AT_ONCE, () => openCycle('again', cycle));
    expect(opened).toMatchObject(opened.map(() => ({ kind: 'opened', fence: 1 })));
  });

  test('G5 the same hand-out twelve times at once gives the same deliveries, and makes them once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const started = await startedCycle(`handed-out-${round}`);
      await page(started, 0, 30);
      const replies = await together(AT_ONCE, () => emit(started, 10));
      const [first] = replies;
      expect(first?.items).toHaveLength(10);
      expect(replies.map(({ items }) => items)).toEqual(replies.map(() => first?.items));
      const { counts } = await port.getStream({ sync: SYNC, stream: started.stream }, {});
      expect(counts).toMatchObject({ deliveries: 10, open: 30 });
    }
  });

  test('G5 the same page twelve times at once is recorded once', async () => {
    const started = await startedCycle('one-page');
    const replies = await together(AT_ONCE, () => page(started, 0, 5));
    expect(replies).toEqual(replies.map(() => replies[0]));
    const { counts, reading } = await port.getStream({ sync: SYNC, stream: 'one-page' }, {});
    expect([counts.open, reading.pages, reading.rows]).toEqual([5, 1, 5]);
  });
});

test('two hundred operations at once, on the same streams and records, neither fail nor deadlock', async () => {
  const outcomes: readonly WriteOutcome[] = [
    confirmed,
    { kind: 'failed', errorClass: 'http_422', reason: 'refused' },
    { kind: 'unknown', reason: 'no reply' },
    { kind: 'not_sent', reason: 'down' },
  ];
  const streams = await together(8, (index) => startedCycle(`mixed-${index}`));
  const deliveries = await together(8, async (index) => {
    const started = streams[index];
    if (started === undefined) throw new Error('Expected a stream');
    await page(started, 0, 13);
    return (await emit(started)).items;
  });
  const begun = await Promise.all(deliveries.flat().map(({ deliveryId }) => beginDelivery(deliveryId)));
  const next = await Promise.all(
    streams.map(async ({ stream }) => {
      const cycle = randomUUID();
      const opened = await openCycle(stream, cycle);
      return { stream, cycle, fence: opened.kind === 'opened' ? opened.fence : 0 };
    }),
  );
  const reading = next.slice(0, 4);
  const ending = next.slice(4);
  retries.mockClear();

  const operations: (() => Promise<unknown>)[] = [
    ...begun.map((one, index) => () => complete(one, outcomes[index % outcomes.length] ?? confirmed)),
    ...reading.flatMap((cycle) => Array.from({ length: 9 }, (_, number) => () => page(cycle, number + 1, 5))),
    ...ending.flatMap((cycle) => Array.from({ length: 5 }, () => () => emit(cycle))),
    ...Array.from({ length: 40 }, (_, index) => () => begin(`mixed-record-${index % 8}`, index)),
  ];
  expect(operations).toHaveLength(200);
  // Interleaved, so that neighbours contend for the same rows.
  const shuffled = operations
    .map((operation, index) => ({ operation, place: (index * 77) % operations.length }))
    .toSorted((a, b) => a.place - b.place);
  const ended = await Promise.allSettled(shuffled.map(({ operation }) => operation()));
  expect(ended.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(retries).not.toHaveBeenCalled();

  const { rows } = await sql<{ state: string; count: number }>`
    select o.state, count(*) as count from obligations o join streams s using (stream_id)
    where s.name like 'mixed-%' group by 1 order by 1
  `.execute(store.database.kysely);
  expect(rows).toEqual([
    { state: 'applied', count: 26 },
    { state: 'dead_lettered', count: 26 },
    { state: 'open', count: 52 + 4 * 9 * 5 },
  ]);
  expect(await brokenLinks()).toEqual([]);
});

test('an outcome that comes too late and a replay of its delivery, at once, do not deadlock', async () => {
  const started = await startedCycle('overtaken');
  await page(started, 0, ROUNDS);
  const { items } = await emit(started);
  const begun = await Promise.all(items.map(({ deliveryId }) => beginDelivery(deliveryId)));
  clock.nowMs += 60_000;
  for (const { externalId } of items) await complete(await begin(externalId, 59), confirmed);
  retries.mockClear();
  const ended = await Promise.allSettled(
    items.flatMap(({ deliveryId }, index) => [complete(begun[index], confirmed), beginDelivery(deliveryId)]),
  );
  const late = ended.filter((_one, index) => index % 2 === 0);
  const replayed = ended.filter((_one, index) => index % 2 === 1);
  expect(late).toMatchObject(late.map(() => ({ status: 'fulfilled', value: { kind: 'refused', code: 'fenced' } })));
  expect(replayed).toMatchObject(replayed.map(() => ({ status: 'fulfilled', value: { kind: 'stale' } })));
  expect(retries).not.toHaveBeenCalled();
});

describe('contracts', () => {
  test('two different ones of a sync, applied at once, become two versions', async () => {
    const before = await port.getSync({ sync: SYNC }, {});
    const applied = await together(2, (index) =>
      port.applySync({ sync: SYNC }, { contract: syncNamed({ title: `Title ${index}`, ticket: `OPS-${index + 2}` }) }),
    );
    expect(new Set(applied.map(({ version }) => version))).toEqual(new Set([2, 3]));
    expect(applied.map(({ changed }) => changed)).toEqual([true, true]);
    const after = await port.getSync({ sync: SYNC }, {});
    const last = applied.findIndex(({ version }) => version === 3);
    expect([before.version.split('.')[0], after.version.split('.')[0], after.sync.title]).toEqual([
      '1',
      '3',
      `Title ${last}`,
    ]);
  });

  test('the same one applied twelve times at once becomes one version', async () => {
    const contract = syncNamed({ title: 'The same for all' });
    const applied = await together(AT_ONCE, () => port.applySync({ sync: SYNC }, { contract }));
    expect(applied.map(({ version }) => version)).toEqual(applied.map(() => 4));
    expect(applied.filter(({ changed }) => changed)).toHaveLength(1);
  });

  test('a system and a sync that uses it, applied at once, end in a bundle of both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { source } = await port.getSync({ sync: SYNC }, {});
      const title = `Round ${round}`;
      await Promise.all([
        port.applySystem({ system: 'source-system' }, { contract: { ...source, title }, ticket: 'OPS-9' }),
        port.applySync({ sync: SYNC }, { contract: syncNamed({ title }) }),
      ]);
      expect(await port.getSync({ sync: SYNC }, {})).toMatchObject({ sync: { title }, source: { title } });
    }
  });
});

test('G9 after all of this the chain of evidence has no gap and each hash is right', async () => {
  expect(await brokenLinks()).toEqual([]);
});
