import { randomUUID } from 'node:crypto';
import { PAYLOAD_BYTES_MAX } from '../../../src/core/protocol/cycle-routes.ts';
import { applyContracts, syncNamed } from '../../world/contracts.ts';
import { onEngines, person, type Opened } from '../../world/on-engines.ts';
import { deliver, letterOf, letters, refuse, refuseNext, replay, sync } from './letters.ts';

const fields = (...changed: readonly object[]) => ({
  fields: [
    { target: 'name', source: 'name', required: true },
    { target: 'email', source: 'email', sensitive: true },
    { target: 'amount', source: 'amount', type: 'number' },
    ...changed,
  ],
});

const sealedOf = async ({ store }: Opened, externalId: string) =>
  (
    await store.database.kysely
      .selectFrom('obligations')
      .select(['state', 'sealed'])
      .where('external_id', '=', externalId)
      .orderBy('sequence')
      .execute()
  ).map(({ state, sealed }) => `${state} ${sealed === null ? 'dropped' : 'kept'}`);

onEngines('a replay of dead letters', (open) => {
  it('says in a dry run what it would do and does nothing, then does just that', async () => {
    const opened = await open();
    const { world } = opened;
    await refuse(world, 's2', 90);
    await refuse(world, 's1', 100);
    await refuse(world, 's3', 80);
    expect(await sealedOf(opened, 's1')).toEqual(['dead_lettered kept']);
    const before = await world.stream();
    const plan = await replay(world, { dryRun: true });
    expect(plan).toMatchObject({ isDryRun: true, replayId: null, skipped: [], left: 0, evidenceId: null });
    expect(plan.replayed.map(({ externalId }) => externalId)).toEqual(['s1', 's2', 's3']);
    expect(await world.stream()).toEqual(before);
    expect(await deliver(world)).toEqual([]);
    const done = await replay(world, { planDigest: plan.planDigest });
    expect(done).toMatchObject({ isDryRun: false, planDigest: plan.planDigest, replayed: plan.replayed });
    expect((await letters(world, { state: 'closed' })).map(({ closedAs, closedBy }) => [closedAs, closedBy])).toEqual(
      Array.from({ length: 3 }, () => ['replayed', 'test']),
    );
    world.clock.nowMs += 1000;
    expect(await deliver(world)).toEqual(['s1', 's2', 's3']);
    expect(world.target.rows.map(({ externalId }) => externalId)).toEqual(['s1', 's2', 's3']);
    expect((await world.stream()).counts).toMatchObject({ applied: 3, deadLettered: 0, open: 0 });
    expect(await sealedOf(opened, 's1')).toEqual(['applied dropped']);
  });

  it('G4 takes committed back before the record that it opens', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    world.source.put(person('s2', 50));
    await deliver(world);
    expect((await world.stream()).checkpoint.committed?.id).toBe('s2');
    await replay(world);
    expect((await world.stream()).checkpoint.committed).toBeNull();
    await deliver(world);
    expect((await world.stream()).checkpoint.committed?.id).toBe('s2');
  });

  it('G5 gives the same request the same answer, also when it comes twice at once, and is evidence once', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    const request = { requestId: randomUUID() };
    const [one, two] = await Promise.all([replay(world, request), replay(world, request)]);
    expect(one).toEqual(two);
    expect(one.replayed).toHaveLength(1);
    await deliver(world);
    expect(await replay(world, request)).toEqual(one);
    expect(await deliver(world)).toEqual([]);
    const { entries } = await world.port.listEvidence({}, { limit: 1000 });
    expect(entries.filter(({ kind }) => kind === 'replay')).toHaveLength(1);
    await expect(replay(world, { ...request, perMinute: 7 })).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('two replays of one record at once open it once', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    const all = await Promise.all([replay(world), replay(world), replay(world)]);
    expect(all.flatMap(({ replayed }) => replayed)).toHaveLength(1);
    expect(await deliver(world)).toEqual(['s1']);
  });

  it('is refused when the plan that was agreed to is another by now', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    const { planDigest } = await replay(world, { dryRun: true });
    await refuse(world, 's2', 90);
    await expect(replay(world, { planDigest })).rejects.toMatchObject({ kind: 'conflict' });
    expect(await letters(world)).toHaveLength(2);
  });

  it('hands out no more a minute than it was told, and a second one queues behind the first', async () => {
    const { world } = await open();
    for (const [place, id] of ['s1', 's2', 's3'].entries()) await refuse(world, id, 100 - place);
    await replay(world, { perMinute: 1, selection: { kind: 'slice', slice: { externalId: 's1' } } });
    await replay(world, { perMinute: 1 });
    for (const id of ['s1', 's2', 's3']) {
      expect(await deliver(world)).toEqual([id]);
      expect(await deliver(world)).toEqual([]);
      world.clock.nowMs += 60_000;
    }
  });

  it('G3 leaves alone what has a newer version, read or on the target', async () => {
    const { world } = await open();
    await refuse(world, 'read');
    await refuse(world, 'applied', 95);
    world.source.put(person('read', 20));
    const [newer] = await world.items();
    const skipped = async () => (await replay(world, { dryRun: true })).skipped;
    expect(await skipped()).toMatchObject([
      { externalId: 'read', obstacle: 'newer_version', reason: expect.stringContaining('read') },
    ]);
    await world.upsert(newer?.deliveryId ?? '', newer?.payload ?? {});
    expect(await skipped()).toEqual([]);
    const subject = { kind: 'record', externalId: 'applied', updatedAt: '2026-11-21T11:59:59Z' } as const;
    const digest = 'd'.repeat(64);
    const intentId = randomUUID();
    const { decisions } = await world.port.beginWrites(
      {},
      {
        sync,
        knownContract: null,
        items: [{ intentId, subject: { ...subject, version: { updatedAt: subject.updatedAt, digest } } }],
      },
    );
    const [decision] = decisions;
    if (decision?.kind !== 'proceed') throw new Error('Expected to proceed');
    const [letter] = await letters(world);
    const outcome = { kind: 'confirmed', targetId: 't9', created: true, readBack: false } as const;
    await world.port.completeWrites({}, { items: [{ intentId, fence: decision.fence, attempts: 1, outcome }] });
    expect(await replay(world, { selection: { kind: 'ids', ids: [letter?.id ?? ''] } })).toMatchObject({
      replayed: [],
      skipped: [{ externalId: 'applied', obstacle: 'closed', reason: expect.stringContaining('applied') }],
    });
  });

  it('G3 a newer version that is read while a replayed one waits goes first, and the older never', async () => {
    const { world } = await open();
    await refuse(world, 's1', 100, { name: 'old' });
    await refuse(world, 's0', 110);
    await replay(world, { perMinute: 1 });
    world.source.put(person('s1', 10, { name: 'new' }));
    expect(await deliver(world)).toEqual(['s0', 's1']);
    world.clock.nowMs += 120_000;
    expect(await deliver(world)).toEqual([]);
    expect(world.target.rows).toMatchObject([{ externalId: 's0' }, { externalId: 's1', name: 'new' }]);
  });

  it('names each that it leaves out and why', async () => {
    const { world } = await open();
    const unknown = randomUUID();
    await refuse(world, 'closed');
    const closed = await letterOf(world, 'closed');
    await world.port.resolveDeadLetter({ deadLetter: closed.id }, { reason: 'not needed' });
    world.source.put(person('large', 90, { name: 'x'.repeat(PAYLOAD_BYTES_MAX) }));
    await world.items();
    const large = await letterOf(world, 'large');
    const ids = [closed.id, large.id, unknown];
    const { replayed, skipped } = await replay(world, { selection: { kind: 'ids', ids } });
    expect(replayed).toEqual([]);
    expect(skipped.map(({ id, obstacle }) => [id, obstacle])).toEqual([
      [closed.id, 'closed'],
      [large.id, 'payload_dropped'],
      [unknown, 'not_found'],
    ]);
  });

  it('takes only the slice that it is given', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    world.clock.nowMs += 60_000;
    await refuse(world, 's2', 90);
    const from = new Date(world.clock.nowMs).toISOString();
    const chosen = async (slice: object) =>
      (await replay(world, { dryRun: true, selection: { kind: 'slice', slice } })).replayed.map(
        (one) => one.externalId,
      );
    expect(await chosen({ openedAfter: from })).toEqual(['s2']);
    expect(await chosen({ openedBefore: from })).toEqual(['s1']);
    expect(await chosen({ stage: 'write', errorClass: 'http_422', stream: 'main' })).toEqual(['s1', 's2']);
    expect(await chosen({ stage: 'deliver' })).toEqual([]);
    expect(await chosen({ errorClass: 'http_400' })).toEqual([]);
    expect(await chosen({ stream: 'other' })).toEqual([]);
    expect(await chosen({ externalId: "s1' or true --" })).toEqual([]);
  });

  it('refuses what the contract of now refuses, naming the rule, until the contract lets it through', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    const { contractVersion } = await letterOf(world, 's1');
    const strict = { target: 'name', source: 'name', required: true, pattern: '[A-Z]+' };
    const { fields: all } = fields();
    await applyContracts(world.port, syncNamed({ fields: [strict, ...all.slice(1)], ticket: 'OPS-2' }));
    const judged = await letterOf(world, 's1');
    expect(judged.contractVersion).toBe(contractVersion);
    expect(judged.contractVersionNow).not.toBe(contractVersion);
    expect(judged.replay).toEqual({
      kind: 'refused',
      obstacle: 'fails_validation',
      reason: 'name does not match the pattern',
    });
    expect((await replay(world)).replayed).toEqual([]);
    await applyContracts(world.port, syncNamed({ ticket: 'OPS-3' }));
    expect((await letterOf(world, 's1')).replay).toEqual({ kind: 'possible' });
    expect((await replay(world)).replayed).toHaveLength(1);
  });

  it('refuses what would have to be read again, because the contract maps it in another way', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    await applyContracts(world.port, syncNamed({ ...fields({ target: 'phone', source: 'phone' }), ticket: 'OPS-2' }));
    expect((await replay(world)).skipped).toMatchObject([
      { obstacle: 'remapped', reason: expect.stringMatching(/reconcile with repair\): phone$/) },
    ]);
  });

  it('one that is given up on again carries its attempts and its history on', async () => {
    const { world } = await open();
    await refuse(world, 's1');
    for (let round = 0; round < 2; round += 1) {
      await replay(world);
      await refuseNext(world);
    }
    const letter = await letterOf(world, 's1');
    expect(letter).toMatchObject({ attempts: 1, attemptsTotal: 3 });
    expect(letter.history.map(({ closedAs, attemptsTotal }) => [closedAs, attemptsTotal])).toEqual([
      ['replayed', 2],
      ['replayed', 1],
    ]);
    expect(await letters(world, { state: 'any' })).toHaveLength(3);
  });

  it('a payload that is damaged is named and stays where it is', async () => {
    const { world, store } = await open();
    await refuse(world, 's1');
    await store.database.kysely
      .updateTable('obligations')
      .set({ sealed: Buffer.alloc(60) })
      .execute();
    expect((await replay(world)).skipped).toMatchObject([{ externalId: 's1', obstacle: 'payload_unreadable' }]);
    expect(await letters(world)).toHaveLength(1);
  });

  it('G8 sees and touches nothing of the other environment', async () => {
    const { world, store } = await open();
    await refuse(world, 's1');
    const { id } = await letterOf(world, 's1');
    const production = store.portFor({ keyId: 'k', name: 'k', role: 'admin', environment: 'production' });
    await expect(production.getDeadLetter({ deadLetter: id }, {})).rejects.toMatchObject({ kind: 'not_found' });
    await expect(production.resolveDeadLetter({ deadLetter: id }, { reason: 'x' })).rejects.toMatchObject({
      kind: 'not_found',
    });
    await expect(
      production.replayDeadLetters(
        {},
        { requestId: randomUUID(), sync, selection: { kind: 'ids', ids: [id] }, dryRun: false },
      ),
    ).rejects.toMatchObject({ kind: 'not_found' });
    expect(await letters(world)).toHaveLength(1);
  });
});
