import type { JsonObject } from '../../src/core/json.ts';
import type { UpsertItem } from '../../src/engine/upsert.ts';
import { person } from '../world/on-engines.ts';
import { onStores } from '../world/on-stores.ts';
import type { World } from '../world/world.ts';

const batch = { nativeUpsert: true, batchMax: 4 };
const refused = { kind: 'rejected', status: 422, reason: 'the record is refused' } as const;

const items = async (world: World, count: number): Promise<UpsertItem[]> => {
  for (let n = 0; n < count; n += 1) world.source.put(person(`p${n}`, 600 - n));
  return (await world.items()).map(({ deliveryId, payload }) => ({
    subject: { kind: 'delivery', deliveryId },
    fields: payload,
    overrides: {},
  }));
};

const kinds = async (world: World, all: readonly UpsertItem[]) =>
  (await world.upsertMany(all)).map((one) => (one.kind === 'done' ? one.status : one.kind));

const named = ({ name }: JsonObject): unknown => name;

onStores('G2 writes that go together', (open) => {
  it('ten records on a target that takes four at once are three requests and no look-up', async () => {
    const { world } = await open({ target: batch, source: { pageSize: 20 } });
    const all = await items(world, 10);
    expect(await kinds(world, all)).toEqual(all.map(() => 'created'));
    expect(world.target.calls).toMatchObject({ batches: 3, writes: 0, finds: 0 });
    expect(world.target.rows).toHaveLength(10);
    expect((await world.stream()).counts).toMatchObject({ applied: 10, open: 0 });
  });

  it('a record that is refused in its batch is given up on, and the others are written', async () => {
    const { world } = await open({
      target: { ...batch, refuse: (fields) => (named(fields) === 'Name of p1' ? refused : undefined) },
      source: { pageSize: 20 },
    });
    const all = await items(world, 3);
    world.source.rows.splice(0);
    const results = await kinds(world, [
      ...all.slice(0, 1),
      ...all.slice(1, 2).map((one) => ({ ...one, overrides: { name: 'Name of p1' } })),
      ...all.slice(2),
    ]);
    expect(results).toEqual(['created', 'rejected', 'created']);
    expect(world.target.calls).toMatchObject({ batches: 1, writes: 0 });
  });

  it('a batch that is refused as a whole goes record by record', async () => {
    const { world } = await open({ target: batch, source: { pageSize: 20 } });
    const all = await items(world, 3);
    world.target.faults.push({ kind: 'fail', failure: refused });
    expect(await kinds(world, all)).toEqual(['created', 'created', 'created']);
    expect(world.target.calls).toMatchObject({ batches: 1, writes: 3 });
    expect(world.target.rows).toHaveLength(3);
  });

  it('a batch whose reply is lost is read back, and nothing is written twice', async () => {
    const { world } = await open({ target: batch, source: { pageSize: 20 } });
    const all = await items(world, 4);
    const lost = { kind: 'unknown', answered: true, reason: 'status 500' } as const;
    world.target.faults.push({ kind: 'fail_after', failure: lost });
    expect(await kinds(world, all)).toEqual(['found', 'found', 'found', 'found']);
    expect(world.target.calls).toMatchObject({ batches: 1, writes: 0 });
    expect(world.target.rows).toHaveLength(4);
  });

  it('a batch that is to come later is sent again as a whole', async () => {
    const { world } = await open({ target: batch, source: { pageSize: 20 } });
    const all = await items(world, 4);
    world.target.faults.push({ kind: 'fail', failure: { kind: 'throttled', retryAfterMs: 1000, reason: '429' } });
    expect(await kinds(world, all)).toEqual(all.map(() => 'created'));
    expect(world.target.calls).toMatchObject({ batches: 2, writes: 0 });
  });

  it('one record alone is no batch', async () => {
    const { world } = await open({ target: batch });
    expect(await kinds(world, await items(world, 1))).toEqual(['created']);
    expect(world.target.calls).toMatchObject({ batches: 0, writes: 1 });
  });
});
