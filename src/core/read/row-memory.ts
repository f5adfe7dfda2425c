import { z } from 'zod';
import { compareInstants, type Instant, instantFromMs, instantToMs } from '../instant.ts';
import { instantText } from './checkpoint.ts';
import { addRow, addSums, type KeyedRow, NO_ROWS, rowSum } from './row-sum.ts';

/** Bounds of what is remembered; a row takes about 140 bytes as JSON, a slot about 120. */
export type MemoryLimits = {
  /** Rows kept one by one; when there are more, the older half is counted instead. */
  readonly rowsMax: number;
  /** Slots of time that counted rows are summed up by. */
  readonly slotsMax: number;
  /** Span of update times of a slot at first; it doubles whenever there are too many slots. */
  readonly slotMs: number;
};

export const MEMORY_LIMITS: MemoryLimits = { rowsMax: 1000, slotsMax: 32, slotMs: 100 };

const slot = rowSum.extend({ startMs: z.int() });
type Slot = z.infer<typeof slot>;

/** Sums of rows by their update time, in spans of `widthMs`. */
export const slots = z.object({ widthMs: z.int().min(1), all: z.array(slot) });
export type Slots = z.infer<typeof slots>;

export const NO_SLOTS: Slots = { widthMs: 1, all: [] };

/** Update time, name, version. */
const rememberedRow = z.tuple([instantText, z.string(), z.string()]);
export type RememberedRow = z.infer<typeof rememberedRow>;

/** The rows of a stretch of a source: the newest one by one, those up to `countedTo` by their sums. */
export const rowMemory = z.object({
  /** Every row from here on is in it; null for the beginning. */
  from: instantText.nullable(),
  countedTo: instantText.nullable(),
  rows: z.array(rememberedRow),
  counted: slots,
});
export type RowMemory = z.infer<typeof rowMemory>;

export const NOTHING_READ: RowMemory = { from: null, countedTo: null, rows: [], counted: NO_SLOTS };

export type TimedRow = KeyedRow & { readonly at: Instant };

/** True where `at` lies in the part that is counted. */
export const isCounted = ({ from, countedTo }: RowMemory, at: Instant): boolean =>
  countedTo !== null && compareInstants(at, countedTo) <= 0 && (from === null || compareInstants(at, from) >= 0);

const slotOf = (at: Instant, widthMs: number): number => Math.floor(instantToMs(at) / widthMs) * widthMs;

/** True where some row of the span of `at` was counted. */
export const hasSlot = ({ widthMs, all }: Slots, at: Instant): boolean =>
  all.some(({ startMs }) => startMs === slotOf(at, widthMs));

const sumBySlot = (all: readonly Slot[], widthMs: number): Slot[] => {
  const byStart = new Map<number, Slot>();
  for (const one of all) {
    const startMs = Math.floor(one.startMs / widthMs) * widthMs;
    byStart.set(startMs, { startMs, ...addSums(byStart.get(startMs) ?? NO_ROWS, one) });
  }
  return [...byStart.values()].toSorted((a, b) => a.startMs - b.startMs);
};

/** Counts rows; spans are doubled until there are few enough of them. */
export const countRows = (into: Slots, rows: readonly TimedRow[], slotsMax: number): Slots => {
  const ones = rows.map((row) => ({ startMs: instantToMs(row.at), ...addRow(NO_ROWS, row) }));
  let { widthMs } = into;
  let all = sumBySlot([...into.all, ...ones], widthMs);
  while (all.length > slotsMax) {
    widthMs *= 2;
    all = sumBySlot(all, widthMs);
  }
  return { widthMs, all };
};

const asRow = ([at, name, version]: RememberedRow): TimedRow => ({ at, name, version });

/** Counts the older rows instead of keeping them, whole update times at once, so that a row is on one side for certain. */
const condense = (memory: RowMemory, { rowsMax, slotsMax, slotMs }: MemoryLimits): RowMemory => {
  if (memory.rows.length <= rowsMax) return memory;
  const rows = memory.rows.toSorted(([a], [b]) => compareInstants(a, b));
  const [newestCounted] = rows.at(-1 - Math.floor(rowsMax / 2)) ?? [];
  if (newestCounted === undefined) return memory;
  const kept = rows.filter(([at]) => compareInstants(at, newestCounted) > 0);
  const into = memory.counted.all.length > 0 ? memory.counted : { ...NO_SLOTS, widthMs: slotMs };
  const counted = countRows(into, rows.slice(0, rows.length - kept.length).map(asRow), slotsMax);
  return { ...memory, rows: kept, counted, countedTo: newestCounted };
};

/** Forgets what is below `from`. Of a span that lies across it, all is forgotten: what is below cannot be taken out. */
const forgetBelow = (memory: RowMemory, from: Instant | null): RowMemory => {
  if (from === null || (memory.from !== null && compareInstants(from, memory.from) <= 0)) return memory;
  const { widthMs, all } = memory.counted;
  const whole = all.filter(({ startMs }) => compareInstants(instantFromMs(startMs), from) >= 0);
  const ends = all.slice(0, all.length - whole.length).map(({ startMs }) => instantFromMs(startMs + widthMs));
  const start = ends.findLast((end) => compareInstants(end, from) > 0) ?? from;
  return {
    from: start,
    countedTo: memory.countedTo,
    rows: memory.rows.filter(([at]) => compareInstants(at, start) >= 0),
    counted: { widthMs, all: whole },
  };
};

/**
 * Remembers rows that were read, and forgets those below `from`. A row that is kept one by one is in it once, as it was
 * read last; one that was counted is counted again.
 */
export const remember = (
  memory: RowMemory,
  rows: readonly TimedRow[],
  from: Instant | null,
  limits: MemoryLimits,
): RowMemory => {
  const before = forgetBelow(memory, from);
  const { from: start, countedTo } = before;
  const wanted = rows.filter(({ at }) => start === null || compareInstants(at, start) >= 0);
  const isOld = ({ at }: TimedRow): boolean => countedTo !== null && compareInstants(at, countedTo) <= 0;
  const kept = new Map(before.rows.map((row) => [row[1], row]));
  for (const row of wanted) if (!isOld(row)) kept.set(row.name, [row.at, row.name, row.version]);
  const counted = countRows(before.counted, wanted.filter(isOld), limits.slotsMax);
  return condense({ ...before, rows: [...kept.values()], counted }, limits);
};
