import { parseInstant } from '../../src/core/instant.ts';
import type { DeletedRow } from '../../src/core/system/entity-driver.ts';
import { onStores } from '../world/on-stores.ts';
import { applySequenceSource } from '../world/contracts.ts';
import { person } from '../world/on-engines.ts';
import type { World } from '../world/world.ts';

/** A change in its place of the sequence, as a driver gives it. */
const change = (id: string, sequence: number, more: object = {}) =>
  person(id, 0, { updatedAt: parseInstant(sequence, 'sequence'), ...more });

const deletion = (id: string, sequence: number): DeletedRow => {
  const updatedAt = parseInstant(sequence, 'sequence');
  if (updatedAt === undefined) throw new RangeError(`${sequence} is no sequence`);
  return { id, updatedAt };
};

/** Adds rows that mark deletions to the last page. */
const withDeleted = (world: World, deleted: readonly DeletedRow[]): void => {
  const { driver } = world.source;
  const { readPage } = driver;
  Object.assign(driver, {
    readPage: async (request: Parameters<typeof readPage>[0]) => {
      const reply = await readPage(request);
      return reply.kind === 'page' && reply.nextToken === null ? { ...reply, deleted } : reply;
    },
  });
};

onStores('a source that is ordered by a sequence', (open) => {
  const opened = async () => {
    const { world } = await open();
    await applySequenceSource(world.port);
    return world;
  };

  it('G1 G4 the mark is a place in the sequence, and the overlap a number of places', async () => {
    const world = await opened();
    for (let n = 1; n <= 200; n += 1) world.source.put(change(`s${n}`, n));
    const seen = new Set<string>();
    for (let polls = 0; polls < 6; polls += 1) for (const { externalId } of await world.items()) seen.add(externalId);
    expect(seen.size).toBe(200);
    const { fetched } = (await world.stream()).checkpoint;
    expect(fetched.cursor).toEqual({ updatedAt: '1970-01-01T00:03:20.000000000Z', id: 's200' });
    // Committed late, below the mark but within the 60 of the overlap.
    world.source.put(change('late', 141));
    expect((await world.items()).map(({ externalId }) => externalId)).toContain('late');
    expect((await world.stream()).checkpoint.fetched.sweep?.since).toBe('1970-01-01T00:02:20.000000000Z');
  });

  it('G1 rows that mark a deletion move the mark and open nothing', async () => {
    const world = await opened();
    world.source.put(change('a', 1));
    withDeleted(world, [deletion('b', 7)]);
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['a']);
    const { checkpoint, counts, reading } = await world.stream();
    expect(checkpoint.fetched.cursor).toEqual({ updatedAt: '1970-01-01T00:00:07.000000000Z', id: 'b' });
    expect(counts.open).toBe(1);
    expect(reading.rows).toBe(2);
    const { entries } = await world.port.listEvidence({}, { limit: 100 });
    expect(entries.find(({ kind }) => kind === 'page_read')?.leaf).toMatch(/"deleted":1[,}]/);
  });

  it('G1 the same record many times in one page is delivered once, in its newest version', async () => {
    const world = await opened();
    const { driver } = world.source;
    const bodies = [1, 2, 3].map((n) => change('a', n, { name: `Version ${n}` }));
    Object.assign(driver, {
      readPage: () =>
        Promise.resolve({
          kind: 'page',
          records: bodies.map((body) => driver.toRecord(body)),
          unusable: [],
          nextToken: null,
        }),
    });
    const items = await world.items();
    expect(items.map(({ payload }) => payload['name'])).toEqual(['Version 3']);
    expect((await world.stream()).counts).toMatchObject({ open: 1, superseded: 2 });
  });

  it('G6 a window of times over a sequence is not proven, and a window of all of it can be', async () => {
    const world = await opened();
    world.source.put(change('a', 1));
    const [item] = await world.items();
    if (item === undefined) throw new Error('Nothing was handed out');
    const window = await world.reconcile();
    expect(window).toMatchObject({ state: 'finished', verdict: 'not_proven' });
    expect(window.reason).toMatch(/by a sequence/);
    await world.upsert(item.deliveryId, item.payload);
    const from = parseInstant(0, 'sequence');
    if (from === undefined) throw new Error('There is no first place');
    const whole = await world.reconcile({ window: { kind: 'between', from, to: null } });
    expect(whole).toMatchObject({ verdict: 'matched', counts: { source: 1 } });
  });

  it('a stream does not begin at a time', async () => {
    const world = await opened();
    const start = world.port.openStream(
      { sync: 'people-to-contacts', stream: 'other' },
      { start: { kind: 'now' }, zapId: null },
    );
    await expect(start).rejects.toThrow(/Begin at the beginning/);
    // A Zap that is switched on again keeps its place, whatever its start says.
    const again = await world.port.openStream(
      { sync: 'people-to-contacts', stream: 'main' },
      { start: { kind: 'now' }, zapId: null },
    );
    expect(again.created).toBe(false);
  });

  it('G1 a mark from when the source was read by time is no place in its sequence, and is said to be none', async () => {
    const { world } = await open();
    world.source.put(person('a', 10));
    await world.items();
    await applySequenceSource(world.port);
    expect(await world.poll()).toMatchObject({
      pages: 0,
      failure: { reason: expect.stringMatching(/another stream/) },
    });
  });
});
