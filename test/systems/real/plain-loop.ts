import { disturbanceOf } from './disturbance.ts';
import type { RealSource } from './real-system.ts';

/**
 * The control: a loop that goes from page to page while others write, as it is written every day.
 *
 * @returns how many records were there before, are there still, and were not read
 */
export const lostByPlainLoop = async ({ people, all, plainPages }: RealSource): Promise<number> => {
  const before = await all();
  const disturb = disturbanceOf(people, 'the control');
  const seen = new Set<string>();
  for await (const ids of plainPages()) {
    for (const id of ids) seen.add(id);
    await disturb([...seen]);
  }
  const after = await all();
  return [...before.keys()].filter((id) => after.has(id) && !seen.has(id)).length;
};
