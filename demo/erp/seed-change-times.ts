import { createPicker } from './seed-picker.ts';

type ChangeTimesSeed = { readonly records: number; readonly random: () => number; readonly seededUntilMs: number };

const DAY_MS = 86_400_000;
const SPREAD_DAYS = 30;
/** One mass change: of 5,000 records 700 carry the very same millisecond, more than any page but the largest. */
const MASS_CHANGE_SHARE = 0.14;
const MASS_CHANGE_BEFORE_DAYS = 9;
/** Small bursts, as nightly jobs leave them: every eighth record shares its instant with the one made before it. */
const BURST_SHARE = 0.125;

/**
 * The change time of each record, in milliseconds, at most thirty days and at least a minute before
 * `seededUntilMs`. Ties are the point: a page edge that falls among them is where a sync loses records.
 */
export const seedChangeTimes = ({ records, random, seededUntilMs }: ChangeTimesSeed): readonly number[] => {
  const pick = createPicker(random);
  const massChangeMs = seededUntilMs - MASS_CHANGE_BEFORE_DAYS * DAY_MS;
  const massChanges = Math.floor(records * MASS_CHANGE_SHARE);
  const times: number[] = Array.from({ length: massChanges }, () => massChangeMs);
  const draw = (): number => seededUntilMs - pick.integer(60_000, SPREAD_DAYS * DAY_MS);
  let latestMs = draw();
  while (times.length < records) {
    latestMs = pick.chance(BURST_SHARE) ? latestMs : draw();
    times.push(latestMs);
  }
  return pick.shuffled(times);
};
