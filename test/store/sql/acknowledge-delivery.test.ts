import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import type { Caller } from '../../../src/store/sql/operations.ts';
import { syncNamed } from '../../world/contracts.ts';
import { onEngines, person, type Opened } from '../../world/on-engines.ts';

const SYNC = 'people-to-contacts';
const applied = { kind: 'applied', targetId: null } as const;
const failed = { kind: 'failed', reason: 'The other app refused it' } as const;
const notFound = { kind: 'not_found', message: expect.stringContaining('map Delivery ID from the Tidemark trigger') };

type Outcome = Parameters<StorePort['acknowledgeDelivery']>[1]['outcome'];

const acknowledge = ({ world }: Opened, deliveryId: string, outcome: Outcome = applied) =>
  world.port.acknowledgeDelivery({}, { sync: SYNC, deliveryId, outcome });

const onlyItem = async ({ world }: Opened) => {
  const [item, ...rest] = await world.items();
  if (item === undefined || rest.length > 0) throw new Error(`Expected one item, got ${rest.length + 1}`);
  return item;
};

const later = ({ clock }: Opened): void => {
  clock.nowMs += 61_000;
};

const targetRecord = ({ store }: Opened) =>
  store.database.kysely
    .selectFrom('target_records')
    .select(['target_id', 'applied_at', 'applied_digest', 'drifted'])
    .executeTakeFirst();

const statesOf = async ({ store }: Opened): Promise<string[]> => {
  const rows = await store.database.kysely
    .selectFrom('obligations')
    .select(['external_id', 'state'])
    .orderBy('updated_at')
    .orderBy('external_id')
    .execute();
  return rows.map((row) => `${row.external_id} ${row.state}`);
};

const acknowledgements = async ({ world }: Opened): Promise<string[]> => {
  const { entries } = await world.port.listEvidence({}, { limit: 1000 });
  return entries.filter(({ kind }) => kind === 'acknowledged').map(({ leaf }) => leaf);
};

const openLetters = ({ world }: Opened) => world.port.listDeadLetters({}, { sync: SYNC, limit: 10 });

