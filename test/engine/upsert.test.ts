import { hideSensitive, SEALED } from '../../src/core/mapping/sensitive.ts';
import { UNKNOWN_QUARANTINE_MS, WRITE_LEASE_MS } from '../../src/core/protocol/write-routes.ts';
import { syncNamed } from '../world/contracts.ts';
import { person } from '../world/on-engines.ts';
import { onStores } from '../world/on-stores.ts';
import type { World } from '../world/world.ts';

const lost = { kind: 'unknown', answered: false, reason: 'no reply' } as const;
const answered = { kind: 'unknown', answered: true, reason: 'status 500' } as const;
const pass = { kind: 'pass' } as const;

const one = async (world: World, id = 's1') => {
  world.source.put(person(id, 100));
  const [item] = await world.items();
  if (item === undefined) throw new Error('Expected a delivery');
  return item;
};

onStores('G2 writing', (open) => {
  it('G2 a create whose reply is lost after the effect is found by read-back and not repeated', async () => {
    const { world } = await open();
    const item = await one(world);
    world.target.faults.push(pass, { kind: 'fail_after', failure: lost });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({
      kind: 'done',
      status: 'found',
      targetId: 't1',
    });
    expect(world.target.rows).toHaveLength(1);
    expect(world.target.calls).toMatchObject({ writes: 1, finds: 2 });
  });

  it('G2 a 500 after the effect is found by read-back and not repeated', async () => {
    const { world } = await open();
    const item = await one(world);
    world.target.faults.push(pass, { kind: 'fail_after', failure: answered });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'done', targetId: 't1' });
    expect(world.target.rows).toHaveLength(1);
  });

  it('G2 a 500 without the effect is written again at once, since the target has answered', async () => {
    const { world } = await open();
    const item = await one(world);
    const begun = world.clock.nowMs;
    world.target.faults.push(pass, { kind: 'fail', failure: answered });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'done', status: 'created' });
    expect(world.target.rows).toHaveLength(1);
    expect(world.clock.nowMs - begun).toBeLessThan(UNKNOWN_QUARANTINE_MS);
  });

  it('G2 a lost create that arrives late, after the read-back saw nothing, makes no second record', async () => {
    const { world } = await open();
    const item = await one(world);
    const { driver } = world.target;
    const { write, find } = driver;
    const arrivalMs = world.clock.nowMs + UNKNOWN_QUARANTINE_MS - 1;
    let underway: (() => Promise<unknown>) | undefined;
    Object.assign(driver, {
      write: (request: Parameters<typeof write>[0]) => {
        underway = () => write(request);
        return Promise.resolve({ kind: 'failed', failure: lost });
      },
      find: async (...query: Parameters<typeof find>) => {
        if (world.clock.nowMs >= arrivalMs && world.target.rows.length === 0) await underway?.();
        return find(...query);
      },
    });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'done', status: 'found' });
    expect(world.target.rows).toHaveLength(1);
  });

  it('G2 two runs of one delivery at once: the second waits and then finds it applied', async () => {
    const { world } = await open();
    const item = await one(world);
    const { driver } = world.target;
    const write = driver.write;
    let second: unknown;
    Object.assign(driver, {
      write: async (request: Parameters<typeof write>[0]) => {
        second ??= await world.upsert(item.deliveryId, item.payload);
        return write(request);
      },
    });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ status: 'created' });
    expect(second).toMatchObject({ kind: 'retry', reason: 'Another run is writing this record' });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({
      status: 'already_applied',
      targetId: 't1',
    });
    expect(world.target.rows).toHaveLength(1);
  });

  it('G2 a run that died after the write, before it told the store, is resolved by read-back when its lease ends', async () => {
    const { world } = await open();
    const item = await one(world);
    const intentId = '11111111-1111-4111-8111-111111111111';
    const subject = { kind: 'delivery' as const, deliveryId: item.deliveryId, overridesDigest: null };
    const items = [{ intentId, subject }];
    await world.port.beginWrites({}, { sync: 'people-to-contacts', knownContract: null, items });
    await world.target.driver.write({ kind: 'create', fields: { ...item.payload, amount: 1.5, externalId: 's1' } });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'retry' });
    world.clock.nowMs += WRITE_LEASE_MS + 1;
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({
      kind: 'done',
      status: 'found',
      targetId: 't1',
    });
    expect(world.target.rows).toHaveLength(1);
    const late = { intentId, fence: 1, attempts: 1, outcome: { kind: 'unknown' as const, reason: 'late' } };
    expect(await world.port.completeWrites({}, { items: [late] })).toMatchObject({
      results: [{ kind: 'refused', code: 'fenced' }],
    });
  });

  it('G2 an effect that stays unknown leaves the record open, keeps others out, and is looked for before any retry', async () => {
    const { world } = await open();
    const item = await one(world);
    const down = { kind: 'fail', failure: { kind: 'rejected', status: 400, reason: 'bad filter' } } as const;
    world.target.faults.push(pass, { kind: 'fail_after', failure: lost }, down);
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({
      kind: 'retry',
      afterMs: UNKNOWN_QUARANTINE_MS,
    });
    expect((await world.stream()).counts).toMatchObject({ open: 1, applied: 0 });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'retry' });
    world.clock.nowMs += UNKNOWN_QUARANTINE_MS;
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'done', status: 'found' });
    expect(world.target.calls.writes).toBe(1);
  });

  it('G2 a target that holds two copies already gets no third: the record becomes a dead letter', async () => {
    const { world } = await open();
    const item = await one(world);
    world.target.put({ id: 'a', externalId: 's1' });
    world.target.put({ id: 'b', externalId: 's1' });
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({
      kind: 'rejected',
      reason: expect.stringMatching(/holds 2 records/),
    });
    expect(world.target.calls.writes).toBe(0);
  });

  it('G2 a target record deleted by hand is created anew, once', async () => {
    const { world } = await open();
    const first = await one(world);
    await world.upsert(first.deliveryId, first.payload);
    world.target.rows.splice(0);
    world.source.put(person('s1', 10, { name: 'changed' }));
    const [item] = await world.items();
    expect(await world.upsert(item?.deliveryId ?? '', item?.payload ?? {})).toMatchObject({
      kind: 'done',
      status: 'created',
    });
    expect(world.target.rows).toHaveLength(1);
  });

  it('G3 a delivery of an older version after a newer one was written is stale and writes nothing', async () => {
    const { world } = await open();
    const old = await one(world);
    world.clock.nowMs += 61_000;
    world.source.put(person('s1', 10, { name: 'newer' }));
    const [item] = await world.items();
    await world.upsert(item?.deliveryId ?? '', item?.payload ?? {});
    expect(await world.upsert(old.deliveryId, old.payload)).toMatchObject({
      kind: 'done',
      status: 'stale',
      targetId: 't1',
    });
    expect(world.target.rows).toMatchObject([{ name: 'newer' }]);
  });

  it('G3 a version dated in the far future by mistake gives way to its correction', async () => {
    const { world } = await open();
    world.source.put(person('s1', -900_000_000, { name: 'dated 2055' }));
    const [bogus] = await world.items();
    await world.upsert(bogus?.deliveryId ?? '', bogus?.payload ?? {});
    world.clock.nowMs += 10_000;
    world.source.put(person('s1', -5, { name: 'corrected' }));
    const [corrected] = await world.items();
    expect(await world.upsert(corrected?.deliveryId ?? '', corrected?.payload ?? {})).toMatchObject({
      status: 'updated',
    });
    expect(world.target.rows).toMatchObject([{ name: 'corrected' }]);
  });

  it('a native upsert is one request, and a lost reply of it is resolved the same way', async () => {
    const { world } = await open({ target: { nativeUpsert: true } });
    const item = await one(world);
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ status: 'created' });
    expect(world.target.calls).toMatchObject({ writes: 1, finds: 0 });
    const next = await one(world, 's2');
    world.target.faults.push({ kind: 'fail_after', failure: lost });
    expect(await world.upsert(next.deliveryId, next.payload)).toMatchObject({ status: 'found' });
    expect(world.target.rows).toHaveLength(2);
  });

  it('an upsert costs two round trips to the store, and one when nothing is to be written', async () => {
    const { world } = await open();
    const item = await one(world);
    world.storeCalls.splice(0);
    await world.upsert(item.deliveryId, item.payload);
    expect(world.storeCalls).toEqual(['beginWrites', 'completeWrites']);
    await world.upsert(item.deliveryId, item.payload);
    expect(world.storeCalls).toEqual(['beginWrites', 'completeWrites', 'beginWrites']);
  });

  it('a record that the target refuses becomes a dead letter, and a newer version closes it', async () => {
    const { world } = await open();
    const item = await one(world);
    world.target.faults.push(pass, { kind: 'fail', failure: { kind: 'rejected', status: 422, reason: 'refused' } });
    expect(await world.upsert(item.deliveryId, item.payload)).toEqual({
      kind: 'rejected',
      externalId: 's1',
      reason: 'refused',
    });
    const list = () => world.port.listDeadLetters({}, { sync: 'people-to-contacts', limit: 10 });
    expect((await list()).deadLetters).toMatchObject([{ externalId: 's1', stage: 'write', errorClass: 'http_422' }]);
    expect((await world.stream()).checkpoint.committed?.id).toBe('s1');
    world.source.put(person('s1', 10, { name: 'better' }));
    const [next] = await world.items();
    await world.upsert(next?.deliveryId ?? '', next?.payload ?? {});
    expect((await list()).total).toBe(0);
  });

  it('a target that cannot be reached leaves the record open for another attempt', async () => {
    const { world } = await open();
    const item = await one(world);
    for (let attempt = 0; attempt < 8; attempt += 1) {
      world.target.faults.push({ kind: 'fail', failure: { kind: 'unavailable', reason: 'down' } });
    }
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'retry', reason: 'down' });
    world.target.faults.splice(0);
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'done', status: 'created' });
  });

  it('G7 a sensitive value is hidden from the Zap and still reaches the target', async () => {
    const { world } = await open();
    const item = await one(world);
    const shown = hideSensitive(syncNamed(), item.payload);
    expect(shown).toMatchObject({ email: SEALED, name: 'Name of s1' });
    await world.upsert(item.deliveryId, shown);
    expect(world.target.rows).toMatchObject([{ email: 's1@example.com' }]);
  });

  it('a value that the Zap overrides is written, and one that breaks the contract is refused', async () => {
    const { world } = await open();
    const item = await one(world);
    expect(await world.upsert(item.deliveryId, item.payload, { name: 'By the Zap' })).toMatchObject({ kind: 'done' });
    expect(world.target.rows).toMatchObject([{ name: 'By the Zap', externalId: 's1' }]);
    const next = await one(world, 's2');
    expect(await world.upsert(next.deliveryId, next.payload, { amount: 'much' })).toEqual({
      kind: 'rejected',
      externalId: 's2',
      reason: 'amount is not a number',
    });
    expect(world.target.rows).toHaveLength(1);
  });

  it('a Zap that passes on none of the fields still writes the whole record', async () => {
    const { world } = await open();
    const item = await one(world);
    await world.upsert(item.deliveryId, {});
    expect(world.target.rows).toMatchObject([{ name: 'Name of s1', email: 's1@example.com', amount: 1.5 }]);
  });

  it('a version written with other fields is not taken for the observed one', async () => {
    const { world } = await open();
    const item = await one(world);
    await world.upsert(item.deliveryId, item.payload, { name: 'By the Zap' });
    world.source.put(person('s1', 5));
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s1']);
  });

  it('G3 after an effect that is unknown, a failed second look keeps an older version out', async () => {
    const { world } = await open();
    const item = await one(world);
    const down = { kind: 'fail', failure: { kind: 'rejected', status: 400, reason: 'bad filter' } } as const;
    world.target.faults.push(pass, { kind: 'fail', failure: lost }, pass, down);
    expect(await world.upsert(item.deliveryId, item.payload)).toMatchObject({ kind: 'retry', reason: 'no reply' });
    const older = {
      kind: 'record' as const,
      externalId: 's1',
      version: { updatedAt: '2026-11-21T10:00:00Z', digest: 'c'.repeat(64) },
    };
    const items = [{ intentId: '11111111-1111-4111-8111-111111111111', subject: older }];
    world.clock.nowMs += UNKNOWN_QUARANTINE_MS + 1;
    expect(await world.port.beginWrites({}, { sync: 'people-to-contacts', knownContract: null, items })).toMatchObject({
      decisions: [{ kind: 'stale' }],
    });
  });

  it('a delivery of another sync, or one that never was, is named as unknown', async () => {
    const { world } = await open();
    expect(await world.upsert('sample-1', {})).toMatchObject({
      kind: 'refused',
      code: 'not_found',
      reason: expect.stringMatching(/Cannot find delivery "sample-1"/),
    });
    expect(await world.upsert('11111111-1111-4111-8111-111111111111', {})).toMatchObject({ code: 'not_found' });
  });
});
