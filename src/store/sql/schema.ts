import type { Generated, GeneratedAlways } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import type { CircuitState } from '../../core/circuit/circuit-state.ts';
import type { DeliveryState } from '../../core/obligation/delivery-state.ts';
import type { ObligationState } from '../../core/obligation/obligation-state.ts';
import type { DeadLetter } from '../../core/protocol/dead-letter-routes.ts';
import type { ClosedLetterState } from '../../core/replay/letter-state.ts';
import type { IntentState } from '../../core/write/intent-state.ts';
import type { ReconciliationDifferences, Reconciliations, ReconciliationSlices } from './schema-reconciliation.ts';

/** A mapped field of a dead letter: the pseudonym of its value, null for an empty one. */
export type ContextField = { readonly field: string; readonly pseudonym: string | null };

type ApiKeys = {
  key_id: string;
  name: string;
  role: string;
  environment: string;
  secret_hash: string;
  created_at: Instant;
  expires_at: Instant | null;
  revoked_at: Instant | null;
};

type Contracts = {
  environment: string;
  kind: 'system' | 'sync';
  name: string;
  version: number;
  body: JsonObject;
  body_digest: string;
  ticket: string;
  applied_by: string;
  applied_at: Instant;
};

type Syncs = {
  environment: string;
  name: string;
  bundle_version: string;
  bundle: JsonObject;
  source_system: string;
  target_system: string;
  target_entity: string;
  target_field: string;
};

type Streams = {
  stream_id: GeneratedAlways<number>;
  environment: string;
  sync: string;
  name: string;
  start_at: Instant | null;
  fetched_at: Instant | null;
  fetched_id: string | null;
  fetched_token: string | null;
  sweep_begun_at: Instant | null;
  sweep: JsonObject | null;
  edge: JsonObject | null;
  committed_at: Instant | null;
  committed_id: string | null;
  version: Generated<number>;
  fence: Generated<number>;
  lease_until: Instant | null;
  lease_cycle: string | null;
  zap_id: string | null;
  zap_polled_at: Instant | null;
  rival_zap_id: string | null;
  rival_at: Instant | null;
  told_at: Instant | null;
  told_cycle: string | null;
  created_at: Instant;
};

type Cycles = {
  cycle_id: string;
  stream_id: number;
  fence: number;
  key_id: string;
  opened_at: Instant;
  ended_at: Instant | null;
  mark_at: Instant | null;
  contract_version: string | null;
  pages: Generated<number>;
  rows_read: Generated<number>;
  opened: Generated<number>;
  late: Generated<number>;
  emitted: Generated<number>;
  failure: string | null;
};

type Pages = {
  cycle_id: string;
  page: number;
  at: Instant;
  rows_read: number;
  first_at: Instant | null;
  first_id: string | null;
  last_at: Instant | null;
  last_id: string | null;
  token_digest: string | null;
  page_digest: string;
  opened: number;
  unchanged: number;
  late: number;
  checkpoint_version: number;
  mark_at: Instant | null;
  mark_id: string | null;
};

type Obligations = {
  obligation_id: GeneratedAlways<number>;
  sequence: Generated<number>;
  stream_id: number;
  external_id: string;
  updated_at: Instant;
  digest: string;
  state: ObligationState;
  attempts: Generated<number>;
  due_at: Instant | null;
  opened_at: Instant;
  deadline_at: Instant;
  settled_at: Instant | null;
  reason: string | null;
  sealed: Buffer | null;
  sealed_bytes: Generated<number>;
  cycle_id: string | null;
  contract_version: string | null;
  checked_version: string | null;
  not_before: Instant | null;
};

type Deliveries = {
  delivery_id: string;
  obligation_id: number;
  sequence: number | null;
  attempt: number;
  cycle_id: string;
  handed_at: Instant;
  due_at: Instant;
  acknowledged_at: Instant | null;
  state: Generated<DeliveryState>;
  route: Generated<'target' | 'fallback'>;
};

