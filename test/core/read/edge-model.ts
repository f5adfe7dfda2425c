import type { Instant } from '../../../src/core/instant.ts';
import { instantFromMs } from '../../../src/core/instant.ts';
import { recordEdge } from '../../../src/core/read/edge.ts';
import { type Boundary, edgeState, type EdgeState } from '../../../src/core/read/edge-state.ts';
import type { MemoryLimits } from '../../../src/core/read/row-memory.ts';

/** A row of the source: `at` in milliseconds after a fixed time, `version` grows with each change. */
type Row = { readonly id: string; readonly at: number; readonly version: number };

export type Change = { readonly what: 'add' | 'late' | 'touch' | 'rewrite' | 'remove'; readonly row: number };

/** What a sweep found, by the rules and with all the memory there is. */
type Truth = {
  readonly edge: ReadonlyMap<string, Row>;
  readonly late: ReadonlySet<string>;
  readonly changed: ReadonlySet<string>;
  readonly vanished: ReadonlySet<string>;
  /** Some record was read twice in this sweep or the one before. */
  readonly isReread: boolean;
};

export type SweepResult = { readonly boundary: Boundary; readonly truth: Truth; readonly state: EdgeState };

const BASE_MS = Date.parse('2026-01-01T00:00:00Z');
export const timeOf = (at: number): Instant => instantFromMs(BASE_MS + at);

const inOrder = (a: Row, b: Row): number => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const versionOf = ({ at, version }: Row): string => `${at}/${version}`;

export type Source = {
  readonly change: (change: Change) => void;
  /** Reads from `since` on, page by page; what other people do between the pages is in `between`. */
  readonly sweep: (between: readonly (readonly Change[])[]) => SweepResult;
  /** What the edge is remembered by now. */
  readonly state: () => EdgeState | null;
};

export type SourceOptions = {
  readonly pageSize: number;
  readonly overlap: number;
  /** Times are multiples of this: a wide one makes ties. */
  readonly tick: number;
  readonly limits: MemoryLimits;
};

/** A source, a reader that keeps only what the store keeps, and beside it a witness that forgets nothing. */
export const createSource = ({ pageSize, overlap, tick, limits }: SourceOptions): Source => {
  let rows: Row[] = [];
  let now = 0;
  let made = 0;
  let sweeps = 0;
  let state: EdgeState | null = null;
  let mark: number | null = null;
  let since: number | null = null;
  let edge = new Map<string, Row>();
  const observed = new Map<string, Row>();
  const versions = new Set<string>();
  let wasReread = false;

  const ticked = (at: number): number => Math.floor(at / tick) * tick;
  const put = (row: Row): void => {
    rows = [...rows.filter(({ id }) => id !== row.id), row];
  };

  const change = ({ what, row: place }: Change): void => {
    now += 1;
    made += 1;
    const old = rows.toSorted(inOrder)[place % Math.max(rows.length, 1)];
    const at = ticked(now);
    // Committed late: under a time that may have been read, by no more than the overlap.
    const before = ticked(Math.max(0, now - (place % (overlap + 1))));
    if (what === 'add') put({ id: `r${made}`, at, version: made });
    else if (what === 'late') put({ id: `r${made}`, at: before, version: made });
    else if (old === undefined) return;
    else if (what === 'touch') put({ ...old, at, version: made });
    else if (what === 'rewrite') put({ ...old, version: made });
    else rows = rows.filter(({ id }) => id !== old.id);
  };

  const sweep = (between: readonly (readonly Change[])[]): SweepResult => {
    sweeps += 1;
    now += tick;
    const bound = now;
    const startMark = mark;
    const start = since;
    const left = new Map(edge);
    const read = new Map<string, Row>();
    const late = new Set<string>();
    const changed = new Set<string>();
    let isReread = false;
    let position: Row | undefined;
    for (let page = 0; ; page += 1) {
      const rest: Row[] = rows
        .filter((row) => (position === undefined ? start === null || row.at >= start : inOrder(row, position) > 0))
        .toSorted(inOrder);
      const taken = rest.slice(0, pageSize);
      const last = taken.at(-1);
      const isOver = rest.length <= pageSize || (last !== undefined && last.at > bound);
      const known = new Map(observed);
      const pageRows = taken.map((row) => ({ row, isNew: !versions.has(`${row.id}@${versionOf(row)}`) }));
      for (const { row, isNew } of pageRows) {
        const expected = left.get(row.id);
        const was = known.get(row.id);
        const isBelowMark = isNew && startMark !== null && row.at < startMark;
        const wasBelow = was === undefined || was.at < (start ?? 0) || (startMark !== null && was.at > startMark);
        const isElsewhere = !edge.has(row.id) && !read.has(row.id);
        if (expected !== undefined && versionOf(expected) !== versionOf(row)) changed.add(row.id);
        if (expected === undefined && isBelowMark && isElsewhere && wasBelow) late.add(row.id);
        left.delete(row.id);
        isReread ||= read.has(row.id);
        read.set(row.id, row);
        observed.set(row.id, row);
        versions.add(`${row.id}@${versionOf(row)}`);
        if (row.at <= bound) mark = Math.max(mark ?? 0, row.at);
      }
      const keepFrom: number | null = mark === null ? null : Math.min(mark, bound) - overlap;
      const { state: next, boundary } = recordEdge(
        state,
        {
          sweep: `sweep ${sweeps}`,
          since: start === null ? null : timeOf(start),
          mark: startMark === null ? null : timeOf(startMark),
          contract: 'c1',
          keepFrom: keepFrom === null ? null : timeOf(keepFrom),
          bound: timeOf(bound),
          isOver,
          rows: pageRows.map(({ row, isNew }) => {
            const was = known.get(row.id);
            return {
              at: timeOf(row.at),
              name: row.id,
              version: versionOf(row),
              isNew,
              known: was === undefined ? null : { at: timeOf(was.at), version: versionOf(was) },
            };
          }),
        },
        limits,
      );
      // As the store keeps it: nothing but JSON survives a page.
      state = edgeState.parse(JSON.parse(JSON.stringify(next)));
      if (boundary !== null) {
        const truth = { edge, late, changed, vanished: new Set(left.keys()), isReread: isReread || wasReread };
        wasReread = isReread;
        const to = mark;
        edge = new Map([...read].filter(([, { at }]) => to !== null && at <= to && at >= (keepFrom ?? 0)));
        since = keepFrom;
        return { boundary, truth, state };
      }
      position = last;
      for (const one of between[page] ?? []) change(one);
    }
  };
  return { change, sweep, state: () => state };
};
