import type { PlainOutputField } from 'zapier-platform-core';
import type { ReconcileResult } from '../core/protocol/reconcile-routes.ts';

/** What later steps get. The keys are for ever. */
export type Report = {
  readonly id: string;
  readonly sync: string;
  readonly stream: string;
  readonly verdict: ReconcileResult['verdict'];
  readonly reason: string;
  readonly state: ReconcileResult['state'];
  readonly coverage_percent: number | null;
  readonly window_from: string;
  readonly window_to: string;
  readonly source_count: number;
  readonly matched_count: number;
  readonly missing_count: number;
  readonly changed_count: number;
  readonly duplicated_count: number;
  readonly pending_count: number;
  readonly unusable_count: number;
  readonly differences: readonly {
    readonly external_id: string;
    readonly kind: string;
    /** Names joined by commas: Zapier's line items hold no lists. */
    readonly fields: string;
    readonly disposition: string;
  }[];
  readonly differences_total: number;
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  readonly evidence_id: string | null;
};

const NOT_FINISHED = 'This run is not finished: run the step again with the same fields, and it goes on';

/** A run as a Zap sees it. Values of records are nowhere in it. */
export const reportOf = (result: ReconcileResult): Report => {
  const { counts, differences, state } = result;
  const idsOf = (kind: string): string[] =>
    differences.filter((one) => one.kind === kind).map(({ externalId }) => externalId);
  return {
    id: result.runId,
    sync: result.sync,
    stream: result.stream,
    // A run that goes on has proven nothing yet, whatever it saw.
    verdict: state === 'running' ? 'not_proven' : result.verdict,
    reason: state === 'running' ? NOT_FINISHED : result.reason,
    state,
    coverage_percent: result.coveragePercent,
    window_from: result.windowFrom,
    window_to: result.windowTo,
    source_count: counts.source,
    matched_count: counts.matched,
    missing_count: counts.missing,
    changed_count: counts.changed,
    duplicated_count: counts.duplicated,
    pending_count: counts.pending,
    unusable_count: counts.unusable,
    differences: differences.map(({ externalId, kind, fields, disposition }) => ({
      external_id: externalId,
      kind,
      fields: fields.join(', '),
      disposition,
    })),
    differences_total: result.differencesTotal,
    missing: idsOf('missing'),
    changed: idsOf('changed'),
    evidence_id: result.evidenceId,
  };
};

/** Shown in the editor until a run was made. */
export const reportSample = {
  id: '4be0643f-1d98-4b7a-92cf-7f43a6a0f9b2',
  sync: 'customers',
  stream: 'main',
  verdict: 'mismatched',
  reason: 'Of 1200 records: 1 missing, 1 changed',
  state: 'finished',
  coverage_percent: 99.83,
  window_from: '2026-03-01T09:00:00.000000000Z',
  window_to: '2026-03-02T08:55:00.000000000Z',
  source_count: 1200,
  matched_count: 1198,
  missing_count: 1,
  changed_count: 1,
  duplicated_count: 0,
  pending_count: 0,
  unusable_count: 0,
  differences: [
    { external_id: 'C-10042', kind: 'missing', fields: '', disposition: 'repairing' },
    { external_id: 'C-10077', kind: 'changed', fields: 'email, phone', disposition: 'repairing' },
  ],
  differences_total: 2,
  missing: ['C-10042'],
  changed: ['C-10077'],
  evidence_id: '9a2f7c1e-6d0b-4f5a-8f3c-2b7de1c5a904',
};

export const reportFields = [
  { key: 'id', label: 'Run ID', type: 'string' },
  { key: 'sync', label: 'Sync', type: 'string' },
  { key: 'stream', label: 'Stream', type: 'string' },
  { key: 'verdict', label: 'Verdict', type: 'string' },
  { key: 'reason', label: 'Reason', type: 'string' },
  { key: 'state', label: 'State', type: 'string' },
  { key: 'coverage_percent', label: 'Coverage in Percent', type: 'number' },
  { key: 'window_from', label: 'Window From', type: 'datetime' },
  { key: 'window_to', label: 'Window To', type: 'datetime' },
  { key: 'source_count', label: 'Source Records', type: 'integer' },
  { key: 'matched_count', label: 'Matched', type: 'integer' },
  { key: 'missing_count', label: 'Missing Count', type: 'integer' },
  { key: 'changed_count', label: 'Changed Count', type: 'integer' },
  { key: 'duplicated_count', label: 'Duplicated', type: 'integer' },
  { key: 'pending_count', label: 'Pending', type: 'integer' },
  { key: 'unusable_count', label: 'Unusable Source Rows', type: 'integer' },
  {
    key: 'differences',
    label: 'Differences',
    children: [
      { key: 'external_id', label: 'External ID', type: 'string' },
      { key: 'kind', label: 'Kind', type: 'string' },
      { key: 'fields', label: 'Fields', type: 'string' },
      { key: 'disposition', label: 'Disposition', type: 'string' },
    ],
  },
  { key: 'differences_total', label: 'Differences in Total', type: 'integer' },
  { key: 'missing', label: 'Missing', type: 'string', list: true },
  { key: 'changed', label: 'Changed', type: 'string', list: true },
  { key: 'evidence_id', label: 'Evidence ID', type: 'string' },
] satisfies PlainOutputField[];
