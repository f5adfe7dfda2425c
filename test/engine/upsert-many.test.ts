import { randomUUID } from 'node:crypto';
import { instantFromMs } from '../../src/core/instant.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { person } from '../world/on-engines.ts';
import { onStores } from '../world/on-stores.ts';
import { syncNamed } from '../world/contracts.ts';
import type { World } from '../world/world.ts';
import type { UpsertItem } from '../../src/engine/upsert.ts';

type Handed = { readonly deliveryId: string; readonly payload: JsonObject };

const itemOf = ({ deliveryId, payload }: Handed): UpsertItem => ({
  subject: { kind: 'delivery', deliveryId },
  fields: payload,
  overrides: {},
});

const isLost = { kind: 'unknown', answered: true, reason: 'no reply' } as const;
const bad = { kind: 'rejected', status: 400, reason: 'name is not allowed' } as const;

const fill = (world: World, count: number): void => {
  for (let number = 0; number < count; number += 1) world.source.put(person(`p${number}`, 600 - number));
};

const idsOnTarget = (world: World): string[] =>
  world.target.rows.map(({ externalId }) => JSON.stringify(externalId)).toSorted();

onStores('many writes at once', (open) => {
  it('a hundred records cost two round trips to the store, and one look-up for as many as the target takes', async () => {
    const { world } = await open({ source: { pageSize: 100 } });
    fill(world, 100);
    const items = await world.items(100);
    world.storeCalls.splice(0);
    world.target.calls.finds = 0;
    const results = await world.upsertMany(items.map(itemOf));
    expect(results).toHaveLength(100);
    expect(results.every((one) => one.kind === 'done' && one.status === 'created')).toBe(true);
    expect(world.storeCalls).toEqual(['beginWrites', 'completeWrites']);
    expect(world.target.calls).toMatchObject({
      finds: Math.ceil(100 / world.target.driver.findBatchMax),
      writes: 100,
    });
    expect((await world.stream()).counts).toMatchObject({ open: 0, applied: 100 });
    expect((await world.stream()).checkpoint.committed).toMatchObject({ id: 'p99' });
  });

  it('G2 G5 the same batch again writes nothing', async () => {
    const { world } = await open();
    fill(world, 3);
    const items = (await world.items()).map(itemOf);
    await world.upsertMany(items);
    const again = await world.upsertMany(items);
    expect(again.map((one) => one.kind === 'done' && one.status)).toEqual(Array(3).fill('already_applied'));
    expect(idsOnTarget(world)).toEqual(['"p0"', '"p1"', '"p2"']);
  });

  it('G1 each record has its own end: written, refused by the target, unknown, of no delivery', async () => {
    const { world } = await open();
    fill(world, 3);
    const handed = await world.items();
    // The look-up, then the three creates in their order.
    world.target.faults.push(
      { kind: 'pass' },
      { kind: 'pass' },
      { kind: 'fail', failure: bad },
      { kind: 'fail_after', failure: isLost },
    );
    const stranger = { deliveryId: randomUUID(), payload: {} };
    const results = await world.upsertMany([...handed, stranger].map(itemOf));
    expect(results).toMatchObject([
      { kind: 'done', status: 'created', externalId: 'p0' },
      { kind: 'rejected', externalId: 'p1', reason: expect.stringMatching(/name is not allowed/) },
      { kind: 'done', externalId: 'p2' },
      { kind: 'refused', code: 'not_found' },
    ]);
    expect(idsOnTarget(world)).toEqual(['"p0"', '"p2"']);
    expect((await world.stream()).counts).toMatchObject({ open: 0, applied: 2, deadLettered: 1 });
  });

  it('G2 one external ID twice in a batch is written once', async () => {
    const { world } = await open();
    const updatedAt = instantFromMs(world.clock.nowMs - 3_600_000);
    const own = (name: string): UpsertItem => ({
      subject: { kind: 'record', externalId: 'own', updatedAt },
      fields: { name, email: 'own@example.com', amount: 1 },
      overrides: {},
    });
    const results = await world.upsertMany([own('First'), own('Second')]);
    expect(results).toMatchObject([{ kind: 'done', status: 'created' }, { kind: 'retry' }]);
    expect(idsOnTarget(world)).toEqual(['"own"']);
  });

  it('G1 a process that died between the writes and the store leaves records that are found, not written again', async () => {
    const { world } = await open();
    fill(world, 3);
    const items = await world.items();
    const begun = await world.port.beginWrites(
      {},
      {
        sync: 'people-to-contacts',
        knownContract: null,
        items: items.map(({ deliveryId }) => ({
          intentId: randomUUID(),
          subject: { kind: 'delivery' as const, deliveryId, overridesDigest: null },
        })),
      },
    );
    expect(begun.decisions.map(({ kind }) => kind)).toEqual(['proceed', 'proceed', 'proceed']);
    await world.target.driver.write({
      kind: 'create',
      fields: { ...items[0]?.payload, amount: 1.5, externalId: 'p0' },
    });
    world.clock.nowMs += 60_000;
    const results = await world.upsertMany(items.map(itemOf));
    expect(results).toMatchObject([{ status: 'found' }, { status: 'created' }, { status: 'created' }]);
    expect(idsOnTarget(world)).toEqual(['"p0"', '"p1"', '"p2"']);
  });

  it('G1 no more is handed out than may be in flight, and the rest uses up no attempt', async () => {
    const { world } = await open({
      source: { pageSize: 10 },
      sync: syncNamed({ delivery: { acknowledgeWithinSeconds: 60, emitMax: 90, inFlightMax: 4 } }),
    });
    fill(world, 6);
    const first = await world.items();
    expect(first).toHaveLength(4);
    expect(await world.items()).toHaveLength(0);
    await world.upsertMany(first.slice(0, 1).map(itemOf));
    expect(await world.items()).toHaveLength(1);
    world.clock.nowMs += 61_000;
    const again = await world.items();
    // Redeliveries first; those that waited are at their first attempt still.
    expect(again.map(({ attempt }) => attempt)).toEqual([2, 2, 2, 2]);
  });
});
