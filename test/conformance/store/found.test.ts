import { randomUUID } from 'node:crypto';
import { instantFromMs } from '../../../src/core/instant.ts';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import { startMs } from '../../world/on-engines.ts';
import { onStores } from '../../world/on-stores.ts';
import { digestOf } from './operations.ts';

const SYNC = 'people-to-contacts';
const updatedAt = instantFromMs(startMs - 60_000);

const subjectOf = (externalId: string) => ({
  kind: 'record' as const,
  externalId,
  version: { updatedAt, digest: digestOf(0) },
});

const begin = (port: StorePort, items: readonly { readonly intentId: string; readonly externalId: string }[]) =>
  port.beginWrites(
    {},
    {
      sync: SYNC,
      knownContract: null,
      items: items.map(({ intentId, externalId }) => ({ intentId, subject: subjectOf(externalId) })),
    },
  );

const fail = (port: StorePort, intentId: string, fence: number) =>
  port.completeWrites(
    {},
    { items: [{ intentId, fence, attempts: 1, outcome: { kind: 'not_sent', reason: 'throttled' } }] },
  );

const openRun = (port: StorePort) =>
  port.openReconciliation(
    {},
    {
      runId: randomUUID(),
      sync: SYNC,
      stream: 'main',
      window: { kind: 'contract' },
      repair: true,
      knownContract: null,
    },
  );

const slice = (differences: readonly { readonly kind: 'missing' | 'changed'; readonly externalId: string }[]) => ({
  slice: 0,
  source: differences.length,
  matched: 0,
  unusable: 0,
  sourceDigest: digestOf(0),
  targetDigest: digestOf(1),
  differences: differences.map((one) => ({
    ...one,
    updatedAt,
    digest: digestOf(0),
    fields: [],
    payload: { name: 'Name' },
  })),
  token: null,
  last: null,
  end: null,
  endReason: null,
});

/** A poll that reads one version of record `a`; answers with what it hands out. */
const pollOf = async (port: StorePort, version: number) => {
  const cycle = randomUUID();
  const opened = await port.openCycle({}, { cycleId: cycle, sync: SYNC, stream: 'main', knownContract: null });
  if (opened.kind !== 'opened') throw new Error(`Cannot poll: the stream is ${opened.kind}`);
  const at = instantFromMs(startMs + version);
  const cursor = { updatedAt: at, id: 'a' };
  await port.recordPage(
    { cycle },
    {
      fence: opened.fence,
      page: 0,
      tokenDigest: null,
      pageDigest: digestOf(version),
      rows: 1,
      first: cursor,
      last: cursor,
      records: [
        {
          externalId: 'a',
          updatedAt: at,
          digest: digestOf(version),
          state: 'ready',
          payload: { name: 'Name' },
          reason: null,
        },
      ],
      fetched: {
        cursor,
        token: null,
        begunAt: null,
        sweep: { id: cycle, since: null, last: cursor, trail: { tokens: 0, kept: null } },
      },
    },
  );
  const { items } = await port.emit({ cycle }, { fence: opened.fence, limit: 10, bytesMax: 1_000_000, failure: null });
  return items;
};

// What the random scripts and the simulated world brought to light, in short.
onStores('what was found', (open) => {
  it('G5 a slice that names a record twice counts it once, by the later look', async () => {
    const { port } = (await open()).world;
    const { runId, fence } = await openRun(port);
    const twice = slice([
      { kind: 'missing', externalId: 'a' },
      { kind: 'changed', externalId: 'a' },
    ]);
    const result = await port.recordSlice({ run: runId }, { fence, ...twice });
    expect(result.differences).toMatchObject([{ externalId: 'a', kind: 'changed', disposition: 'repairing' }]);
  });

  it('G5 a write that is begun again after another has followed it is a conflict, and leaves nothing behind', async () => {
    const { port } = (await open()).world;
    const [first, second] = [randomUUID(), randomUUID()];
    await begin(port, [{ intentId: first, externalId: 'a' }]);
    await fail(port, first, 1);
    await begin(port, [{ intentId: second, externalId: 'a' }]);
    await fail(port, second, 2);
    const both = [
      { intentId: first, externalId: 'a' },
      { intentId: randomUUID(), externalId: 'b' },
    ];
    await expect(begin(port, both)).rejects.toMatchObject({ kind: 'conflict' });
    const { runId, fence } = await openRun(port);
    await port.recordSlice({ run: runId }, { fence, ...slice([{ kind: 'missing', externalId: 'b' }]) });
    const { decisions } = await begin(port, [{ intentId: randomUUID(), externalId: 'b' }]);
    expect(decisions).toMatchObject([{ kind: 'proceed', fence: 1, readBack: false }]);
  });

  it('G5 a cycle that is begun again after another has taken over is fenced', async () => {
    const { world, clock } = await open();
    const [first, second] = [randomUUID(), randomUUID()];
    const openCycle = (cycleId: string) =>
      world.port.openCycle({}, { cycleId, sync: SYNC, stream: 'main', knownContract: null });
    await openCycle(first);
    clock.nowMs += 36_000;
    await openCycle(second);
    await world.port.emit({ cycle: second }, { fence: 2, limit: 1, bytesMax: 1, failure: null });
    await expect(openCycle(first)).rejects.toMatchObject({ kind: 'fenced' });
  });

  it('G5 an outcome told again is answered as at first, also where a newer version was read during the write', async () => {
    const { world, clock } = await open();
    const { port } = world;
    const [delivery] = await pollOf(port, 1);
    clock.nowMs += 3_600_000;
    const intentId = randomUUID();
    const subject = { kind: 'delivery' as const, deliveryId: delivery?.deliveryId ?? '', overridesDigest: null };
    await port.beginWrites({}, { sync: SYNC, knownContract: null, items: [{ intentId, subject }] });
    await pollOf(port, 2);
    const outcome = { kind: 'confirmed' as const, targetId: 't-1', created: true, readBack: false };
    const complete = () => port.completeWrites({}, { items: [{ intentId, fence: 1, attempts: 1, outcome }] });
    const first = await complete();
    expect(first.results).toEqual([{ kind: 'recorded', obligation: 'applied' }]);
    expect(await complete()).toEqual(first);
  });

  it('a circuit of which nothing is known is not listed, whatever was kept to look at it', async () => {
    const { port } = (await open()).world;
    const items = [
      { intentId: randomUUID(), externalId: 'a' },
      { intentId: randomUUID(), externalId: 'b' },
    ];
    await begin(port, items);
    await port.completeWrites(
      {},
      {
        items: items.map(({ intentId }, index) => ({
          intentId,
          fence: 1,
          attempts: 1,
          outcome: { kind: 'not_sent' as const, reason: 'throttled' },
          signal: { kind: index === 0 ? ('down' as const) : ('up' as const) },
        })),
      },
    );
    expect(await port.listCircuits({}, {})).toEqual({ circuits: [] });
  });
});
