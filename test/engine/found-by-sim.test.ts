import { syncNamed } from '../world/contracts.ts';
import { person } from '../world/on-engines.ts';
import { onStores } from '../world/on-stores.ts';

// What the simulated world found in the store, as small as it gets.

onStores('G1, G4, G5 what the simulated world found', (open) => {
  it('G4 a repair ahead of the sweep does not take committed beyond what was fetched', async () => {
    const sync = syncNamed({ read: { pagesMax: 1, overlapSeconds: 0 } });
    const { world } = await open({ sync, source: { pageSize: 1 } });
    for (let n = 1; n <= 5; n += 1) world.source.put(person(`s${n}`, 100 - n));
    for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
    await world.reconcile({ repair: true });
    const items = await world.items();
    expect(items.map(({ externalId }) => externalId)).toEqual(['s2', 's3', 's4', 's5']);
    for (const item of items.slice(0, -1)) await world.upsert(item.deliveryId, item.payload);
    const { fetched, committed } = (await world.stream()).checkpoint;
    expect(fetched.cursor?.id).toBe('s2');
    expect(committed?.id).toBe('s2');
  });

  it('G5 an emission that is asked for again gives its items in the same order', async () => {
    const { world, clock } = await open();
    world.source.put(person('delivered-before', 10));
    await world.items();
    clock.nowMs += 61_000;
    world.source.put(person('older', 20));
    const second = await world.poll();
    if (second.kind !== 'items') throw new Error('Expected items');
    expect(second.items.map(({ externalId }) => externalId)).toEqual(['delivered-before', 'older']);
    const request = { fence: 2, limit: 90, bytesMax: 1_000_000, failure: null };
    expect((await world.port.emit({ cycle: second.traceId }, request)).items).toEqual(second.items);
  });

  it('G1 a doubt about an earlier write outlives an attempt that sent nothing', async () => {
    const { world, clock } = await open();
    const down = { kind: 'fail', failure: { kind: 'unavailable', reason: 'down' } } as const;
    const lost = { kind: 'fail_after', failure: { kind: 'unknown', answered: true, reason: 'status 500' } } as const;
    const downForLong = Array.from({ length: 6 }, () => down);
    const writeNext = async () => {
      const [item] = await world.items();
      if (item === undefined) throw new Error('Expected an item');
      return { item, result: await world.upsert(item.deliveryId, item.payload) };
    };
    world.source.put(person('s1', 100, { name: 'as it was' }));
    await writeNext();
    world.source.put(person('s1', 50, { name: 'changed' }));
    world.target.faults.push(lost, ...downForLong);
    const { item, result } = await writeNext();
    expect(result.kind).toBe('retry');
    clock.nowMs += 10_000;
    world.target.faults.push(...downForLong);
    expect((await world.upsert(item.deliveryId, item.payload)).kind).toBe('retry');
    clock.nowMs += 61_000;
    world.source.put(person('s1', 40, { name: 'as it was' }));
    expect((await writeNext()).result).toMatchObject({ kind: 'done', status: 'updated' });
    expect(world.target.rows).toEqual([expect.objectContaining({ externalId: 's1', name: 'as it was' })]);
  });

  it('G1 a doubt about an earlier round outlives a refusal', async () => {
    const { world, clock } = await open({ target: { nativeUpsert: true, externalIdField: 'externalId' } });
    const writeNext = async () => {
      const [item] = await world.items();
      if (item === undefined) throw new Error('Expected an item');
      return world.upsert(item.deliveryId, item.payload);
    };
    world.source.put(person('s1', 100, { name: 'as it was' }));
    await writeNext();
    world.source.put(person('s1', 50, { name: 'changed' }));
    world.target.faults.push(
      { kind: 'fail', failure: { kind: 'unknown', answered: false, reason: 'no answer, still at work' } },
      { kind: 'pass' },
      { kind: 'fail', failure: { kind: 'rejected', status: 422, reason: 'PATCH contacts was answered 422' } },
    );
    expect((await writeNext()).kind).toBe('retry');
    const [row] = world.target.rows;
    // What was still at work has been done by now.
    world.target.put({ ...row, name: 'changed' });
    clock.nowMs += 61_000;
    world.source.put(person('s1', 40, { name: 'as it was' }));
    expect(await writeNext()).toMatchObject({ kind: 'done', status: 'updated' });
    expect(world.target.rows).toEqual([expect.objectContaining({ externalId: 's1', name: 'as it was' })]);
  });
});
