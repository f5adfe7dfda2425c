import { letters, replay } from '../store/sql/letters.ts';
import { syncNamed } from '../world/contracts.ts';
import { onEngines, person } from '../world/on-engines.ts';

import type { World } from '../world/world.ts';

const sync = syncNamed({
  fields: [
    { target: 'name', source: 'name', required: true },
    { target: 'email', source: 'email', sensitive: true, owner: 'target' },
    { target: 'amount', source: 'amount', type: 'number' },
  ],
});

const minutes = (n: number) => n * 60_000;

const deliverAll = async (world: World): Promise<string[]> => {
  const results: string[] = [];
  for (const { deliveryId, payload } of await world.items()) {
    const result = await world.upsert(deliveryId, payload);
    results.push(result.kind === 'done' ? result.status : result.kind);
  }
  return results;
};

/** One record, written; then the target changes what it owns, and the source what it owns. */
const divided = async (world: World): Promise<void> => {
  world.source.put({ ...person('s1', 100), email: 'first@people.test' });
  await deliverAll(world);
  world.target.put({ id: 't1', email: 'kept@people.test' });
  world.clock.nowMs += minutes(1);
  world.source.put({ ...person('s1', 60), email: 'first@people.test', name: 'Another' });
};

onEngines('a field that the target owns', (open) => {
  it.each([false, true])(
    'is written with a new record, and kept where it differs (upsert of its own: %s)',
    async (nativeUpsert) => {
      const { world } = await open({ sync, target: { nativeUpsert } });
      await divided(world);
      expect(world.target.rows).toMatchObject([{ email: 'kept@people.test' }]);
      expect(await deliverAll(world)).toEqual(['updated']);
      expect(world.target.rows).toMatchObject([{ name: 'Another', email: 'kept@people.test' }]);
      const [letter, ...more] = await letters(world);
      expect(more).toEqual([]);
      expect(letter).toMatchObject({
        stage: 'review',
        errorClass: 'conflict',
        externalId: 's1',
        reason: 'The target owns email and holds another value than the source',
      });
      expect((await world.stream()).counts).toMatchObject({ applied: 2, open: 0, deadLettered: 0 });
      expect(JSON.stringify([letter, await world.port.listEvidence({}, { limit: 1000 })])).not.toContain('people.test');
    },
  );

  it('counts for nothing in a reconciliation', async () => {
    const { world } = await open({ sync });
    await divided(world);
    await deliverAll(world);
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched', counts: { source: 1, matched: 1 } });
  });

  it('opens no review where both sides say the same', async () => {
    const { world } = await open({ sync });
    world.source.put(person('s1', 100));
    await deliverAll(world);
    world.clock.nowMs += minutes(1);
    world.source.put({ ...person('s1', 60), name: 'Another' });
    expect(await deliverAll(world)).toEqual(['updated']);
    expect(await letters(world)).toEqual([]);
  });

  it('is asked about once: what a person decided stands until the source says something else', async () => {
    const { world } = await open({ sync });
    await divided(world);
    await deliverAll(world);
    const [letter] = await letters(world);
    const plan = await replay(world, { dryRun: true, selection: { kind: 'ids', ids: [letter?.id ?? ''] } });
    expect(plan).toMatchObject({ replayed: [], skipped: [{ obstacle: 'in_review' }] });
    await world.port.resolveDeadLetter({ deadLetter: letter?.id ?? '' }, { reason: 'The CRM is right', waiver: null });
    world.clock.nowMs += minutes(1);
    world.source.put({ ...person('s1', 40), email: 'first@people.test', name: 'A third' });
    expect(await deliverAll(world)).toEqual(['updated']);
    expect(await letters(world)).toEqual([]);
    world.clock.nowMs += minutes(1);
    world.source.put({ ...person('s1', 20), email: 'second@people.test', name: 'A third' });
    expect(await deliverAll(world)).toEqual(['found']);
    expect(await letters(world)).toMatchObject([{ stage: 'review', externalId: 's1' }]);
    expect(world.target.rows).toMatchObject([{ name: 'A third', email: 'kept@people.test' }]);
  });

  it('closes its review when both sides agree again', async () => {
    const { world } = await open({ sync });
    await divided(world);
    await deliverAll(world);
    world.clock.nowMs += minutes(1);
    world.source.put({ ...person('s1', 30), email: 'kept@people.test', name: 'Another' });
    await deliverAll(world);
    expect(await letters(world)).toEqual([]);
    expect(await letters(world, { state: 'closed' })).toMatchObject([{ stage: 'review', closedAs: 'applied' }]);
  });
});
