import { parseInstant } from '../../src/core/instant.ts';
import { syncNamed } from '../world/contracts.ts';
import { person } from '../world/on-engines.ts';
import { onStores } from '../world/on-stores.ts';
import type { World } from '../world/world.ts';

const unavailable = { kind: 'fail', failure: { kind: 'unavailable', reason: 'down' } } as const;

const deliverAll = async (world: World): Promise<void> => {
  for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
};

const seeded = async (world: World, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) world.source.put(person(`s${n}`, 100 - n));
  await deliverAll(world);
};

const instant = (text: string) =>
  parseInstant(text) ??
  (() => {
    throw new Error(text);
  })();

onStores('G6 reconciliation', (open) => {
  it('G6 equal sides match, with full coverage and evidence', async () => {
    const { world } = await open();
    await seeded(world, 7);
    const result = await world.reconcile();
    expect(result).toMatchObject({ state: 'finished', verdict: 'matched', coveragePercent: 100, differencesTotal: 0 });
    const { entries } = await world.port.listEvidence({}, { limit: 1000 });
    expect(entries.find(({ id }) => id === result.evidenceId)?.kind).toBe('reconciliation_finished');
  });

  it('G6 missing, changed and duplicated records are each named, with the fields that differ', async () => {
    const { world } = await open();
    await seeded(world, 6);
    world.target.put({ id: 't1', amount: 99 });
    world.target.rows.splice(2, 1);
    world.target.put({ ...world.target.rows[4], id: 'copy' });
    const result = await world.reconcile();
    expect(result).toMatchObject({
      verdict: 'mismatched',
      counts: { source: 6, matched: 3, missing: 1, changed: 1, duplicated: 1 },
    });
    expect(result.differences).toEqual([
      { externalId: 's0', kind: 'changed', fields: ['amount'], disposition: 'confirmed' },
      { externalId: 's2', kind: 'missing', fields: [], disposition: 'confirmed' },
      { externalId: 's5', kind: 'duplicated', fields: [], disposition: 'confirmed' },
    ]);
  });

  it('G6 a record still on its way is lag: not proven, and not a mismatch', async () => {
    const { world } = await open();
    await seeded(world, 2);
    world.source.put(person('s9', 5));
    await world.items();
    expect(await world.reconcile()).toMatchObject({
      verdict: 'not_proven',
      counts: { source: 3, matched: 2, pending: 1, missing: 0 },
    });
  });

  it('G6 a scan that fails is truncated and never matched', async () => {
    const { world } = await open();
    await seeded(world, 7);
    world.source.faults.push({ kind: 'pass' }, ...Array.from({ length: 6 }, () => unavailable));
    const result = await world.reconcile();
    expect(result).toMatchObject({ verdict: 'not_proven', state: 'finished', coveragePercent: null });
    expect(result.reason).toMatch(/scan of the source is truncated \(down\)/);
  });

  it('G6 a target that cannot be asked makes the run not proven, not missing', async () => {
    const { world } = await open();
    await seeded(world, 3);
    world.target.faults.push(...Array.from({ length: 8 }, () => unavailable));
    expect(await world.reconcile()).toMatchObject({ verdict: 'not_proven', counts: { missing: 0 } });
  });

  it('G6 rows that nothing can be said of make the run not proven', async () => {
    const { world } = await open();
    await seeded(world, 2);
    world.source.rows.push({ updatedAt: '2026-11-21T11:59:30Z', name: 'nobody' });
    expect(await world.reconcile()).toMatchObject({ verdict: 'not_proven', counts: { unusable: 1, matched: 2 } });
  });

  it('G6 a record that changes between the two reads is no false alarm', async () => {
    const { world } = await open();
    await seeded(world, 2);
    const { driver } = world.target;
    const find = driver.find;
    let changed = false;
    Object.assign(driver, {
      find: (...query: Parameters<typeof find>) => {
        if (!changed) {
          changed = true;
          const change = { name: 'changed meanwhile', updatedAt: '2026-11-21T11:59:59Z' };
          world.source.put({ id: 's0', ...change });
          world.target.put({ id: 't1', name: 'changed meanwhile' });
        }
        return find(...query);
      },
    });
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched', counts: { source: 2, matched: 2 } });
  });

  it('G6 a difference that the source does not show a second time is not proven, and not matched', async () => {
    const { world } = await open();
    await seeded(world, 2);
    world.target.rows.splice(0);
    Object.assign(world.source.driver, { readByIds: () => Promise.resolve({ kind: 'found', byValue: new Map() }) });
    expect(await world.reconcile()).toMatchObject({ verdict: 'not_proven', counts: { unusable: 2 } });
  });

  it('a repair leaves alone what was given up on', async () => {
    const { world } = await open();
    world.source.put(person('s1', 100));
    const refused = { kind: 'fail', failure: { kind: 'rejected', status: 422, reason: 'refused' } } as const;
    world.target.faults.push({ kind: 'pass' }, refused);
    await deliverAll(world);
    const result = await world.reconcile({ repair: true });
    expect(result.differences).toMatchObject([{ externalId: 's1', kind: 'missing', disposition: 'confirmed' }]);
    expect(await world.items()).toEqual([]);
  });

  it('a repair of a record that was held, and passes by now, delivers it', async () => {
    const strict = syncNamed({ fields: [{ target: 'name', source: 'name', pattern: 'A.*' }] });
    const { world } = await open({ sync: strict });
    world.source.put(person('s1', 1000, { name: 'Bob' }));
    world.source.put(person('s2', 10, { name: 'Ada' }));
    await deliverAll(world);
    const relaxed = syncNamed({ ticket: 'OPS-2', fields: [{ target: 'name', source: 'name' }] });
    await world.port.applySync({ sync: relaxed.name }, { contract: relaxed });
    expect(await world.reconcile({ repair: true })).toMatchObject({ verdict: 'mismatched', counts: { missing: 1 } });
    await deliverAll(world);
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched', counts: { matched: 2 } });
  });

  it('G6 a run that outlasts its call says so, and the next call goes on where it was', async () => {
    const { world } = await open();
    await seeded(world, 7);
    const { driver } = world.source;
    const readPage = driver.readPage;
    const slow = (request: Parameters<typeof readPage>[0]) => {
      world.clock.nowMs += 20_000;
      return readPage(request);
    };
    Object.assign(driver, { readPage: slow });
    world.source.calls.pages = 0;
    const window = {
      kind: 'between' as const,
      from: instant('2026-11-21T00:00:00Z'),
      to: instant('2026-11-21T12:00:00Z'),
    };
    const first = await world.reconcile({ window });
    expect(first).toMatchObject({ state: 'running', verdict: 'not_proven', counts: { source: 3 } });
    Object.assign(driver, { readPage });
    const last = await world.reconcile({ window });
    expect(last).toMatchObject({
      runId: first.runId,
      state: 'finished',
      verdict: 'matched',
      counts: { source: 7, matched: 7 },
    });
    expect(world.source.calls.pages).toBe(3);
  });

  it('a repair delivers what is missing and changed again, and the next run matches', async () => {
    const { world } = await open();
    await seeded(world, 5);
    world.target.put({ id: 't1', name: 'broken' });
    world.target.rows.splice(3, 1);
    expect(await world.reconcile({ repair: true })).toMatchObject({ verdict: 'mismatched', differencesTotal: 2 });
    expect(await world.reconcile()).toMatchObject({ verdict: 'not_proven', counts: { pending: 2 } });
    await deliverAll(world);
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched' });
    expect(world.target.rows).toHaveLength(5);
  });

  it('a repair reaches records that the stream never saw', async () => {
    const { world } = await open({ start: 'now' });
    world.source.put(person('old', 3000));
    expect(await world.reconcile({ repair: true })).toMatchObject({ counts: { missing: 1 } });
    await deliverAll(world);
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched', counts: { matched: 1 } });
  });

  it('a held record is missing on the target and is not repaired', async () => {
    const { world } = await open();
    world.source.put(person('held', 50, { name: null }));
    await world.items();
    const result = await world.reconcile({ repair: true });
    expect(result.differences).toEqual([{ externalId: 'held', kind: 'missing', fields: [], disposition: 'confirmed' }]);
  });

  it('changes younger than the settle time are left to the next run', async () => {
    const { world } = await open({ sync: syncNamed({ reconcile: { windowHours: 24, settleSeconds: 60 } }) });
    await seeded(world, 1);
    world.source.put(person('young', 10));
    expect(await world.reconcile()).toMatchObject({ verdict: 'matched', counts: { source: 1 } });
  });

  it.each([
    ['in the future', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z', /in the future/],
    ['that ends before it begins', '2026-11-21T10:00:00Z', '2026-11-21T09:00:00Z', /ends before it begins/],
  ])('a window %s is refused', async (_name, from, to, message) => {
    const { world } = await open();
    await expect(
      world.reconcile({ window: { kind: 'between', from: instant(from), to: instant(to) } }),
    ).rejects.toMatchObject({ kind: 'invalid_request', message: expect.stringMatching(message) });
  });
});
