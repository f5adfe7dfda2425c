import { modelStores } from './model-stores.ts';
import { describeWorld, explainSeed } from './run-seed.ts';
import { readFailingSeeds } from './failing-seeds.ts';
import { runWorld } from './world.ts';

const eventsOf = async (seed: number): Promise<string[]> => {
  const events: string[] = [];
  await runWorld({ stores: modelStores, seed, onEvent: (line) => events.push(line) });
  return events;
};

describe('the simulated world', () => {
  it('lives through the same events with the same seed, and others with another', async () => {
    const events = await eventsOf(4);
    expect(events.length).toBeGreaterThan(100);
    expect(await eventsOf(4)).toEqual(events);
    expect(await eventsOf(5)).not.toEqual(events);
  });

  it.each([...new Set([1, 2, 3, ...readFailingSeeds()])])('G1 to G6 hold in the world of seed %i', async (seed) => {
    expect((await runWorld({ stores: modelStores, seed })).violation).toBeNull();
  });

  it('tells a seed by its world, its faults and how it ended', async () => {
    const told = await explainSeed(modelStores, { seed: 4, all: false });
    expect(told.startsWith(describeWorld(4))).toBe(true);
    expect(told.endsWith('no violation')).toBe(true);
  });
});
