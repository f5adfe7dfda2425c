import * as fc from 'fast-check';
import { decideVerdict, type ReconcileCounts, type ScanEnd } from '../../../src/core/reconcile/verdict.ts';

const counts = (change: Partial<ReconcileCounts> = {}): ReconcileCounts => ({
  source: 10,
  matched: 10,
  missing: 0,
  changed: 0,
  duplicated: 0,
  pending: 0,
  unusable: 0,
  ...change,
});

const matched = (reason: string, coveragePercent: number | null) => ({ verdict: 'matched', reason, coveragePercent });
const mismatched = (reason: string, coveragePercent: number | null) => ({
  ...matched(reason, coveragePercent),
  verdict: 'mismatched',
});
const notProven = (reason: string, coveragePercent: number | null) => ({
  ...matched(`Not proven: ${reason}`, coveragePercent),
  verdict: 'not_proven',
});

test.each([
  ['everything matched', counts(), 'complete', matched('All 10 records of the window match', 100)],
  [
    'one record matched',
    counts({ source: 1, matched: 1 }),
    'complete',
    matched('All 1 record of the window match', 100),
  ],
  [
    'an empty window',
    counts({ source: 0, matched: 0 }),
    'complete',
    matched('All 0 records of the window match', null),
  ],
  ['one missing', counts({ matched: 9, missing: 1 }), 'complete', mismatched('Of 10 records: 1 missing', 90)],
  ['one changed', counts({ matched: 9, changed: 1 }), 'complete', mismatched('Of 10 records: 1 changed', 90)],
  ['one duplicated', counts({ matched: 9, duplicated: 1 }), 'complete', mismatched('Of 10 records: 1 duplicated', 90)],
  [
    'one of each, and more that is open',
    counts({ matched: 6, missing: 1, changed: 1, duplicated: 1, pending: 1, unusable: 1 }),
    'complete',
    mismatched('Of 10 records: 1 missing, 1 changed, 1 duplicated', 60),
  ],
  [
    'one missing in a scan cut short',
    counts({ matched: 9, missing: 1 }),
    'truncated',
    mismatched('Of 10 records: 1 missing', null),
  ],
  ['a scan that was cut short', counts(), 'truncated', notProven('the scan of the source is truncated', null)],
  ['a scan that contradicts itself', counts(), 'unstable', notProven('the scan of the source is unstable', null)],
  ['a row without a key', counts({ unusable: 1 }), 'complete', notProven('1 source row that cannot be judged', 100)],
  ['a record on its way', counts({ matched: 9, pending: 1 }), 'complete', notProven('1 record still on the way', 90)],
  [
    'two records nobody accounts for',
    counts({ matched: 8 }),
    'complete',
    notProven('2 records neither matched nor named', 80),
  ],
  [
    'everything open at once',
    counts({ matched: 7, pending: 2, unusable: 3 }),
    'unstable',
    notProven(
      'the scan of the source is unstable; 3 source rows that cannot be judged; 2 records still on the way; 1 record neither matched nor named',
      null,
    ),
  ],
] as const)('%s', (_what, given, end, verdict) => {
  expect(decideVerdict(given, end)).toEqual(verdict);
});

test('coverage is rounded down: 100 is all of them', () => {
  expect(decideVerdict(counts({ source: 100_000, matched: 99_999, missing: 1 }), 'complete').coveragePercent).toBe(
    99.99,
  );
  expect(decideVerdict(counts({ source: 3, matched: 2, missing: 1 }), 'complete').coveragePercent).toBe(66.66);
  expect(decideVerdict(counts({ source: 3, matched: 0, missing: 3 }), 'complete').coveragePercent).toBe(0);
});

test('G6 matched is said only of a complete scan in which every record matched', () => {
  const count = fc.integer({ min: 0, max: 3 });
  const anyCounts = fc.record({
    source: count,
    matched: count,
    missing: count,
    changed: count,
    duplicated: count,
    pending: count,
    unusable: count,
  });
  fc.assert(
    fc.property(anyCounts, fc.constantFrom<ScanEnd>('complete', 'truncated', 'unstable'), (given, end) => {
      const { verdict, coveragePercent } = decideVerdict(given, end);
      const differing = given.missing + given.changed + given.duplicated;
      expect(verdict === 'mismatched').toBe(differing > 0);
      const isOpen = given.pending + given.unusable > 0 || given.matched + given.pending < given.source;
      expect(verdict === 'matched').toBe(differing === 0 && end === 'complete' && !isOpen);
      expect(coveragePercent === null).toBe(end !== 'complete' || given.source === 0);
    }),
    { numRuns: 2000 },
  );
});
