import { applyContracts, syncNamed } from '../../world/contracts.ts';
import { person } from '../../world/on-engines.ts';
import { onStores } from '../../world/on-stores.ts';
import type { World } from '../../world/world.ts';

const SYNC = 'people-to-contacts';
const SECONDS_AGO = 100;

/** Puts the record in another state under the same update time. */
const put = (world: World, name: string | null): void => {
  world.source.put(person('s1', SECONDS_AGO, { name }));
};

/** Has the source show a later record, so that the next sweep begins after the tick of the other. */
const moveOn = async (world: World): Promise<void> => {
  world.source.put(person('s2', 10));
  await deliver(world);
};

/** Polls and writes what comes. @returns what was handed out */
const deliver = async (world: World): Promise<string[]> => {
  const items = await world.items();
  for (const { deliveryId, payload } of items) await world.upsert(deliveryId, payload);
  return items.map(({ externalId, payload }) => `${externalId} ${JSON.stringify(payload['name'])}`);
};

const takeOne = async (world: World) => {
  const [item, ...others] = await world.items();
  if (item === undefined || others.length > 0) throw new Error(`Expected one item, got ${others.length + 1}`);
  return item;
};

/** Polls while nothing is to be handed out. */
const read = async (world: World): Promise<void> => {
  expect(await world.items()).toEqual([]);
};

const nameOnTarget = (world: World): unknown =>
  world.target.rows.find(({ externalId }) => externalId === 's1')?.['name'];

const countsOf = async (world: World) => (await world.stream()).counts;

// A change and its reversal within one tick of the source's clock: only the order of observation tells them apart.
onStores('a version that comes back after another of the same update time', (open) => {
  it('G1 counts as the newest while it is in flight, so that the other is not written over it', async () => {
    const { world } = await open();
    put(world, 'A');
    const item = await takeOne(world);
    put(world, 'B');
    await read(world);
    expect(await countsOf(world)).toMatchObject({ open: 2, superseded: 0 });
    put(world, 'A');
    await read(world);
    expect(await countsOf(world)).toMatchObject({ open: 1, superseded: 1 });
    await moveOn(world);
    await world.upsert(item.deliveryId, item.payload);
    expect(await deliver(world)).toEqual([]);
    expect(nameOnTarget(world)).toBe('A');
    expect(await countsOf(world)).toMatchObject({ open: 0, applied: 2, superseded: 1 });
  });

  it('G1 is delivered again in the place of the other when its delivery is not acknowledged', async () => {
    const { world, clock } = await open();
    put(world, 'A');
    await takeOne(world);
    put(world, 'B');
    await read(world);
    put(world, 'A');
    await read(world);
    await moveOn(world);
    clock.nowMs += 61_000;
    expect(await deliver(world)).toEqual(['s1 "A"']);
    expect(await deliver(world)).toEqual([]);
    expect(nameOnTarget(world)).toBe('A');
  });

  it('G1 is applied by the acknowledgement of the delivery that is out, which settles the other', async () => {
    const { world } = await open();
    put(world, 'A');
    const { deliveryId } = await takeOne(world);
    put(world, 'B');
    await read(world);
    put(world, 'A');
    await read(world);
    const outcome = { kind: 'applied' as const, targetId: 't9' };
    const reply = await world.port.acknowledgeDelivery({}, { sync: SYNC, deliveryId, outcome });
    expect(reply).toMatchObject({ kind: 'settled', status: 'applied' });
    expect(await countsOf(world)).toMatchObject({ open: 0, applied: 1, superseded: 1 });
    expect(await deliver(world)).toEqual([]);
  });

  it('G1 keeps its deadline and its attempts while it is in flight: coming back is no new delivery', async () => {
    const { world, clock } = await open({
      sync: syncNamed({ delivery: { acknowledgeWithinSeconds: 60, attemptsMax: 1 } }),
    });
    put(world, 'A');
    const { deadlineAt } = await takeOne(world);
    put(world, 'B');
    await read(world);
    clock.nowMs += 30_000;
    put(world, 'A');
    await read(world);
    await moveOn(world);
    clock.nowMs += 31_000;
    await applyContracts(
      world.port,
      syncNamed({ delivery: { acknowledgeWithinSeconds: 60, attemptsMax: 2 }, ticket: 'OPS-2' }),
    );
    expect(await takeOne(world)).toMatchObject({ externalId: 's1', attempt: 2, deadlineAt });
  });

  it('G1 is written although it was given up on before the other reached the target', async () => {
    const { world } = await open();
    put(world, 'A');
    const { deliveryId } = await takeOne(world);
    const outcome = { kind: 'failed' as const, reason: 'the other app refused it' };
    await world.port.acknowledgeDelivery({}, { sync: SYNC, deliveryId, outcome });
    put(world, 'B');
    expect(await deliver(world)).toEqual(['s1 "B"']);
    expect((await world.port.listDeadLetters({}, { sync: SYNC })).total).toBe(0);
    put(world, 'A');
    expect(await deliver(world)).toEqual(['s1 "A"']);
    await moveOn(world);
    expect(nameOnTarget(world)).toBe('A');
  });

  it('G1 is held again when it fails the contract', async () => {
    const { world } = await open();
    put(world, null);
    await read(world);
    put(world, 'B');
    expect(await deliver(world)).toEqual(['s1 "B"']);
    expect(await countsOf(world)).toMatchObject({ held: 0, applied: 1, superseded: 1 });
    put(world, null);
    await read(world);
    expect(await countsOf(world)).toMatchObject({ held: 1, applied: 1, superseded: 0 });
  });
});
