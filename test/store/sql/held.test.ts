import { applyContracts, syncNamed } from '../../world/contracts.ts';
import { onEngines, person } from '../../world/on-engines.ts';
import type { World } from '../../world/world.ts';
import { deliver, sync } from './letters.ts';

const held = async (world: World, filter: object = {}) => (await world.port.listHeld({}, { sync, ...filter })).held;

const rules = (name: object, ...more: readonly object[]) =>
  syncNamed({
    fields: [
      { target: 'name', source: 'name', ...name },
      { target: 'email', source: 'email', sensitive: true },
      { target: 'amount', source: 'amount', type: 'number' },
      ...more,
    ],
    ticket: `OPS-${JSON.stringify(name).length}`,
  });

const strict = rules({ required: true, pattern: '[A-Z]+' });
const loose = rules({ pattern: '[A-Za-z]+' });

const stateOf = async (world: World) => (await world.stream()).counts;

onEngines('held records', (open) => {
  it('are listed with the rule that they break and not the value, a page at a time', async () => {
    const { world } = await open({ sync: strict });
    for (const [place, id] of ['s1', 's2', 's3'].entries()) {
      world.source.put(person(id, 100 - place, { name: 'lovelace' }));
    }
    await deliver(world);
    const { version } = await world.port.getSync({ sync }, {});
    const first = await world.port.listHeld({}, { sync, limit: 2 });
    expect(first.held).toMatchObject([
      { externalId: 's1', stream: 'main', reason: 'name does not match the pattern', checkedVersion: version },
      { externalId: 's2' },
    ]);
    expect(first.total).toBe(3);
    expect(JSON.stringify(first)).not.toContain('lovelace');
    expect(await held(world, { after: first.nextAfter ?? 0 })).toMatchObject([{ externalId: 's3' }]);
    expect(await held(world, { externalId: 's2', stream: 'main' })).toHaveLength(1);
    expect(await held(world, { stream: 'other' })).toEqual([]);
  });

  it('are released by a newer version that passes, and the older never goes out', async () => {
    const { world } = await open({ sync: strict });
    world.source.put(person('s1', 100, { name: 'ada' }));
    expect(await deliver(world)).toEqual([]);
    world.source.put(person('s1', 50, { name: 'ADA' }));
    expect(await deliver(world)).toEqual(['s1']);
    expect(world.target.rows).toMatchObject([{ name: 'ADA' }]);
    expect(await held(world)).toEqual([]);
    expect(await stateOf(world)).toMatchObject({ applied: 1, superseded: 1, held: 0 });
  });

  it('are released by the next poll when a newer contract lets them through, and those that it stops stay', async () => {
    const { world } = await open({ sync: strict });
    world.source.put(person('s1', 100, { name: 'ada' }));
    world.source.put(person('s2', 90, { name: '4711' }));
    await deliver(world);
    // What is held is gone from the source: only what was kept can be delivered.
    world.source.rows.splice(0);
    expect(await deliver(world)).toEqual([]);
    await applyContracts(world.port, loose);
    const { version } = await world.port.getSync({ sync }, {});
    expect(await deliver(world)).toEqual(['s1']);
    expect(world.target.rows).toMatchObject([{ name: 'ada', email: 's1@example.com' }]);
    expect(await held(world)).toMatchObject([{ externalId: 's2', checkedVersion: version }]);
    const { entries } = await world.port.listEvidence({}, { limit: 1000 });
    const released = entries.filter(({ kind }) => kind === 'held_released');
    expect(released).toHaveLength(1);
    expect(JSON.parse(released[0]?.leaf ?? '{}')).toMatchObject({ body: { released: 1, contractVersion: version } });
  });

  it('are not released when the contract maps a field in another way: its value is not the one that was read', async () => {
    const { world } = await open({ sync: strict });
    world.source.put(person('s1', 100, { name: 'ada' }));
    await deliver(world);
    world.source.rows.splice(0);
    await applyContracts(world.port, rules({ source: 'nickname' }));
    expect(await deliver(world)).toEqual([]);
    expect(await held(world)).toMatchObject([{ reason: expect.stringMatching(/must be read again.*: name$/) }]);
    await applyContracts(world.port, loose);
    expect(await deliver(world)).toEqual(['s1']);
  });

  it('G4 are waived by a person with a ticket, which lets committed move on; the same again is the same', async () => {
    const { world, store } = await open({ sync: strict });
    world.source.put(person('s1', 100, { name: 'ada' }));
    world.source.put(person('s2', 90, { name: 'ADA' }));
    await deliver(world);
    expect((await world.stream()).checkpoint.committed).toBeNull();
    const [one] = await held(world);
    const id = one?.id ?? 0;
    const waiver = { person: 'Grace Hopper', ticket: 'OPS-77', reason: 'a test record' };
    const waived = await world.port.waiveHeld({ held: id }, waiver);
    expect(waived).toEqual({ id, sync, externalId: 's1' });
    expect(await world.port.waiveHeld({ held: id }, waiver)).toEqual(waived);
    await expect(world.port.waiveHeld({ held: id }, { ...waiver, ticket: 'OPS-78' })).rejects.toMatchObject({
      kind: 'conflict',
    });
    expect((await world.stream()).checkpoint.committed?.id).toBe('s2');
    const rows = await store.database.kysely
      .selectFrom('obligations')
      .select(['state', 'sealed'])
      .orderBy('state')
      .execute();
    expect(rows.map(({ state, sealed }) => [state, sealed])).toEqual([
      ['applied', null],
      ['waived', null],
    ]);
    const { entries } = await world.port.listEvidence({}, { limit: 1000 });
    expect(entries.filter(({ kind }) => kind === 'waiver')).toHaveLength(1);
    await applyContracts(world.port, loose);
    expect(await deliver(world)).toEqual([]);
    await expect(world.port.waiveHeld({ held: 999 }, waiver)).rejects.toMatchObject({ kind: 'not_found' });
  });
});
