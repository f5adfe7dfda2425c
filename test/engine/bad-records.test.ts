import { digestText } from '../../src/core/digest.ts';
import { REQUEST_BYTES_MAX } from '../../src/core/protocol/cycle-routes.ts';
import type { WriteRequest } from '../../src/core/system/entity-driver.ts';
import { syncNamed } from '../world/contracts.ts';
import { person } from '../world/on-engines.ts';
import { onStores } from '../world/on-stores.ts';
import type { World } from '../world/world.ts';

const longId = 'x'.repeat(1000);
const filedLongId = `${'x'.repeat(100)}...${digestText(JSON.stringify(longId))}`;
const longReason = `down ${'\u{1F600}'.repeat(2000)}`;

const deliverAll = async (world: World): Promise<void> => {
  for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
};

const letters = (world: World) => world.port.listDeadLetters({}, { sync: 'people-to-contacts', limit: 10 });

onStores('records that nobody should send', (open) => {
  it('G1 a record with half a character in it is held, and the rest of its page goes on', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    world.source.put(person('bad', 90, { name: 'half \ud800' }));
    world.source.put(person('s2', 80));
    await deliverAll(world);
    expect(world.target.rows.map(({ externalId }) => externalId)).toEqual(['s1', 's2']);
    expect((await world.stream()).counts).toMatchObject({ applied: 2, held: 1, open: 0 });
    await deliverAll(world);
    expect((await world.stream()).counts).toMatchObject({ applied: 2, held: 1, open: 0 });
  });

  it('G1 the same record without it is delivered', async () => {
    const { world } = await open();
    world.source.put(person('bad', 90, { name: 'half \ud800' }));
    await deliverAll(world);
    world.source.put(person('bad', 10, { name: 'whole' }));
    await deliverAll(world);
    expect(world.target.rows).toMatchObject([{ externalId: 'bad', name: 'whole' }]);
    expect((await world.stream()).counts).toMatchObject({ applied: 1, held: 0, superseded: 1 });
  });

  it('G6 a target value with half a character in it differs, and stalls no reconciliation', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    world.source.put(person('s2', 90));
    await deliverAll(world);
    world.target.put({ id: 't1', name: 'half \ud800', amount: Infinity });
    expect(await world.reconcile()).toMatchObject({
      verdict: 'mismatched',
      counts: { source: 2, matched: 1, changed: 1 },
      differences: [{ externalId: 's1', fields: ['name', 'amount'] }],
    });
  });

  it('G1 a record with an ID of a thousand characters becomes a dead letter once, also as the last one read', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    world.source.put(person(longId, 90));
    await deliverAll(world);
    await deliverAll(world);
    const { deadLetters, total } = await letters(world);
    expect([total, deadLetters[0]?.externalId]).toEqual([1, filedLongId]);
    expect((await world.stream()).counts).toMatchObject({ applied: 1, deadLettered: 1 });
  });

  it('G6 a reconciliation names it under the same name, and comes to its end', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    world.source.put(person(longId, 90));
    await deliverAll(world);
    expect(await world.reconcile({ repair: true })).toMatchObject({
      state: 'finished',
      verdict: 'mismatched',
      differences: [{ externalId: filedLongId, kind: 'missing', disposition: 'confirmed' }],
    });
  });

  it('G6 a record that a page gives twice is compared once, in its later state', async () => {
    const { world } = await open({ source: { pageSize: 10 } });
    for (const id of ['s1', 's2']) world.source.put(person(id, 100));
    await deliverAll(world);
    world.target.rows.splice(0);
    const { driver } = world.source;
    const { readPage } = driver;
    Object.assign(driver, {
      readPage: async (request: Parameters<typeof readPage>[0]) => {
        const reply = await readPage(request);
        return reply.kind === 'page' ? { ...reply, records: [...reply.records, ...reply.records] } : reply;
      },
    });
    expect(await world.reconcile()).toMatchObject({ state: 'finished', counts: { source: 2, missing: 2 } });
  });

  it('G1 a year that has more than four digits makes its record a dead letter, and the rest goes on', async () => {
    const { world } = await open({ source: { pageSize: 10 } });
    world.source.put(person('s1', 100));
    world.source.rows.push({ ...person('far', 0), updatedAt: '9999-12-31T23:59:59-12:00' });
    await deliverAll(world);
    expect((await letters(world)).deadLetters).toMatchObject([{ externalId: expect.stringMatching(/^unidentified:/) }]);
    expect(world.target.rows).toMatchObject([{ externalId: 's1' }]);
  });

  it('G1 the oldest time there is leaves a mark from which the next poll reads on', async () => {
    const { world } = await open();
    world.source.put({ ...person('first', 0), updatedAt: '0000-01-01T00:00:00Z' });
    await deliverAll(world);
    world.source.put(person('s1', 10));
    await deliverAll(world);
    expect(world.target.rows.map(({ externalId }) => externalId)).toEqual(['first', 's1']);
  });
  it('the rows of a page that goes to the store in parts are counted once', async () => {
    const { world } = await open({ source: { pageSize: 2000 } });
    for (let n = 0; n < 1500; n += 1) world.source.put(person(`s${n}`, 100));
    await world.items();
    expect((await world.stream()).reading).toMatchObject({ cycles: 1, rows: 1500 });
  });

  it('a repair of more than one call carries names all, repairs what fits, and a later run the rest', async () => {
    const { world, store } = await open({ source: { pageSize: 20 } });
    for (let n = 0; n < 3; n += 1) world.source.put(person(`s${n}`, 100 - n, { name: 'x'.repeat(1_400_000) }));
    const recordSlice = jest.spyOn(store.port, 'recordSlice');
    try {
      const first = await world.reconcile({ repair: true });
      const dispositions = first.differences.map(({ disposition }) => disposition);
      expect(dispositions).toHaveLength(3);
      expect(new Set(dispositions)).toEqual(new Set(['repairing', 'confirmed']));
      for (let polls = 0; polls < 4; polls += 1) await deliverAll(world);
      await world.reconcile({ repair: true });
      for (let polls = 0; polls < 4; polls += 1) await deliverAll(world);
      expect(await world.reconcile()).toMatchObject({ verdict: 'matched', counts: { matched: 3 } });
      const bytes = recordSlice.mock.calls.map(([, slice]) => Buffer.byteLength(JSON.stringify(slice)));
      expect(Math.max(...bytes)).toBeLessThan(REQUEST_BYTES_MAX);
    } finally {
      recordSlice.mockRestore();
    }
  });

  it('a reason of thousands of characters stalls neither a poll nor a write nor a reconciliation', async () => {
    const { world } = await open();
    const down = { kind: 'fail', failure: { kind: 'unauthorized', reason: longReason } } as const;
    const refused = { kind: 'fail', failure: { kind: 'rejected', status: 422, reason: longReason } } as const;
    world.source.put(person('s1', 100));
    const [item] = await world.items();
    world.source.faults.push(down);
    expect(await world.poll()).toMatchObject({ kind: 'items', failure: { kind: 'unauthorized' } });
    world.target.faults.push(down);
    expect(await world.upsert(item?.deliveryId ?? '', item?.payload ?? {})).toMatchObject({ kind: 'retry' });
    world.target.faults.push({ kind: 'pass' }, refused);
    expect(await world.upsert(item?.deliveryId ?? '', item?.payload ?? {})).toMatchObject({ kind: 'rejected' });
    world.source.faults.push(down);
    expect(await world.reconcile()).toMatchObject({ state: 'finished', verdict: 'not_proven' });
    expect((await letters(world)).total).toBe(1);
  });

  it('G2 an external ID that stands deeper in the target record is written where it is looked for', async () => {
    const { world } = await open({
      sync: syncNamed({
        target: { system: 'target-system', entity: 'contacts', externalIdField: 'custom.ids.source' },
      }),
    });
    const written: WriteRequest[] = [];
    const { driver } = world.target;
    const { write } = driver;
    Object.assign(driver, {
      write: (request: WriteRequest) => {
        written.push(request);
        return write(request);
      },
    });
    world.source.put(person('s1', 100));
    await deliverAll(world);
    expect(written).toMatchObject([
      { kind: 'create', fields: { name: 'Name of s1', custom: { ids: { source: 's1' } } } },
    ]);
  });
});
