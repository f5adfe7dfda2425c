import { compareInstants, type Instant } from '../instant.ts';
import {
  type Boundary,
  type EdgePage,
  type EdgeRow,
  type EdgeState,
  type Findings,
  type Named,
  NAMED_MAX,
} from './edge-state.ts';
import {
  countRows,
  hasSlot,
  isCounted,
  MEMORY_LIMITS,
  type MemoryLimits,
  NO_SLOTS,
  NOTHING_READ,
  remember,
  type RememberedRow,
  type TimedRow,
} from './row-memory.ts';

/** No version of a contract: the rows were mapped by more than one, so only their update times can be compared. */
const MIXED = '';

const NOBODY: Named = { count: 0, names: [] };
const NOTHING_FOUND: Findings = {
  exact: 0,
  counted: 0,
  unproven: 0,
  late: NOBODY,
  changed: NOBODY,
  vanished: NOBODY,
};

const isAtOrAfter = (at: Instant, from: Instant | null): boolean => from === null || compareInstants(at, from) >= 0;

const addNamed = (a: Named, b: Named): Named => ({
  count: a.count + b.count,
  names: [...a.names, ...b.names].slice(0, NAMED_MAX),
});

const name = (to: Named, names: string[]): Named => addNamed(to, { count: names.length, names });

const countOf = ({ all }: EdgeState['seen']): number => all.reduce((total, { count }) => total + count, 0);

/** A sweep that was given up had read part of the edge again: what it read and what it had not come to are the edge now. */
const leftBy = (before: EdgeState, limits: MemoryLimits): Pick<EdgeState, 'edge' | 'found'> => {
  const all = [...before.edge.rows, ...before.next.rows].toSorted(([a], [b]) => compareInstants(b, a));
  const rows = all.slice(0, limits.rowsMax);
  const found = before.found;
  const unproven = found.unproven + countOf(before.edge.counted) + all.length - rows.length;
  const contract = before.edge.contract === before.contract ? before.contract : MIXED;
  const edge = { ...NOTHING_READ, from: before.next.from, rows, contract };
  return { edge, found: { ...found, unproven } };
};

const begin = (before: EdgeState | null, page: EdgePage, limits: MemoryLimits): EdgeState => {
  const { sweep, since, mark, contract } = page;
  const fresh = { sweep, isOver: false, contract, mark, next: NOTHING_READ, seeming: NOBODY };
  if (before === null) {
    // Nothing is remembered of what was read up to the mark, so the edge begins behind it.
    return { ...fresh, edge: { ...NOTHING_READ, from: mark, contract }, seen: NO_SLOTS, found: NOTHING_FOUND };
  }
  const { edge, found } = before.isOver
    ? { edge: { ...before.next, contract: before.contract }, found: NOTHING_FOUND }
    : leftBy(before, limits);
  // What the overlap does not reach any more is not read again.
  const upToMark = edge.rows.filter(([at]) => mark !== null && compareInstants(at, mark) <= 0);
  const rows = upToMark.filter(([at]) => isAtOrAfter(at, since));
  return {
    ...fresh,
    edge: { ...edge, rows },
    seen: { widthMs: edge.counted.widthMs, all: [] },
    found: { ...found, exact: rows.length, unproven: found.unproven + upToMark.length - rows.length },
  };
};

type Met =
  | { readonly kind: 'other' | 'contained' | 'changed' | 'late' }
  /** In the counted part of the edge, where the record had this version. */
  | { readonly kind: 'counted'; readonly row: TimedRow; readonly isChanged: boolean };

/** What a row that was read means for the edge. `kept` is its row there, `hasRead` whether this sweep had it before. */
const meet = (state: EdgeState, row: EdgeRow, kept: RememberedRow | undefined, hasRead: boolean): Met => {
  const { edge, mark } = state;
  const isRemapped = edge.contract !== state.contract || edge.contract === MIXED;
  if (kept !== undefined) {
    const [at, , version] = kept;
    return { kind: at === row.at && (isRemapped || version === row.version) ? 'contained' : 'changed' };
  }
  if (mark === null || hasRead) return { kind: 'other' };
  const before = row.isNew ? row.known : row;
  if (before !== null && isCounted(edge, before.at)) {
    // Nothing is expected of this span: the record was known, and was not in the edge.
    if (!hasSlot(edge.counted, before.at)) return { kind: 'other' };
    const isChanged = before.at !== row.at || (before.version !== row.version && !isRemapped);
    return { kind: 'counted', row: { at: before.at, name: row.name, version: before.version }, isChanged };
  }
  // A record known at the edge was in it, or was read again by now; only one from below or from nowhere is late.
  const { known } = row;
  const wasAtEdge = known !== null && isAtOrAfter(known.at, edge.from) && compareInstants(known.at, mark) <= 0;
  const isLate = row.isNew && !wasAtEdge && compareInstants(row.at, mark) < 0;
  return { kind: isLate ? 'late' : 'other' };
};

