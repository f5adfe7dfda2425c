import type { ReconcileResult } from '../../src/core/protocol/reconcile-routes.ts';
import { instantFromMs } from '../../src/core/instant.ts';
import { reportOf, reportSample } from '../../src/zapier/reconcile-report.ts';

const result: ReconcileResult = {
  runId: 'run-1',
  sync: 'customers',
  stream: 'main',
  windowFrom: instantFromMs(0),
  windowTo: instantFromMs(60_000),
  state: 'finished',
  verdict: 'mismatched',
  reason: 'Of 4 records: 1 missing, 2 changed',
  coveragePercent: 25,
  counts: { source: 4, matched: 1, missing: 1, changed: 2, duplicated: 0, pending: 0, unusable: 0 },
  differences: [
    { externalId: 'C-1', kind: 'missing', fields: [], disposition: 'repairing' },
    { externalId: 'C-2', kind: 'changed', fields: ['email', 'phone'], disposition: 'confirmed' },
    { externalId: 'C-3', kind: 'changed', fields: ['phone'], disposition: 'confirmed' },
  ],
  differencesTotal: 3,
  evidenceId: 'evidence-1',
};

test('a report has exactly the keys of the sample that the editor shows, in its differences too', () => {
  const report = reportOf(result);
  expect(Object.keys(report)).toEqual(Object.keys(reportSample));
  expect(Object.keys(report.differences[0] ?? {})).toEqual(Object.keys(reportSample.differences[0] ?? {}));
});

test('the IDs that are missing and changed are listed for mapping', () => {
  expect(reportOf(result)).toMatchObject({ missing: ['C-1'], changed: ['C-2', 'C-3'] });
});

test('G6 a run that is not finished is not proven, whatever it says of itself, and asks to be run again', () => {
  const report = reportOf({ ...result, state: 'running', verdict: 'matched', reason: 'All well' });
  expect(report.verdict).toBe('not_proven');
  expect(report.reason).toContain('run the step again');
});