type Circuits = {
  environment: string;
  system: string;
  state: Generated<CircuitState>;
  failures: Generated<number>;
  failed_at: Instant | null;
  openings: Generated<number>;
  opened_at: Instant | null;
  closed_at: Instant | null;
  retry_at: Instant | null;
  not_before: Instant | null;
  probe: string | null;
};

type TargetRecords = {
  environment: string;
  system: string;
  entity: string;
  field: string;
  external_id: string;
  target_id: string | null;
  applied_at: Instant | null;
  applied_sequence: number | null;
  applied_digest: string | null;
  drifted: Generated<boolean>;
  fence: Generated<number>;
  intent_id: string | null;
  intent_state: IntentState | null;
  intent_at: Instant | null;
  intent_sequence: number | null;
  intent_digest: string | null;
  lease_until: Instant | null;
};

type Intents = {
  intent_id: string;
  environment: string;
  sync: string;
  system: string;
  entity: string;
  field: string;
  external_id: string;
  fence: number;
  state: IntentState;
  version_at: Instant;
  version_sequence: number | null;
  version_digest: string;
  obligation_id: number | null;
  read_back: boolean;
  lease_until: Instant;
  begun_at: Instant;
  ended_at: Instant | null;
  attempts: number | null;
  outcome: JsonObject | null;
};

type DeadLetters = {
  dead_letter_id: string;
  environment: string;
  sync: string;
  stream_id: number | null;
  external_id: string;
  obligation_id: number | null;
  updated_at: Instant;
  stage: DeadLetter['stage'];
  error_class: string;
  reason: string;
  attempts: number;
  owner: string;
  opened_at: Instant;
  closed_at: Instant | null;
  closed_as: ClosedLetterState | null;
  number: GeneratedAlways<number>;
  version_at: Instant;
  version_sequence: number | null;
  contract_version: string | null;
  trace_id: string | null;
  context: Generated<ContextField[]>;
  previous_id: string | null;
  attempts_before: Generated<number>;
  closed_reason: string | null;
  closed_by: string | null;
  waived_by: string | null;
  ticket: string | null;
};

type Replays = {
  replay_id: string;
  environment: string;
  sync: string;
  question: string;
  key_id: string;
  at: Instant;
  answer: JsonObject | null;
};

type Evidence = {
  sequence: number;
  evidence_id: string;
  environment: string;
  sync: string | null;
  kind: string;
  at: Instant;
  leaf: string;
  hash: string;
};

type Claims = {
  claim_id: string;
  environment: string;
  scope: string;
  subject: string;
  holder_id: string;
  token: string | null;
  claimed_at: Instant;
  expires_at: Instant | null;
};

type SecretCheck = { only_row: Generated<boolean>; fingerprint: string };

type EvidenceHead = { only_row: Generated<boolean>; size: number; roots: string[] };

type TileHashes = { level: number; index: number; hash: string };

type TreeHeads = { number: GeneratedAlways<number>; size: number; note: string; signed_at: Instant };

/** The tables as `migrations/` makes them; a test compares the two on a real database. */
export type StoreSchema = {
  api_keys: ApiKeys;
  contracts: Contracts;
  syncs: Syncs;
  streams: Streams;
  cycles: Cycles;
  pages: Pages;
  obligations: Obligations;
  deliveries: Deliveries;
  circuits: Circuits;
  target_records: TargetRecords;
  intents: Intents;
  dead_letters: DeadLetters;
  replays: Replays;
  reconciliations: Reconciliations;
  reconciliation_slices: ReconciliationSlices;
  reconciliation_differences: ReconciliationDifferences;
  claims: Claims;
  evidence: Evidence;
  secret_check: SecretCheck;
  evidence_head: EvidenceHead;
  tile_hashes: TileHashes;
  tree_heads: TreeHeads;
};
