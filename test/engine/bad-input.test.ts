import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { digestText } from '../../src/core/digest.ts';
import type { Caller } from '../../src/store/sql/operations.ts';
import { onEngines, person } from '../world/on-engines.ts';
import type { World } from '../world/world.ts';

// What is wrong with what comes in is told, and nothing is lost by it: the record is still there to be written, once.

const SYNC = 'people-to-contacts';
const TEN_MINUTES_MS = 600_000;

const onlyItem = async (world: World) => {
  const [item, ...rest] = await world.items();
  if (item === undefined || rest.length > 0) throw new Error('Expected one item');
  return item;
};

const deliverAll = async (world: World): Promise<void> => {
  for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
};

const namesOnTarget = (world: World) => world.target.rows.map(({ externalId, name }) => [externalId, name]);

onEngines('bad input', (open) => {
  it('G1 a delivery that is unknown is refused with what to map, and the true one is still written', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    const item = await onlyItem(world);
    for (const wrong of [randomUUID(), 'no-delivery', item.externalId]) {
      expect(await world.upsert(wrong, item.payload)).toMatchObject({
        kind: 'refused',
        code: 'not_found',
        reason: expect.stringContaining('map Delivery ID from the Tidemark trigger of the same sync'),
      });
    }
    expect(world.target.calls.writes).toBe(0);
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ status: 'created' });
  });

  it('G8 a delivery of another environment is refused, and its own environment still writes it', async () => {
    const { world, store } = await open();
    const production: Caller = { keyId: 'p', name: 'p', role: 'admin', environment: 'production' };
    await sql`
      insert into syncs
      select 'production', name, bundle_version, bundle, source_system, target_system, target_entity, target_field
      from syncs where name = ${SYNC}
    `.execute(store.database.kysely);
    world.source.put(person('s1', 100));
    const item = await onlyItem(world);
    const subject = { kind: 'delivery', deliveryId: item.deliveryId, overridesDigest: null } as const;
    const items = [{ intentId: randomUUID(), subject }];
    const { decisions } = await store.portFor(production).beginWrites({}, { sync: SYNC, knownContract: null, items });
    expect(decisions).toMatchObject([
      { kind: 'refused', code: 'not_found', reason: expect.stringContaining('in production: map Delivery ID') },
    ]);
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ status: 'created' });
  });

  it('G2 a write that ends after its lease was taken over is fenced, and what the other run wrote stands', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    const item = await onlyItem(world);
    const intentId = randomUUID();
    const subject = { kind: 'delivery', deliveryId: item.deliveryId, overridesDigest: null } as const;
    const begun = await world.port.beginWrites({}, { sync: SYNC, knownContract: null, items: [{ intentId, subject }] });
    const [slow] = begun.decisions;
    if (slow?.kind !== 'proceed') throw new Error(slow?.kind);
    world.clock.nowMs += 60_000;
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ status: 'created' });
    const outcome = { kind: 'failed', errorClass: 'http_422', reason: 'too slow' } as const;
    const late = { intentId, fence: slow.fence, attempts: 1, writtenDigest: null, outcome };
    expect((await world.port.completeWrites({}, { items: [late] })).results).toEqual([
      {
        kind: 'refused',
        code: 'fenced',
        reason: `Cannot complete write ${intentId}: another write of the record has begun since`,
      },
    ]);
    expect((await world.stream()).counts).toMatchObject({ applied: 1, open: 0, deadLettered: 0 });
    expect(world.target.rows).toHaveLength(1);
  });

  it('G1 a source whose clock is an hour ahead is read as far as a page shows, and wholly within that hour', async () => {
    const { world } = await open();
    for (let round = 0; round < 5; round += 1) {
      world.source.put(person('s1', -3600 - round * 10, { name: `round ${round}` }));
      world.source.put(person(`new-${round}`, -3599 - round * 10));
      await deliverAll(world);
      world.clock.nowMs += 10_000;
    }
    world.clock.nowMs += 3_600_000;
    await deliverAll(world);
    expect(Object.fromEntries(namesOnTarget(world))).toEqual({
      s1: 'round 4',
      ...Object.fromEntries(Array.from({ length: 5 }, (_, round) => [`new-${round}`, `Name of new-${round}`])),
    });
    expect(world.target.rows).toHaveLength(6);
    expect((await world.stream()).counts).toMatchObject({ open: 0 });
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched' });
  });

  it('G1 once the clock of the source is set right, its changes are found although older ones are dated later', async () => {
    const { world } = await open();
    world.source.put(person('ahead', -3600));
    await deliverAll(world);
    world.clock.nowMs += 10_000;
    world.source.put(person('right', -5));
    world.source.put(person('ahead', -6, { name: 'set right' }));
    await deliverAll(world);
    expect(namesOnTarget(world)).toEqual([
      ['ahead', 'set right'],
      ['right', 'Name of right'],
    ]);
  });

  it('G1 a server whose clock is ten minutes behind loses and doubles nothing that the others handed out or read', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    const first = await onlyItem(world);
    world.clock.nowMs -= TEN_MINUTES_MS;
    world.source.put(person('s2', 10));
    const second = await onlyItem(world);
    expect(await world.upsert(first.deliveryId, first.payload)).toMatchObject({ status: 'created' });
    expect(await world.upsert(second.deliveryId, second.payload)).toMatchObject({ status: 'created' });
    world.source.put(person('s1', 5, { name: 'newer' }));
    await deliverAll(world);
    world.clock.nowMs += TEN_MINUTES_MS;
    world.source.put(person('s3', 1));
    await deliverAll(world);
    expect(namesOnTarget(world)).toEqual([
      ['s1', 'newer'],
      ['s2', 'Name of s2'],
      ['s3', 'Name of s3'],
    ]);
    expect((await world.stream()).counts).toMatchObject({ open: 0, applied: 4 });
  });

  it('G1 a record that a Zap brought is not taken for an older one by a server whose clock is ten minutes behind', async () => {
    const { world } = await open();
    const bring = async (secondsAgo: number, name: string) => {
      const { updatedAt } = person('s9', secondsAgo);
      const version = { updatedAt, digest: digestText(name) };
      const subject = { kind: 'record', externalId: 's9', version } as const;
      const items = [{ intentId: randomUUID(), subject }];
      const { decisions } = await world.port.beginWrites({}, { sync: SYNC, knownContract: null, items });
      const [decision] = decisions;
      if (decision?.kind !== 'proceed') return decision?.kind;
      const outcome = { kind: 'confirmed', targetId: 't1', created: true, readBack: false } as const;
      const ended = { intentId: items[0]?.intentId ?? '', fence: decision.fence, attempts: 1, outcome };
      await world.port.completeWrites({}, { items: [ended] });
      return 'written';
    };
    expect(await bring(100, 'first')).toBe('written');
    world.clock.nowMs -= TEN_MINUTES_MS;
    expect(await bring(50, 'second')).toBe('written');
    expect(await bring(200, 'older')).toBe('stale');
  });

  it('G2 a server that is behind waits for the lease of one that is not, and then finds the record written', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    const item = await onlyItem(world);
    const subject = { kind: 'delivery', deliveryId: item.deliveryId, overridesDigest: null } as const;
    const items = [{ intentId: randomUUID(), subject }];
    const begun = await world.port.beginWrites({}, { sync: SYNC, knownContract: null, items });
    world.clock.nowMs -= TEN_MINUTES_MS;
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'retry' });
    const [decision] = begun.decisions;
    if (decision?.kind !== 'proceed') throw new Error(decision?.kind);
    const outcome = { kind: 'confirmed', targetId: 't1', created: true, readBack: false } as const;
    const ended = {
      intentId: items[0]?.intentId ?? '',
      fence: decision.fence,
      attempts: 1,
      writtenDigest: null,
      outcome,
    };
    await world.port.completeWrites({}, { items: [ended] });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ status: 'already_applied' });
    expect(world.target.calls.writes).toBe(0);
  });

  it('a stream that is to start in the future, by a server that is behind, is refused with the time of that server', async () => {
    const { world } = await open();
    const at = new Date(world.clock.nowMs).toISOString();
    world.clock.nowMs -= TEN_MINUTES_MS;
    const start = { kind: 'at', at } as const;
    await expect(world.port.openStream({ sync: SYNC, stream: 'later' }, { start })).rejects.toMatchObject({
      kind: 'invalid_request',
      message: expect.stringMatching(/in the future, it is 2026-11-21T11:50:00\.0+Z by the clock of the store/),
    });
    world.clock.nowMs += TEN_MINUTES_MS;
    expect(await world.port.openStream({ sync: SYNC, stream: 'later' }, { start })).toMatchObject({ created: true });
  });
});
