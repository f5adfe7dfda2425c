import fc from 'fast-check';
import { digestText } from '../../../src/core/digest.ts';
import { recordEdge } from '../../../src/core/read/edge.ts';
import { type Boundary, type EdgePage, type EdgeState, NAMED_MAX } from '../../../src/core/read/edge-state.ts';
import { MEMORY_LIMITS } from '../../../src/core/read/row-memory.ts';
import { addRow, addSums, NO_ROWS } from '../../../src/core/read/row-sum.ts';
import { type Change, createSource, type SweepResult, timeOf } from './edge-model.ts';

const change: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom('add', 'add', 'late', 'touch', 'rewrite', 'remove'),
  row: fc.nat({ max: 60 }),
});
const changes = fc.array(change, { maxLength: 8 });
const history = fc.array(
  fc.record({ before: changes, between: fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 5 }) }),
  { minLength: 1, maxLength: 8 },
);
const options = {
  pageSize: fc.integer({ min: 1, max: 7 }),
  overlap: fc.integer({ min: 0, max: 15 }),
  tick: fc.constantFrom(1, 2, 5, 1000),
};
const sorted = (names: Iterable<string>): string[] => [...names].toSorted();

const within = (names: readonly string[], truth: ReadonlySet<string>): string[] =>
  names.filter((one) => !truth.has(one));

/** The rows of the edge that the memory covers. */
const covered = ({ boundary, truth }: SweepResult) =>
  new Set(
    [...truth.edge.values()]
      .filter(({ at }) => boundary.from === null || timeOf(at) >= boundary.from)
      .map(({ id }) => id),
  );