onEngines('acknowledging a delivery', (open) => {
  it('G4 one that was applied settles its obligation and moves committed in the same call', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100));
    world.source.put(person('s2', 90));
    const [first, second] = await world.items();
    expect((await world.stream()).checkpoint.committed).toBeNull();
    const reply = await acknowledge(opened, first?.deliveryId ?? '', { kind: 'applied', targetId: 't-77' });
    expect(reply).toEqual({ kind: 'settled', status: 'applied', externalId: 's1', targetId: 't-77' });
    expect((await world.stream()).checkpoint.committed?.id).toBe('s1');
    expect(await statesOf(opened)).toEqual(['s1 applied', 's2 open']);
    await acknowledge(opened, second?.deliveryId ?? '');
    expect((await world.stream()).checkpoint.committed?.id).toBe('s2');
    later(opened);
    expect(await world.items()).toEqual([]);
  });

  it('G5 the same acknowledgement again changes nothing, and is no second entry of the evidence', async () => {
    const opened = await open();
    opened.world.source.put(person('s1', 100));
    const { deliveryId } = await onlyItem(opened);
    await acknowledge(opened, deliveryId, { kind: 'applied', targetId: 't-77' });
    const before = await opened.world.stream();
    later(opened);
    const again = await acknowledge(opened, deliveryId, { kind: 'applied', targetId: 'another' });
    expect(again).toEqual({ kind: 'settled', status: 'already_applied', externalId: 's1', targetId: 't-77' });
    expect(await acknowledge(opened, deliveryId, failed)).toMatchObject({ status: 'already_applied' });
    expect(await opened.world.stream()).toEqual(before);
    expect(await acknowledgements(opened)).toHaveLength(1);
  });

  it('G5 twelve at once are one: it is applied once, and eleven find it so', async () => {
    const opened = await open();
    opened.world.source.put(person('s1', 100));
    const { deliveryId } = await onlyItem(opened);
    const replies = await Promise.all(Array.from({ length: 12 }, () => acknowledge(opened, deliveryId)));
    const statuses = replies.map((reply) => (reply.kind === 'settled' ? reply.status : reply.kind));
    expect(statuses.toSorted()).toEqual([...Array.from({ length: 11 }, () => 'already_applied'), 'applied']);
    expect(await acknowledgements(opened)).toHaveLength(1);
  });

  it('G7 the evidence of it names the delivery, and the record by its pseudonym only', async () => {
    const opened = await open();
    opened.world.source.put(person('secret-key-1', 100));
    const { deliveryId } = await onlyItem(opened);
    await acknowledge(opened, deliveryId, { kind: 'applied', targetId: 'secret-target-1' });
    const [leaf] = await acknowledgements(opened);
    expect(leaf).toContain(`"delivery":"${deliveryId}"`);
    expect(leaf).toMatch(/"subject":"[0-9a-f]{64}"/);
    expect(leaf).not.toMatch(/secret-/);
  });

  it('G1 an acknowledgement of an older attempt of the same obligation counts', async () => {
    const opened = await open();
    opened.world.source.put(person('s1', 100));
    const first = await onlyItem(opened);
    later(opened);
    const second = await onlyItem(opened);
    expect(second.deliveryId).not.toBe(first.deliveryId);
    expect(await acknowledge(opened, first.deliveryId)).toMatchObject({ status: 'applied' });
    expect(await acknowledge(opened, second.deliveryId)).toMatchObject({ status: 'already_applied' });
    later(opened);
    expect(await opened.world.items()).toEqual([]);
  });

  it('G3 a newer version that was acknowledged raises the applied one: an older write is stale', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100, { name: 'old' }));
    const older = await onlyItem(opened);
    later(opened);
    world.source.put(person('s1', 10, { name: 'new' }));
    const newer = await onlyItem(opened);
    expect(await acknowledge(opened, newer.deliveryId)).toMatchObject({ status: 'applied' });
    expect(await world.upsert(older.deliveryId, older.payload)).toMatchObject({ status: 'stale' });
    expect(world.target.calls.writes).toBe(0);
    expect(await statesOf(opened)).toEqual(['s1 superseded', 's1 applied']);
  });

  it('G3 a superseded version that was written all the same leaves the record drifted, and the newer one applied', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100, { name: 'old' }));
    const older = await onlyItem(opened);
    later(opened);
    world.source.put(person('s1', 10, { name: 'new' }));
    const newer = await onlyItem(opened);
    await acknowledge(opened, newer.deliveryId, { kind: 'applied', targetId: 't-1' });
    const applyTime = (await targetRecord(opened))?.applied_at;
    expect(await acknowledge(opened, older.deliveryId)).toEqual({
      kind: 'settled',
      status: 'stale',
      externalId: 's1',
      targetId: 't-1',
    });
    expect(await targetRecord(opened)).toMatchObject({ applied_at: applyTime, drifted: true });
    expect(await acknowledge(opened, older.deliveryId)).toMatchObject({ status: 'stale' });
    expect(await acknowledgements(opened)).toHaveLength(2);
  });

  it('a superseded version that reached the target is stale, and the newer one is still delivered', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100, { name: 'old' }));
    const older = await onlyItem(opened);
    later(opened);
    world.source.put(person('s1', 10, { name: 'new' }));
    await world.poll();
    expect(await acknowledge(opened, older.deliveryId)).toMatchObject({ status: 'stale' });
    expect(await targetRecord(opened)).toMatchObject({ drifted: false });
    expect((await world.stream()).counts).toMatchObject({ open: 1, superseded: 1 });
    later(opened);
    expect(await world.items()).toHaveLength(1);
  });

  it('one that failed is a dead letter with its reason, under the owner of the sync', async () => {
    const opened = await open();
    opened.world.source.put(person('s1', 100));
    const { deliveryId } = await onlyItem(opened);
    expect(await acknowledge(opened, deliveryId, failed)).toMatchObject({ status: 'dead_lettered' });
    expect(await acknowledge(opened, deliveryId, failed)).toMatchObject({ status: 'dead_lettered' });
    expect(await openLetters(opened)).toMatchObject({
      total: 1,
      deadLetters: [{ externalId: 's1', stage: 'zap', reason: failed.reason, owner: 'ops@example.com', attempts: 1 }],
    });
    expect((await opened.world.stream()).checkpoint.committed?.id).toBe('s1');
  });

  it('one that failed and was applied in a replay is applied, and its dead letter is closed', async () => {
    const opened = await open();
    opened.world.source.put(person('s1', 100));
    const { deliveryId } = await onlyItem(opened);
    await acknowledge(opened, deliveryId, failed);
    expect(await acknowledge(opened, deliveryId)).toMatchObject({ status: 'applied' });
    expect(await openLetters(opened)).toMatchObject({ total: 0 });
    expect((await opened.world.stream()).counts).toMatchObject({ applied: 1, deadLettered: 0 });
  });

  it('G3 one that failed and was applied after a newer version was is superseded, once', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100, { name: 'old' }));
    const older = await onlyItem(opened);
    await acknowledge(opened, older.deliveryId, failed);
    world.source.put(person('s1', 10, { name: 'new' }));
    await acknowledge(opened, (await onlyItem(opened)).deliveryId);
    for (let time = 0; time < 2; time += 1) {
      expect(await acknowledge(opened, older.deliveryId)).toMatchObject({ status: 'stale' });
    }
    expect(await statesOf(opened)).toEqual(['s1 superseded', 's1 applied']);
    expect(await acknowledgements(opened)).toHaveLength(3);
  });

  it('G2 while a write of the record is under way it waits, and once that is known it is decided', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100));
    const { deliveryId } = await onlyItem(opened);
    const subject = { kind: 'delivery', deliveryId, overridesDigest: null } as const;
    await world.port.beginWrites({}, { sync: SYNC, knownContract: null, items: [{ intentId: randomUUID(), subject }] });
    expect(await acknowledge(opened, deliveryId)).toMatchObject({ kind: 'in_progress' });
    expect(await acknowledge(opened, deliveryId, failed)).toMatchObject({ kind: 'in_progress' });
    later(opened);
    expect(await acknowledge(opened, deliveryId)).toMatchObject({ status: 'applied' });
  });

  it('G3 an older write that ends after a newer version was acknowledged is fenced, and turns nothing back', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100, { name: 'old' }));
    const older = await onlyItem(opened);
    const intentId = randomUUID();
    const subject = { kind: 'delivery', deliveryId: older.deliveryId, overridesDigest: null } as const;
    const begun = await world.port.beginWrites({}, { sync: SYNC, knownContract: null, items: [{ intentId, subject }] });
    const [decision] = begun.decisions;
    if (decision?.kind !== 'proceed') throw new Error(decision?.kind);
    later(opened);
    world.source.put(person('s1', 10, { name: 'new' }));
    const newer = await onlyItem(opened);
    await acknowledge(opened, newer.deliveryId);
    const held = await targetRecord(opened);
    const outcome = { kind: 'confirmed', targetId: 't1', created: true, readBack: false } as const;
    const late = { intentId, fence: decision.fence, attempts: 1, writtenDigest: null, outcome };
    expect(await world.port.completeWrites({}, { items: [late] })).toMatchObject({
      results: [{ kind: 'refused', code: 'fenced' }],
    });
    expect(await targetRecord(opened)).toEqual(held);
  });

  it('G1 an old acknowledgement does not settle a record that was sent again because it is gone from the target', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100));
    const first = await onlyItem(opened);
    await acknowledge(opened, first.deliveryId);
    await world.reconcile({ repair: true });
    expect(await acknowledge(opened, first.deliveryId)).toMatchObject({ status: 'stale' });
    expect((await world.stream()).counts).toMatchObject({ open: 1 });
    const again = await onlyItem(opened);
    expect(await acknowledge(opened, again.deliveryId)).toMatchObject({ status: 'applied' });
    expect((await world.stream()).counts).toMatchObject({ open: 0, applied: 1 });
  });

  it('what was acknowledged is what the target has: the same fields under a later time open nothing', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100));
    await acknowledge(opened, (await onlyItem(opened)).deliveryId);
    world.source.put(person('s1', 10));
    expect(await world.items()).toEqual([]);
    expect((await world.stream()).counts).toMatchObject({ applied: 1, unchanged: 1 });
  });

  it('G8 a delivery that is unknown, of another sync or of another environment is not found, and loses nothing', async () => {
    const opened = await open();
    const { world, store } = opened;
    await store.port.applySync({ sync: 'other-sync' }, { contract: syncNamed({ name: 'other-sync' }) });
    const production: Caller = { keyId: 'p', name: 'p', role: 'admin', environment: 'production' };
    await sql`
      insert into syncs
      select 'production', name, bundle_version, bundle, source_system, target_system, target_entity, target_field
      from syncs where name = ${SYNC}
    `.execute(store.database.kysely);
    world.source.put(person('s1', 100));
    const { deliveryId } = await onlyItem(opened);
    for (const wrong of [randomUUID(), 'no-delivery', 's1', '{{trigger.delivery_id}}']) {
      await expect(acknowledge(opened, wrong)).rejects.toMatchObject(notFound);
    }
    await expect(
      world.port.acknowledgeDelivery({}, { sync: 'other-sync', deliveryId, outcome: applied }),
    ).rejects.toMatchObject(notFound);
    await expect(
      store.portFor(production).acknowledgeDelivery({}, { sync: SYNC, deliveryId, outcome: applied }),
    ).rejects.toMatchObject(notFound);
    expect(await statesOf(opened)).toEqual(['s1 open']);
    later(opened);
    expect(await world.items()).toHaveLength(1);
  });

  it('G4 it and its evidence are there together or not at all', async () => {
    const opened = await open();
    const { world, store } = opened;
    world.source.put(person('s1', 100));
    const { deliveryId } = await onlyItem(opened);
    const { kysely } = store.database;
    await sql`alter table evidence add constraint refuse_it check (kind <> 'acknowledged')`.execute(kysely);
    try {
      await expect(acknowledge(opened, deliveryId)).rejects.toThrow(/refuse_it/);
    } finally {
      await sql`alter table evidence drop constraint refuse_it`.execute(kysely);
    }
    expect(await statesOf(opened)).toEqual(['s1 open']);
    expect(await acknowledge(opened, deliveryId)).toMatchObject({ status: 'applied' });
  });
});
