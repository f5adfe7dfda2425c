import fc from 'fast-check';
import { z } from 'zod';
import { syncNamed } from '../world/contracts.ts';
import { onEngines, person } from '../world/on-engines.ts';
import type { World } from '../world/world.ts';
import { type Act, moveSource } from './moving-source.ts';

const listed = z.object({ count: z.int(), subjects: z.array(z.string()) });
const entry = z.object({
  kind: z.literal('boundary'),
  body: z.object({
    contained: z.boolean(),
    exact: z.int(),
    counted: z.int(),
    unproven: z.int(),
    late: listed,
    changed: listed,
    vanished: listed,
  }),
});

/** The boundary evidence so far, in order. */
const boundaries = async (world: World) => {
  const { entries } = await world.port.listEvidence({}, { limit: 1000 });
  return entries.filter(({ kind }) => kind === 'boundary').map(({ leaf }) => entry.parse(JSON.parse(leaf)).body);
};

onEngines('G1 the boundary certificate', (open) => {
  it('G1 the edge that is read again as it was is certified, with no more round trips than before', async () => {
    const { world } = await open();
    for (let n = 0; n < 5; n += 1) world.source.put(person(`s${n}`, 100 - n));
    await world.items();
    await world.items();
    const both = await boundaries(world);
    expect(both).toMatchObject([
      { contained: true, exact: 0 },
      { contained: true, exact: 5, counted: 0, unproven: 0, late: { count: 0 } },
    ]);
    const cycle = ['openCycle', 'recordPage', 'recordPage', 'emit'];
    expect(world.storeCalls).toEqual([...cycle, ...cycle]);
    expect(world.source.calls.pages).toBe(4);
  });

  it('G1 what is late, changed and vanished at the edge is named in the evidence, by pseudonyms only', async () => {
    const { world } = await open();
    for (const [id, ago] of [
      ['stays', 50],
      ['moves', 45],
      ['goes', 40],
      ['last', 30],
    ] as const) {
      world.source.put(person(id, ago));
    }
    await world.items();
    world.source.put(person('moves', 20, { name: 'another' }));
    world.source.put(person('comes-late', 60));
    world.source.rows.splice(
      world.source.rows.findIndex(({ id }) => id === 'goes'),
      1,
    );
    await world.items();
    const outcome = (await boundaries(world)).at(-1);
    expect(outcome).toMatchObject({
      contained: false,
      exact: 4,
      unproven: 0,
      late: { count: 1 },
      changed: { count: 1 },
      vanished: { count: 1 },
    });
    const subjects = [outcome?.late, outcome?.changed, outcome?.vanished].flatMap((one) => one?.subjects ?? []);
    expect(new Set(subjects).size).toBe(3);
    for (const subject of subjects) expect(subject).toMatch(/^[0-9a-f]{64}$/);
    const { entries } = await world.port.listEvidence({}, { limit: 1000 });
    expect(entries.filter(({ leaf }) => /stays|moves|goes|comes-late/.test(leaf))).toEqual([]);
  });

  const act: fc.Arbitrary<Act> = fc.record({
    what: fc.constantFrom('add', 'late', 'touch', 'remove', 'poll'),
    pick: fc.nat({ max: 40 }),
  });
  const history = fc.record({
    pageSize: fc.integer({ min: 3, max: 5 }),
    pagesMax: fc.integer({ min: 1, max: 3 }),
    tickMs: fc.constantFrom(1, 1000, 60_000),
    acts: fc.array(act, { minLength: 4, maxLength: 25 }),
    whilePaging: fc.array(act, { maxLength: 6 }),
  });

  const play = async (world: World, tickMs: number, { acts, whilePaging }: { acts: Act[]; whilePaging: Act[] }) => {
    const source = moveSource(world, tickMs);
    const handed = new Map<string, unknown>();
    const { driver } = world.source;
    const { readPage } = driver;
    const meanwhile = [...whilePaging];
    Object.assign(driver, {
      readPage: async (request: Parameters<typeof readPage>[0]) => {
        const reply = await readPage(request);
        source.act(meanwhile.shift() ?? { what: 'poll', pick: 0 });
        return reply;
      },
    });
    const pollOnce = async (): Promise<void> => {
      for (const item of await world.items()) {
        handed.set(item.externalId, item.payload['name']);
        await world.upsert(item.deliveryId, item.payload);
      }
    };
    for (const one of acts) await (one.what === 'poll' ? pollOnce() : source.act(one));
    // Enough to end the sweep that is under way, to read all that is left, and to read the last edge again.
    for (let polls = 0; polls < 30; polls += 1) await pollOnce();
    return { source, handed };
  };

  it('G1 whatever happens at the edge nothing is lost, and in the end it is certified', async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ pageSize, pagesMax, tickMs, ...acts }) => {
        const read = { overlapSeconds: 120, pagesMax, resolutionSeconds: tickMs / 1000 };
        const sync = syncNamed({ read, delivery: { acknowledgeWithinSeconds: 86_400 } });
        const { world } = await open({ sync, source: { pageSize } });
        const { source, handed } = await play(world, tickMs, acts);
        expect([...source.names].filter(([id, name]) => handed.get(id) !== name)).toEqual([]);
        const all = await boundaries(world);
        expect(all.at(-1)).toMatchObject({ contained: true, unproven: 0, late: { count: 0 }, counted: 0 });
      }),
      { numRuns: 6, endOnFailure: true },
    );
  }, 120_000);
});
