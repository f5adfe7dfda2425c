import type { People } from './real-system.ts';

/** Pages after which somebody writes: enough to move every page behind them, and few enough for a read to end. */
const PAGES_DISTURBED = 8;

/**
 * What happens behind the back of a reader after each page: of the records that it has read one is deleted, which moves
 * all others up, and one is changed, which takes it to the end; and one is added.
 *
 * @returns what to call after each page, with all IDs read so far
 */
export const disturbanceOf = (people: People, run: string): ((seen: readonly string[]) => Promise<void>) => {
  let pages = 0;
  return async (seen) => {
    const [removed, renamed] = [seen[2 * pages], seen[2 * pages + 1]];
    if (pages >= PAGES_DISTURBED || removed === undefined || renamed === undefined) return;
    pages += 1;
    await people.remove(removed);
    await people.rename(renamed, `Renamed in ${run} after page ${pages}`);
    await people.add(`Added in ${run} after page ${pages}`);
  };
};
