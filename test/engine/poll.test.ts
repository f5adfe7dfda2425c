import { sql } from 'kysely';
import { StoreError } from '../../src/core/protocol/store-error.ts';
import { syncNamed } from '../world/contracts.ts';
import { onEngines, person } from '../world/on-engines.ts';
import { onStores } from '../world/on-stores.ts';

const unavailable = { kind: 'fail', failure: { kind: 'unavailable', reason: 'down' } } as const;
const rejected = { kind: 'fail', failure: { kind: 'rejected', status: 400, reason: 'no such cursor' } } as const;
const pass = { kind: 'pass' } as const;

onStores('G1 polling', (open) => {
  it('G1 a read that fails half-way keeps the pages before it and goes on there', async () => {
    const { world } = await open();
    for (let n = 0; n < 8; n += 1) world.source.put(person(`s${n}`, 100 - n));
    world.source.faults.push(pass, ...Array.from({ length: 6 }, () => unavailable));
    const first = await world.poll();
    expect(first).toMatchObject({ kind: 'items', pages: 1, failure: { kind: 'unavailable' } });
    expect((await world.stream()).checkpoint.fetched.cursor?.id).toBe('s2');
    const items = await world.items();
    expect(items.map(({ externalId }) => externalId)).toEqual(['s3', 's4', 's5', 's6', 's7']);
  });

  it('G1 a page limit ends a poll in the middle, and the next one goes on without reading again', async () => {
    const { world } = await open({ sync: syncNamed({ read: { pagesMax: 1, overlapSeconds: 600 } }) });
    for (let n = 0; n < 7; n += 1) world.source.put(person(`s${n}`, 100 - n));
    const seen = [];
    for (let polls = 0; polls < 3; polls += 1) seen.push(...(await world.items()).map(({ externalId }) => externalId));
    expect(seen).toEqual(['s0', 's1', 's2', 's3', 's4', 's5', 's6']);
    expect(world.source.calls.pages).toBe(3);
  });

  it('G1 records that share one update time over a page edge are all delivered', async () => {
    const { world } = await open();
    for (let n = 0; n < 10; n += 1) world.source.put(person(`s${n}`, 50));
    expect(new Set((await world.items()).map(({ externalId }) => externalId)).size).toBe(10);
  });

  it('G1 what a source leaves out until it is a minute old is not passed by a newer record that it shows', async () => {
    const { world } = await open({ sync: syncNamed({ read: { overlapSeconds: 0 } }) });
    Object.assign(world.source.driver, { exclusionLagMs: 60_000 });
    world.source.put(person('s1', 300));
    world.source.put(person('s3', 10));
    const first = (await world.items()).map(({ externalId }) => externalId);
    expect((await world.stream()).checkpoint.fetched.cursor?.id).toBe('s1');
    world.source.put(person('s2', 40));
    expect(first).toEqual(['s1', 's3']);
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s2']);
  });

  it('G1 a record committed late, below the mark, is found by the overlap and counted as late', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    await world.items();
    world.source.put(person('late', 130));
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['late']);
    expect((await world.stream()).reading).toMatchObject({ pages: 2, late: 1 });
  });

  it('G1 a record dated in the far future is delivered and does not move the mark past later changes', async () => {
    const { world } = await open();
    world.source.put(person('future', -900_000));
    world.source.put(person('s1', 30));
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s1', 'future']);
    world.source.put(person('s2', 10));
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s2']);
  });

  it('G1 a Zap switched off and on keeps its checkpoint and gets what changed meanwhile', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    await world.items();
    world.source.put(person('s2', 20));
    const reopened = await world.port.openStream(
      { sync: 'people-to-contacts', stream: 'main' },
      { start: { kind: 'now' } },
    );
    expect(reopened.created).toBe(false);
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s2']);
  });

  it('G1 a stream that starts now leaves out what changed before', async () => {
    const { world } = await open({ start: 'now' });
    world.source.put(person('old', 100));
    world.source.put(person('new', -1));
    world.clock.nowMs += 5000;
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['new']);
  });

  it('G1 a delivery that nobody acknowledges is handed out again under another ID, first in line', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    const [first] = await world.items();
    world.source.put(person('s2', 10));
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s2']);
    world.clock.nowMs += 61_000;
    world.source.put(person('s3', 5));
    const again = await world.items();
    expect(again.map(({ externalId, attempt }) => [externalId, attempt])).toEqual([
      ['s1', 2],
      ['s2', 2],
      ['s3', 1],
    ]);
    expect(again[0]?.deliveryId).not.toBe(first?.deliveryId);
  });

  it('G1 a delivery never acknowledged ends as a dead letter with an owner', async () => {
    const { world } = await open({ sync: syncNamed({ delivery: { acknowledgeWithinSeconds: 1, attemptsMax: 2 } }) });
    world.source.put(person('s1', 100));
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      expect(await world.items()).toHaveLength(1);
      world.clock.nowMs += 2000;
    }
    expect(await world.items()).toEqual([]);
    const { deadLetters } = await world.port.listDeadLetters({}, { sync: 'people-to-contacts', limit: 10 });
    expect(deadLetters).toMatchObject([{ externalId: 's1', stage: 'deliver', owner: 'ops@example.com', attempts: 2 }]);
    expect((await world.stream()).checkpoint.committed?.id).toBe('s1');
  });

  it('G1 a row without an ID becomes a dead letter once, and the rest of its page goes on', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    world.source.rows.push({ updatedAt: '2026-11-21T11:59:00Z', name: 'nobody' });
    for (let polls = 0; polls < 2; polls += 1) await world.poll();
    const { deadLetters, total } = await world.port.listDeadLetters({}, { sync: 'people-to-contacts', limit: 10 });
    expect(total).toBe(1);
    expect(deadLetters[0]?.externalId).toMatch(/^unidentified:/);
    expect((await world.stream()).counts).toMatchObject({ open: 1, deadLettered: 1 });
  });

  it('G1 a record larger than Zapier carries becomes a dead letter that says so', async () => {
    const { world } = await open();
    world.source.put(person('big', 100, { name: 'x'.repeat(6 * 1024 * 1024) }));
    world.source.put(person('s1', 90));
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s1']);
    const { deadLetters } = await world.port.listDeadLetters({}, { sync: 'people-to-contacts', limit: 10 });
    expect(deadLetters).toMatchObject([
      {
        externalId: 'big',
        stage: 'read',
        reason: expect.stringMatching(/6291\d+ bytes; Zapier carries at most 1500000/),
      },
    ]);
  });

  it('G4 a record that fails validation is held, and committed stays before it', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    world.source.put(person('held', 90, { name: null }));
    world.source.put(person('s2', 80));
    for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
    const status = await world.stream();
    expect(status.counts).toMatchObject({ applied: 2, held: 1, open: 0 });
    expect(status.checkpoint.committed?.id).toBe('s1');
    world.source.put(person('held', 10));
    for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
    expect((await world.stream()).checkpoint.committed?.id).toBe('held');
  });

  it('G4 committed never passes a delivery that is still on its way', async () => {
    const { world } = await open();
    for (let n = 0; n < 3; n += 1) world.source.put(person(`s${n}`, 100 - n));
    const items = await world.items();
    for (const item of items.slice(1)) await world.upsert(item.deliveryId, item.payload);
    expect((await world.stream()).checkpoint.committed).toBeNull();
    const [oldest] = items;
    if (oldest !== undefined) await world.upsert(oldest.deliveryId, oldest.payload);
    expect((await world.stream()).checkpoint.committed?.id).toBe('s2');
  });

  it('G3 of two versions waiting only the newest is handed out, and never two of one record at once', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    const [inFlight] = await world.items();
    world.source.put(person('s1', 50, { name: 'second' }));
    expect(await world.items()).toEqual([]);
    world.source.put(person('s1', 40, { name: 'third' }));
    expect(await world.items()).toEqual([]);
    if (inFlight !== undefined) await world.upsert(inFlight.deliveryId, inFlight.payload);
    const next = await world.items();
    expect(next.map(({ payload }) => payload['name'])).toEqual(['third']);
  });

  it('a change that leaves the mapped fields as they are costs no delivery', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
    world.source.put(person('s1', 10, { unmapped: 'touched' }));
    expect(await world.items()).toEqual([]);
    expect((await world.stream()).counts).toMatchObject({ unchanged: 1, applied: 1, open: 0 });
  });

  it('G1 a version that comes back under the same update time, after another, is delivered again', async () => {
    const { world } = await open();
    const names = ['first', 'second', 'first'];
    for (const name of names) {
      world.source.put(person('s1', 10, { name }));
      const items = await world.items();
      expect(items.map(({ payload }) => payload['name'])).toEqual([name]);
      for (const item of items) await world.upsert(item.deliveryId, item.payload);
    }
    expect(world.target.rows).toMatchObject([{ name: 'first' }]);
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched' });
  });

  it('G1 a record committed late while a sweep was interrupted is found by the next sweep', async () => {
    const { world } = await open();
    for (let n = 0; n < 4; n += 1) world.source.put(person(`s${n}`, 10 - n));
    world.source.faults.push(pass, ...Array.from({ length: 6 }, () => unavailable));
    await world.poll();
    world.source.put(person('late', 11));
    world.clock.nowMs += 900_000;
    world.source.put(person('after', -890));
    const seen = [];
    for (let polls = 0; polls < 3; polls += 1) seen.push(...(await world.items()).map(({ externalId }) => externalId));
    expect(seen).toContain('late');
  });

  it('G1 a held record that passes when it is read again is delivered', async () => {
    const strict = syncNamed({ fields: [{ target: 'name', source: 'name', pattern: 'A.*' }] });
    const { world } = await open({ sync: strict });
    world.source.put(person('s1', 10, { name: 'Bob' }));
    expect(await world.items()).toEqual([]);
    const relaxed = syncNamed({ ticket: 'OPS-2', fields: [{ target: 'name', source: 'name' }] });
    await world.port.applySync({ sync: relaxed.name }, { contract: relaxed });
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s1']);
  });

  it('an expired page token makes the sweep begin again at the mark', async () => {
    const { world } = await open({ sync: syncNamed({ read: { pagesMax: 1 } }) });
    for (let n = 0; n < 4; n += 1) world.source.put(person(`s${n}`, 100 - n));
    await world.items();
    world.source.faults.push(rejected);
    await world.items();
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s3']);
  });

  it('a source that does not sort as asked fails the poll and the checkpoint stays', async () => {
    const { world } = await open();
    const { driver } = world.source;
    world.source.put(person('s1', 100));
    world.source.put(person('s2', 50));
    const readPage = driver.readPage;
    Object.assign(driver, {
      readPage: async (request: Parameters<typeof readPage>[0]) => {
        const reply = await readPage(request);
        return reply.kind === 'page' ? { ...reply, records: reply.records.toReversed() } : reply;
      },
    });
    expect(await world.poll()).toMatchObject({
      items: [],
      failure: { kind: 'malformed', reason: expect.stringMatching(/does not sort by update time/) },
    });
    expect((await world.stream()).checkpoint.fetched).toMatchObject({ cursor: null, token: null });
  });

  it('a source that gives a page token twice fails the poll instead of reading for ever', async () => {
    const { world } = await open();
    const { driver } = world.source;
    world.source.put(person('s1', 100));
    const readPage = driver.readPage;
    Object.assign(driver, {
      readPage: async (request: Parameters<typeof readPage>[0]) => {
        const reply = await readPage({ ...request, token: null });
        return reply.kind === 'page' ? { ...reply, nextToken: 'same' } : reply;
      },
    });
    expect(await world.poll()).toMatchObject({
      failure: { kind: 'malformed', reason: expect.stringMatching(/token that it gave before/) },
    });
    expect(world.source.calls.pages).toBe(2);
  });

  it('a poll costs two round trips to the store and one for each page', async () => {
    const { world } = await open();
    for (let n = 0; n < 7; n += 1) world.source.put(person(`s${n}`, 100 - n));
    await world.items();
    expect(world.storeCalls).toEqual(['openCycle', 'recordPage', 'recordPage', 'recordPage', 'emit']);
  });

  it('G5 the same page and the same hand-out again give the same replies and count once', async () => {
    const { world } = await open();
    const cycleId = '11111111-1111-4111-8111-111111111111';
    const key = { sync: 'people-to-contacts', stream: 'main' };
    const opened = await world.port.openCycle({}, { cycleId, ...key, knownContract: null });
    const again = await world.port.openCycle({}, { cycleId, ...key, knownContract: null });
    expect(again).toMatchObject({ kind: 'opened', fence: opened.kind === 'opened' ? opened.fence : -1 });
    const at = '2026-11-21T11:00:00Z';
    const page = {
      fence: 1,
      page: 0,
      tokenDigest: null,
      pageDigest: 'a'.repeat(64),
      rows: 1,
      first: null,
      last: null,
      records: [
        {
          externalId: 's1',
          updatedAt: at,
          digest: 'b'.repeat(64),
          state: 'ready' as const,
          payload: { name: 'n' },
          reason: null,
        },
      ],
      fetched: { cursor: { updatedAt: at, id: 's1' }, token: null },
    };
    expect(await world.port.recordPage({ cycle: cycleId }, page)).toEqual(
      await world.port.recordPage({ cycle: cycleId }, page),
    );
    const emission = { fence: 1, limit: 10, bytesMax: 1000, failure: null };
    const first = await world.port.emit({ cycle: cycleId }, emission);
    expect(await world.port.emit({ cycle: cycleId }, emission)).toEqual({ ...first, waiting: 0 });
    expect(first.items).toHaveLength(1);
    expect((await world.stream()).counts.deliveries).toBe(1);
  });

  it('G5 a cycle that was taken over cannot record or hand out any more', async () => {
    const { world } = await open();
    const key = { sync: 'people-to-contacts', stream: 'main', knownContract: null };
    const old = '11111111-1111-4111-8111-111111111111';
    await world.port.openCycle({}, { cycleId: old, ...key });
    expect(await world.poll()).toEqual({ kind: 'busy' });
    world.clock.nowMs += 36_000;
    await world.poll();
    const late = world.port.emit({ cycle: old }, { fence: 1, limit: 10, bytesMax: 1000, failure: null });
    await expect(late).rejects.toMatchObject({ kind: 'fenced' });
    await expect(late).rejects.toBeInstanceOf(StoreError);
  });
});

onEngines('G1 polling', (open) => {
  it('G1 one damaged payload becomes a dead letter and does not stop the others', async () => {
    const { world, store } = await open();
    for (let n = 0; n < 3; n += 1) world.source.put(person(`s${n}`, 10 - n));
    expect(await world.items()).toHaveLength(3);
    world.clock.nowMs += 61_000;
    await sql`update obligations set sealed = set_byte(sealed, 40, 255 - get_byte(sealed, 40)) where external_id = 's1'`.execute(
      store.database.kysely,
    );
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s0', 's2']);
    const { deadLetters } = await world.port.listDeadLetters({}, { sync: 'people-to-contacts', limit: 10 });
    expect(deadLetters).toMatchObject([{ externalId: 's1', errorClass: 'unreadable' }]);
  });

  it('G8 a key of another environment sees neither sync nor stream', async () => {
    const { store } = await open();
    const production = store.portFor({ keyId: 'k', name: 'k', role: 'admin', environment: 'production' });
    expect(await production.listSyncs({}, {})).toEqual({ syncs: [] });
    await expect(production.getStream({ sync: 'people-to-contacts', stream: 'main' }, {})).rejects.toMatchObject({
      kind: 'not_found',
    });
  });
});