/** Holds the rows of a page against the edge. */
const read = (state: EdgeState, page: EdgePage): EdgeState => {
  const left = new Map(state.edge.rows.map((row) => [row[1], row]));
  const had = new Set(state.next.rows.map(([, one]) => one));
  const late: string[] = [];
  const changed: string[] = [];
  const seeming: string[] = [];
  const seen: TimedRow[] = [];
  for (const row of page.rows) {
    if (!isAtOrAfter(row.at, page.since)) continue;
    const met = meet(state, row, left.get(row.name), had.has(row.name));
    left.delete(row.name);
    had.add(row.name);
    if (met.kind === 'late') late.push(row.name);
    if (met.kind === 'changed') changed.push(row.name);
    if (met.kind !== 'counted') continue;
    seen.push(met.row);
    if (met.isChanged) seeming.push(row.name);
  }
  const { found } = state;
  return {
    ...state,
    edge: { ...state.edge, rows: [...left.values()] },
    // As many spans as the edge has, so that they stay comparable.
    seen: countRows(state.seen, seen, Number.MAX_SAFE_INTEGER),
    seeming: name(state.seeming, seeming),
    found: { ...found, late: name(found.late, late), changed: name(found.changed, changed) },
  };
};

/** Compares the counted part span by span; one that does not add up proves nothing of its rows. */
const compareCounted = ({ edge, seen }: EdgeState): { readonly counted: number; readonly unproven: number } => {
  const seenAt = new Map(seen.all.map((slot) => [slot.startMs, slot]));
  let counted = 0;
  let unproven = 0;
  for (const { startMs, count, sum } of edge.counted.all) {
    const again = seenAt.get(startMs);
    if (again?.count === count && again.sum === sum) counted += count;
    else unproven += count;
  }
  return { counted, unproven };
};

const end = (state: EdgeState): { readonly state: EdgeState; readonly boundary: Boundary } => {
  const { edge, found, mark } = state;
  const { counted, unproven } = compareCounted(state);
  const { changed } = found;
  const total: Findings = {
    ...found,
    counted,
    unproven: found.unproven + unproven,
    changed: unproven > 0 ? changed : addNamed(changed, state.seeming),
    vanished: name(
      found.vanished,
      edge.rows.map(([, one]) => one),
    ),
  };
  const contained = total.unproven === 0 && total.changed.count === 0 && total.vanished.count === 0;
  return {
    state: {
      ...state,
      isOver: true,
      edge: { ...NOTHING_READ, contract: state.contract },
      seen: NO_SLOTS,
      seeming: NOBODY,
      found: NOTHING_FOUND,
    },
    boundary: { ...total, contained, from: edge.from, mark },
  };
};

/**
 * Takes a page into the memory of the edge, and at the end of a sweep says what became of the edge of the sweep before.
 *
 * The edge are the rows from the start of the next sweep (the mark less the overlap) to the mark, which the next sweep
 * reads again. Up to a limit each is remembered by its digests, so that what differs is named; beyond it the older ones are
 * counted and summed up by spans of time. A changed record is taken out of the sum with the version that the stream knew of
 * it, and named if everything then adds up. What does not add up is *not proven*: there a record that vanished cannot be told
 * from one that was read twice.
 *
 * @param before null before the first page of a stream
 */
export const recordEdge = (
  before: EdgeState | null,
  page: EdgePage,
  limits: MemoryLimits = MEMORY_LIMITS,
): { readonly state: EdgeState; readonly boundary: Boundary | null } => {
  const begun = before?.sweep === page.sweep && !before.isOver ? before : begin(before, page, limits);
  const met = read({ ...begun, contract: begun.contract === page.contract ? page.contract : MIXED }, page);
  const { within = [], beyond = [] } = Object.groupBy(page.rows, ({ at }) =>
    compareInstants(at, page.bound) <= 0 ? 'within' : 'beyond',
  );
  // A record that was read below the bound and then again beyond it has left the edge.
  const gone = new Set(beyond.map(({ name: one }) => one));
  const next = { ...met.next, rows: met.next.rows.filter(([, one]) => !gone.has(one)) };
  const state = { ...met, next: remember(next, within, page.keepFrom, limits) };
  return page.isOver ? end(state) : { state, boundary: null };
};