describe('G1 the edge of a sweep', () => {
  test('rows kept one by one: exactly what is late, changed and vanished is named', () => {
    fc.assert(
      fc.property(fc.record(options), history, (shape, sweeps) => {
        const source = createSource({ ...shape, limits: MEMORY_LIMITS });
        for (const { before, between } of sweeps) {
          before.forEach(source.change);
          const { boundary, truth } = source.sweep(between);
          expect({
            late: sorted(boundary.late.names),
            changed: sorted(boundary.changed.names),
            vanished: sorted(boundary.vanished.names),
            exact: boundary.exact,
            unproven: boundary.unproven,
          }).toEqual({
            late: sorted(truth.late),
            changed: sorted(truth.changed),
            vanished: sorted(truth.vanished),
            exact: truth.edge.size,
            unproven: 0,
          });
          expect(boundary.contained).toBe(truth.changed.size + truth.vanished.size === 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('rows that are counted: nothing is named wrongly, and contained is said only where it is so', () => {
    fc.assert(
      fc.property(
        fc.record(options),
        history,
        fc.record({
          rowsMax: fc.integer({ min: 1, max: 4 }),
          slotsMax: fc.integer({ min: 3, max: 6 }),
          slotMs: fc.constantFrom(1, 3),
        }),
        (shape, sweeps, limits) => {
          const source = createSource({ ...shape, limits });
          const isQuiet = sweeps.every(({ between }) => between.flat().length === 0);
          for (const { before, between } of sweeps) {
            before.forEach(source.change);
            const result = source.sweep(between);
            const { boundary, truth } = result;
            const edge = covered(result);
            const differing = [...truth.changed, ...truth.vanished].filter((id) => edge.has(id));
            const missed = [...truth.late].filter((id) => !boundary.late.names.includes(id));
            expect({
              containedWrongly: boundary.contained ? differing : [],
              vanished: within(boundary.vanished.names, truth.vanished),
              changed: within(boundary.changed.names, truth.changed),
              late: boundary.late.names.filter((id) => edge.has(id)),
              missed: truth.isReread ? [] : missed,
              unproven: isQuiet && truth.vanished.size === 0 ? boundary.unproven : 0,
            }).toEqual({ containedWrongly: [], vanished: [], changed: [], late: [], missed: [], unproven: 0 });
            expect(boundary.exact).toBeLessThanOrEqual(limits.rowsMax);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  const page = (change: Partial<EdgePage>): EdgePage => ({
    sweep: 'first',
    since: null,
    mark: null,
    contract: 'c1',
    keepFrom: timeOf(0),
    bound: timeOf(1_000_000),
    isOver: true,
    rows: [],
    ...change,
  });
  const row = (id: string, at: number, version = 'v1') => ({
    at: timeOf(at),
    name: id,
    version,
    isNew: false,
    known: { at: timeOf(at), version },
  });
  const again = { sweep: 'second', since: timeOf(0), mark: timeOf(9) } as const;

  test('a row read again at its time by another contract is contained, and one at another time is changed', () => {
    const first = recordEdge(null, page({ rows: [row('a', 1), row('b', 9)] }));
    const moved = { ...row('b', 12, 'v2'), isNew: true, known: { at: timeOf(9), version: 'v1' } };
    const remapped = { ...row('a', 1, 'v2'), isNew: true, known: { at: timeOf(1), version: 'v1' } };
    const { boundary } = recordEdge(first.state, page({ ...again, contract: 'c2', rows: [remapped, moved] }));
    expect(boundary).toMatchObject({ changed: { names: ['b'] }, late: { count: 0 }, vanished: { count: 0 } });
    const same = recordEdge(first.state, page({ ...again, rows: [remapped, row('b', 9)] }));
    expect(same.boundary).toMatchObject({ contained: false, changed: { names: ['a'] } });
  });

  test('a sweep that is given up leaves what it read and what it had not come to as the edge of the next', () => {
    const first = recordEdge(null, page({ rows: [row('a', 1), row('b', 5), row('c', 9)] }));
    const started = recordEdge(first.state, page({ ...again, isOver: false, rows: [row('a', 1)] }));
    expect(started.boundary).toBeNull();
    const whole = recordEdge(
      started.state,
      page({ ...again, sweep: 'third', rows: [row('a', 1), row('b', 5), row('c', 9)] }),
    );
    expect(whole.boundary).toMatchObject({ contained: true, exact: 3, unproven: 0 });
    const part = recordEdge(started.state, page({ ...again, sweep: 'third', rows: [row('b', 5), row('c', 9)] }));
    expect(part.boundary).toMatchObject({ contained: false, vanished: { count: 1, names: ['a'] } });
  });

  test('what a shorter overlap does not reach any more is not proven', () => {
    const first = recordEdge(null, page({ rows: [row('a', 1), row('b', 9)] }));
    const { boundary } = recordEdge(first.state, page({ ...again, since: timeOf(5), rows: [row('b', 9)] }));
    expect(boundary).toMatchObject({ contained: false, exact: 1, unproven: 1, vanished: { count: 0 } });
  });

  test('a stream that was read before there was a memory claims nothing of what it read', () => {
    const known = { ...row('late', 3), isNew: true, known: null };
    const { boundary } = recordEdge(null, page({ ...again, rows: [known, row('b', 9)] }));
    expect(boundary).toMatchObject({ exact: 0, counted: 0, from: timeOf(9), late: { names: ['late'] } });
  });

  test('a row dated beyond the bound is not part of the edge', () => {
    const first = recordEdge(null, page({ bound: timeOf(10), rows: [row('a', 9), row('future', 500)] }));
    expect(recordEdge(first.state, page({ ...again, rows: [row('a', 9)] })).boundary).toMatchObject({
      contained: true,
      exact: 1,
    });
  });

  test.each([
    ['each at its own time', 1],
    ['all at one time', 0],
  ])('twenty thousand rows, %s, are remembered in 320 KB and found again', (_how, step) => {
    const all = Array.from({ length: 20_000 }, (_, n) =>
      row(digestText(`id ${n}`), n * step, digestText(`version ${n}`).slice(0, 32)),
    );
    const pages = Array.from({ length: 20 }, (_, n) => all.slice(n * 1000, (n + 1) * 1000));
    const sweep = (before: EdgeState | null, place: Partial<EdgePage>) => {
      let state = before;
      let boundary: Boundary | null = null;
      for (const [index, rows] of pages.entries()) {
        ({ state, boundary } = recordEdge(state, page({ ...place, isOver: index === 19, rows })));
        expect(JSON.stringify(state).length).toBeLessThan(320 * 1024);
      }
      expect(JSON.stringify(state).length).toBeLessThan(160 * 1024);
      return { state, boundary };
    };
    const { state } = sweep(null, {});
    const { boundary } = sweep(state, { ...again, mark: timeOf(20_000) });
    expect(boundary).toMatchObject({ contained: true, unproven: 0 });
    expect((boundary?.exact ?? 0) + (boundary?.counted ?? 0)).toBe(20_000);
  });

  test('of many that differ twenty are named and all are counted', () => {
    const first = recordEdge(null, page({ rows: Array.from({ length: 50 }, (_, n) => row(`r${n}`, n)) }));
    const { boundary } = recordEdge(first.state, page({ ...again, mark: timeOf(49) }));
    expect(boundary?.vanished.count).toBe(50);
    expect(boundary?.vanished.names).toHaveLength(NAMED_MAX);
  });
});

test('a counted row that was swapped for another, taken away, or read twice does not add up', () => {
  const rows = ['a', 'b', 'c'].map((name) => ({ name, version: `${name}1` }));
  const sum = (all: readonly { name: string; version: string }[]) => all.reduce(addRow, NO_ROWS);
  const whole = sum(rows);
  expect(sum(rows.toReversed())).toEqual(whole);
  expect(addSums(sum(rows.slice(0, 1)), sum(rows.slice(1)))).toEqual(whole);
  const others = [
    rows.slice(1),
    [...rows, ...rows],
    [...rows.slice(0, 2), { name: 'c', version: 'c2' }],
    [...rows.slice(0, 2), { name: 'd', version: 'c1' }],
    [...rows.slice(0, 2), ...rows.slice(0, 1)],
  ];
  for (const other of others) expect(sum(other)).not.toEqual(whole);
});
