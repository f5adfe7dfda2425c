import type { Generated } from 'kysely';
import type { Instant } from '../../core/instant.ts';

export type Reconciliations = {
  run_id: string;
  environment: string;
  sync: string;
  stream_id: number;
  question: string;
  window_from: Instant;
  window_to: Instant;
  repair: boolean;
  fence: Generated<number>;
  slice: Generated<number>;
  token: string | null;
  last_at: Instant | null;
  last_id: string | null;
  source: Generated<number>;
  matched: Generated<number>;
  unusable: Generated<number>;
  opened_at: Instant;
  touched_at: Instant;
  finished_at: Instant | null;
  scan_end: 'complete' | 'truncated' | 'unstable' | null;
  end_reason: string | null;
  verdict: 'matched' | 'mismatched' | 'not_proven' | null;
  reason: string | null;
  coverage_percent: number | null;
  evidence_id: string | null;
};

export type ReconciliationSlices = {
  run_id: string;
  slice: number;
  at: Instant;
  source: number;
  matched: number;
  unusable: number;
  source_digest: string;
  target_digest: string;
};

export type ReconciliationDifferences = {
  run_id: string;
  external_id: string;
  kind: 'missing' | 'changed' | 'duplicated';
  fields: string[];
  disposition: 'pending' | 'confirmed' | 'repairing';
};
