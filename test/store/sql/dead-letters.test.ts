import { randomUUID } from 'node:crypto';
import { PAYLOAD_BYTES_MAX } from '../../../src/core/protocol/cycle-routes.ts';
import { onEngines, person, type Opened } from '../../world/on-engines.ts';
import type { World } from '../../world/world.ts';
import { deliver, letterOf, letters, refuse, refuseNext, replay, sync } from './letters.ts';

const waiver = { person: 'Grace Hopper', ticket: 'OPS-77' };

const obligationOf = ({ store }: Opened, externalId: string) =>
  store.database.kysely
    .selectFrom('obligations')
    .select(['state', 'sealed'])
    .where('external_id', '=', externalId)
    .execute();

const evidenceOf = async (world: World, kind: string) =>
  (await world.port.listEvidence({}, { limit: 1000 })).entries.filter((entry) => entry.kind === kind);

const handOut = async (world: World, id: string, change: object = {}) => {
  world.source.put(person(id, 100, change));
  const [item] = await world.items();
  if (item === undefined) throw new Error('Expected an item');
  return item;
};

const giveUp = (world: World, deliveryId: string, reason = 'no such country') =>
  world.port.deadLetterRecord({}, { sync, deliveryId, errorClass: 'no_match', reason });

onEngines('dead letters', (open) => {
  it('say where, why, under which contract and on which poll, and what a replay would do', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    const bundle = await world.port.getSync({ sync }, {});
    expect(await letterOf(world, 's1')).toMatchObject({
      sync,
      stream: 'main',
      stage: 'write',
      errorClass: 'http_422',
      attempts: 1,
      attemptsTotal: 1,
      owner: 'ops@example.com',
      contractVersion: bundle.version,
      contractVersionNow: bundle.version,
      traceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      replay: { kind: 'possible' },
      closedAt: null,
      history: [],
    });
  });

  it('G7 show fields by pseudonyms, equal for equal values, and keep no value', async () => {
    const { world, store } = await open();
    await refuse(world, 's1', 100, { name: 'Ada Lovelace', email: 'same@private.example', amount: null });
    await refuse(world, 's2', 90, { name: 'Bob', email: 'same@private.example' });
    const [one, two] = [await letterOf(world, 's1'), await letterOf(world, 's2')];
    expect(one.context.map(({ field }) => field)).toEqual(['name', 'email', 'amount']);
    expect(one.context[1]).toEqual(two.context[1]);
    expect(one.context[0]?.pseudonym).not.toBe(two.context[0]?.pseudonym);
    expect(one.context[2]).toEqual({ field: 'amount', pseudonym: null });
    const rows = await store.database.kysely.selectFrom('dead_letters').selectAll().execute();
    expect(JSON.stringify([one, two, rows])).not.toMatch(/Lovelace|private\.example/);
  });

  it('G1 the open one is that of the latest version: an older one that fails after it is filed as superseded', async () => {
    const opened = await open();
    const { world } = opened;
    const older = await handOut(world, 's1');
    world.source.put(person('s1', 50, { name: 'x'.repeat(PAYLOAD_BYTES_MAX) }));
    await world.items();
    const newer = await letterOf(world, 's1');
    expect(newer.stage).toBe('read');
    const failure = { kind: 'rejected', status: 422, reason: 'refused' } as const;
    world.target.faults.push({ kind: 'pass' }, { kind: 'fail', failure });
    await world.upsert(older.deliveryId, older.payload);
    expect((await letterOf(world, 's1')).id).toBe(newer.id);
    expect(await letters(world, { state: 'closed' })).toMatchObject([{ stage: 'write', closedAs: 'superseded' }]);
    expect((await obligationOf(opened, 's1')).every(({ sealed }) => sealed === null)).toBe(true);
  });

  it('G1 an older version that reaches the target closes nothing of a newer one', async () => {
    const { world } = await open();
    const older = await handOut(world, 's1');
    world.source.put(person('s1', 50, { name: 'x'.repeat(PAYLOAD_BYTES_MAX) }));
    await world.items();
    await world.upsert(older.deliveryId, older.payload);
    expect(world.target.rows).toHaveLength(1);
    expect(await letterOf(world, 's1')).toMatchObject({ stage: 'read', errorClass: 'unusable' });
    world.source.put(person('s1', 10, { name: 'small again' }));
    await deliver(world);
    expect(await letters(world)).toEqual([]);
  });

  it.each(['write', 'zap'] as const)(
    'one of stage %s whose record went back to what the target has is closed by that, and its payload dropped',
    async (stage) => {
      const opened = await open();
      const { world } = opened;
      const first = await handOut(world, 's1');
      await world.upsert(first.deliveryId, first.payload);
      world.source.put(person('s1', 60, { name: 'refused' }));
      const [item] = await world.items();
      if (stage === 'write') {
        const failure = { kind: 'rejected', status: 422, reason: 'refused' } as const;
        world.target.faults.push({ kind: 'fail', failure });
        await world.upsert(item?.deliveryId ?? '', item?.payload ?? {});
      } else {
        await giveUp(world, item?.deliveryId ?? '');
      }
      expect(await letterOf(world, 's1')).toMatchObject({ stage, replay: { kind: 'possible' } });
      const writes = () => world.target.calls.writes;
      const before = writes();
      world.source.put(person('s1', 30));
      await deliver(world);
      expect(writes()).toBe(before);
      expect(await letters(world)).toEqual([]);
      expect((await obligationOf(opened, 's1')).every(({ sealed }) => sealed === null)).toBe(true);
    },
  );

  it('are listed by what is asked for, a page at a time, in the order of filing', async () => {
    const { world } = await open();
    for (const [place, id] of ['s1', 's2', 's3'].entries()) await refuse(world, id, 100 - place);
    const page = (after: number) => world.port.listDeadLetters({}, { sync, limit: 2, after });
    const first = await page(0);
    expect(first.deadLetters.map(({ externalId }) => externalId)).toEqual(['s1', 's2']);
    expect(first.total).toBe(3);
    const second = await page(first.nextAfter ?? 0);
    expect(second).toMatchObject({ deadLetters: [{ externalId: 's3' }], total: 3, nextAfter: null });
    expect(await letters(world, { externalId: 's2' })).toMatchObject([{ externalId: 's2' }]);
    expect(await letters(world, { externalId: "s2' or 'a' = 'a" })).toEqual([]);
    expect(await letters(world, { stage: 'zap' })).toEqual([]);
    expect(await letters(world, { state: 'closed' })).toEqual([]);
    await expect(letters(world, { sync: 'no-such-sync' })).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('are resolved with a reason in the name of the key, the same again is the same, and another is refused', async () => {
    const opened = await open();
    const { world } = opened;
    await refuse(world, 's1');
    const { id } = await letterOf(world, 's1');
    const resolve = (reason: string) => world.port.resolveDeadLetter({ deadLetter: id }, { reason });
    const resolved = await resolve('merged by hand');
    expect(resolved).toMatchObject({ closedAs: 'resolved', closedReason: 'merged by hand', closedBy: 'test' });
    expect(await resolve('merged by hand')).toEqual(resolved);
    await expect(resolve('something else')).rejects.toMatchObject({ kind: 'conflict' });
    expect(await obligationOf(opened, 's1')).toMatchObject([{ state: 'dead_lettered', sealed: null }]);
    expect(await evidenceOf(world, 'dead_letter_resolved')).toHaveLength(1);
    expect(await evidenceOf(world, 'waiver')).toEqual([]);
    expect((await replay(world)).replayed).toEqual([]);
  });

  it('are waived only when that is said, by a person with a ticket', async () => {
    const opened = await open();
    const { world } = opened;
    await refuse(world, 's1');
    const { id } = await letterOf(world, 's1');
    const resolve = (request: object) =>
      world.port.resolveDeadLetter({ deadLetter: id }, { reason: 'is a test record of s1', ...request });
    await expect(resolve({ waive: true })).rejects.toThrow(/person and ticket/);
    await expect(resolve({ waiver })).rejects.toThrow(/person and ticket/);
    await expect(resolve({ waive: true, waiver: { person: '', ticket: 'T' } })).rejects.toThrow(/>=1 char/);
    expect(await obligationOf(opened, 's1')).toMatchObject([{ state: 'dead_lettered' }]);
    expect(await resolve({ waive: true, waiver })).toMatchObject({
      closedAs: 'waived',
      waivedBy: 'Grace Hopper',
      ticket: 'OPS-77',
    });
    expect(await obligationOf(opened, 's1')).toMatchObject([{ state: 'waived', sealed: null }]);
    const [entry] = await evidenceOf(world, 'waiver');
    expect(JSON.parse(entry?.leaf ?? '{}')).toMatchObject({ body: { ...waiver, name: 'test' } });
    expect(entry?.leaf).not.toContain('test record');
    expect(await deliver(world)).toEqual([]);
  });

  it('a Zap gives up on a delivery: the record is a dead letter of its own stage, and the same again is the same', async () => {
    const { world } = await open();
    const { deliveryId, payload } = await handOut(world, 's1');
    const given = await giveUp(world, deliveryId);
    expect(given).toMatchObject({
      kind: 'dead_lettered',
      deadLetter: { externalId: 's1', stage: 'zap', errorClass: 'no_match', reason: 'no such country', attempts: 1 },
    });
    expect(await giveUp(world, deliveryId)).toEqual(given);
    expect(await evidenceOf(world, 'dead_letter')).toHaveLength(1);
    expect((await world.stream()).checkpoint.committed?.id).toBe('s1');
    expect(await world.upsert(deliveryId, payload)).toMatchObject({ kind: 'rejected', reason: 'no such country' });
    world.clock.nowMs += 61_000;
    expect(await deliver(world)).toEqual([]);
    await replay(world);
    expect(await deliver(world)).toEqual(['s1']);
  });

  it('G7 what a Zap says loses the values of sensitive fields', async () => {
    const { world } = await open();
    const { deliveryId } = await handOut(world, 's1', { name: 'Ada', email: 'ada@private.example' });
    await giveUp(world, deliveryId, 'Ada with ADA@private.example is not known');
    expect((await letterOf(world, 's1')).reason).toMatch(/^Ada with \[email [0-9a-f]{16}\] is not known$/);
  });

  it('a Zap cannot give up on what is settled, nor on what another run is writing, nor on what never was', async () => {
    const { world } = await open();
    const { deliveryId } = await handOut(world, 's1');
    const begun = { intentId: randomUUID(), subject: { kind: 'delivery', deliveryId, overridesDigest: null } } as const;
    const { decisions } = await world.port.beginWrites({}, { sync, knownContract: null, items: [begun] });
    expect(await giveUp(world, deliveryId)).toMatchObject({ kind: 'in_progress', retryAfterMs: 50_000 });
    const [decision] = decisions;
    if (decision?.kind !== 'proceed') throw new Error('Expected to proceed');
    const outcome = { kind: 'confirmed', targetId: 't1', created: true, readBack: false } as const;
    const { intentId } = begun;
    await world.port.completeWrites({}, { items: [{ intentId, fence: decision.fence, attempts: 1, outcome }] });
    expect(await giveUp(world, deliveryId)).toEqual({ kind: 'settled', externalId: 's1', state: 'applied' });
    expect(await letters(world)).toEqual([]);
    await expect(giveUp(world, randomUUID())).rejects.toMatchObject({ kind: 'not_found' });
    await expect(giveUp(world, 'sample-1')).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('a newer version that is refused too takes over, with the attempts of both', async () => {
    const opened = await open();
    const { world } = opened;
    await refuse(world, 's1');
    world.source.put(person('s1', 20, { name: 'newer' }));
    await refuseNext(world);
    expect(await letterOf(world, 's1')).toMatchObject({ attemptsTotal: 2, history: [{ closedAs: 'superseded' }] });
    expect((await obligationOf(opened, 's1')).filter(({ sealed }) => sealed !== null)).toHaveLength(1);
  });
});
