-- Times are text of one length in UTC with nine fractional digits (src/core/instant.ts): compared as text under "C"
-- they compare in time, and a source's 100 ns are kept, which timestamptz would round.
create domain instant as text collate "C" check (length(value) = 30);
create domain digest as text collate "C" check (length(value) = 64);

create table api_keys (
  key_id text primary key,
  name text not null,
  role text not null,
  environment text not null,
  -- SHA-256 of 256 random bits: nothing to guess, so no slow hash is needed.
  secret_hash digest not null,
  created_at instant not null,
  expires_at instant,
  revoked_at instant
);

-- Every version of every contract, for ever.
create table contracts (
  environment text not null,
  kind text not null check (kind in ('system', 'sync')),
  name text not null,
  version integer not null,
  body jsonb not null,
  body_digest digest not null,
  ticket text not null,
  applied_by text not null,
  applied_at instant not null,
  primary key (environment, kind, name, version)
);

-- The current contract of a sync with both of its systems, in one piece: what each poll and write asks for.
create table syncs (
  environment text not null,
  name text not null,
  bundle_version text not null,
  bundle jsonb not null,
  source_system text not null,
  target_system text not null,
  target_entity text not null,
  target_field text not null,
  primary key (environment, name)
);

create table streams (
  stream_id bigint generated always as identity primary key,
  environment text not null,
  sync text not null,
  name text not null,
  start_at instant,
  fetched_at instant,
  fetched_id text,
  fetched_token text,
  -- When the last sweep began: what was committed late since then may lie below what it had read by then.
  sweep_begun_at instant,
  committed_at instant,
  committed_id text,
  version bigint not null default 0,
  -- Grows with each cycle; a page or hand-out of an older cycle is refused by it.
  fence bigint not null default 0,
  lease_until instant,
  lease_cycle uuid,
  created_at instant not null,
  unique (environment, sync, name),
  foreign key (environment, sync) references syncs (environment, name)
);

create table cycles (
  cycle_id uuid primary key,
  stream_id bigint not null references streams,
  fence bigint not null,
  key_id text not null,
  opened_at instant not null,
  ended_at instant,
  -- The mark when the cycle began: a row below it that was not known was committed late.
  mark_at instant,
  pages integer not null default 0,
  rows_read integer not null default 0,
  opened integer not null default 0,
  late integer not null default 0,
  emitted integer not null default 0,
  failure text
);
create index cycles_by_stream on cycles (stream_id, opened_at);

create table pages (
  cycle_id uuid not null references cycles,
  page integer not null,
  at instant not null,
  rows_read integer not null,
  first_at instant,
  first_id text,
  last_at instant,
  last_id text,
  token_digest digest,
  page_digest digest not null,
  opened integer not null,
  unchanged integer not null,
  late integer not null,
  checkpoint_version bigint not null,
  -- The mark from then on, by which the checkpoint can be named later.
  mark_at instant,
  mark_id text,
  primary key (cycle_id, page)
);

create sequence observation_sequence;

create table obligations (
  obligation_id bigint generated always as identity primary key,
  -- The order in which versions were observed, anew when one is opened anew; decides between equal update times.
  sequence bigint not null default nextval('observation_sequence'),
  stream_id bigint not null references streams,
  external_id text collate "C" not null,
  updated_at instant not null,
  digest digest not null,
  state text not null check (state in ('open', 'held', 'applied', 'superseded', 'unchanged', 'dead_lettered', 'waived')),
  attempts integer not null default 0,
  -- Until then a delivery is in flight; null before the first.
  due_at instant,
  opened_at instant not null,
  deadline_at instant not null,
  settled_at instant,
  reason text,
  -- AES-256-GCM; null once settled.
  sealed bytea,
  sealed_bytes integer not null default 0,
  cycle_id uuid,
  unique (stream_id, external_id, updated_at, digest),
  check ((state in ('open', 'held')) = (settled_at is null)),
  check (settled_at is null or sealed is null)
);
-- The low-water mark: the oldest unsettled obligation, and the settled one before it.
create index obligations_unsettled on obligations (stream_id, updated_at, external_id) where state in ('open', 'held');
create index obligations_in_order on obligations (stream_id, updated_at, external_id);
create index obligations_fresh on obligations (stream_id, updated_at, external_id) where state = 'open' and due_at is null;
create index obligations_in_flight on obligations (stream_id, due_at) where state = 'open' and due_at is not null;

create table deliveries (
  delivery_id uuid primary key,
  obligation_id bigint not null references obligations,
  attempt integer not null,
  cycle_id uuid not null references cycles,
  handed_at instant not null,
  due_at instant not null,
  acknowledged_at instant
);
create index deliveries_by_cycle on deliveries (cycle_id);
create index deliveries_by_obligation on deliveries (obligation_id);

-- What we know of each target record: the map from external ID to target ID, and the version that is there.
-- Two syncs may write one entity under different fields: their external IDs are not each other's.
create table target_records (
  environment text not null,
  system text not null,
  entity text not null,
  field text not null,
  external_id text collate "C" not null,
  target_id text,
  applied_at instant,
  applied_sequence bigint,
  applied_digest digest,
  -- Reconciliation found it different from what was applied.
  drifted boolean not null default false,
  fence bigint not null default 0,
  -- The last intent, here and not joined: what decides on a write must be read under this row's own lock. A joined row
  -- would be the one of before the wait for the lock.
  intent_id uuid,
  intent_state text,
  intent_at instant,
  intent_sequence bigint,
  intent_digest digest,
  lease_until instant,
  primary key (environment, system, entity, field, external_id)
);

create table intents (
  intent_id uuid primary key,
  environment text not null,
  sync text not null,
  system text not null,
  entity text not null,
  field text not null,
  external_id text collate "C" not null,
  fence bigint not null,
  state text not null check (state in ('open', 'confirmed', 'failed', 'unknown')),
  version_at instant not null,
  version_sequence bigint,
  version_digest digest not null,
  obligation_id bigint references obligations,
  read_back boolean not null,
  lease_until instant not null,
  begun_at instant not null,
  ended_at instant,
  attempts integer,
  outcome jsonb
);
create index intents_by_target on intents (environment, system, entity, field, external_id);

create table dead_letters (
  dead_letter_id uuid primary key,
  environment text not null,
  sync text not null,
  stream_id bigint references streams,
  external_id text collate "C" not null,
  obligation_id bigint references obligations,
  updated_at instant not null,
  stage text not null check (stage in ('read', 'deliver', 'write', 'zap', 'review')),
  error_class text not null,
  reason text not null,
  attempts integer not null,
  owner text not null,
  opened_at instant not null,
  closed_at instant,
  closed_as text check (closed_as in ('superseded', 'applied', 'replayed', 'resolved', 'waived')),
  check ((closed_at is null) = (closed_as is null))
);
create unique index dead_letters_open on dead_letters (environment, sync, external_id) where closed_at is null;

create table reconciliations (
  run_id uuid primary key,
  environment text not null,
  sync text not null,
  stream_id bigint not null references streams,
  -- Digest of what was asked for: the same question goes on with the run that is unfinished.
  question digest not null,
  window_from instant not null,
  window_to instant not null,
  repair boolean not null,
  fence bigint not null default 1,
  slice integer not null default 0,
  token text,
  last_at instant,
  last_id text,
  source integer not null default 0,
  matched integer not null default 0,
  unusable integer not null default 0,
  opened_at instant not null,
  touched_at instant not null,
  finished_at instant,
  scan_end text,
  end_reason text,
  verdict text,
  reason text,
  coverage_percent double precision,
  evidence_id uuid
);
create index reconciliations_open on reconciliations (environment, sync, question) where finished_at is null;

create table reconciliation_slices (
  run_id uuid not null references reconciliations,
  slice integer not null,
  at instant not null,
  source integer not null,
  matched integer not null,
  unusable integer not null,
  source_digest digest not null,
  target_digest digest not null,
  primary key (run_id, slice)
);

create table reconciliation_differences (
  run_id uuid not null references reconciliations,
  external_id text collate "C" not null,
  kind text not null,
  fields jsonb not null,
  disposition text not null,
  primary key (run_id, external_id)
);

-- The leaves of a Merkle tree (RFC 6962) in their order; `hash` is that of the leaf.
create table evidence (
  sequence bigint primary key,
  evidence_id uuid not null unique,
  environment text not null,
  sync text,
  kind text not null,
  at instant not null,
  leaf text not null,
  hash digest not null
);
create index evidence_by_environment on evidence (environment, sequence);

-- A pseudonym under the store's secret: a process with another secret is refused before it does anything.
create table secret_check (
  only_row boolean primary key default true check (only_row),
  fingerprint digest not null
);

-- The tree over all of the evidence: how many leaves, and the roots of the complete subtrees that it is made of, the
-- largest first, in base64.
create table evidence_head (
  only_row boolean primary key default true check (only_row),
  size bigint not null,
  roots jsonb not null
);
insert into evidence_head (size, roots) values (0, '[]');

-- The roots of full tiles, each of 256 hashes of the level below: proofs are made of them without reading every leaf.
create table tile_hashes (
  level integer not null,
  index bigint not null,
  hash digest not null,
  primary key (level, index)
);

-- Tree heads as they were signed. The same size may be signed again at another time.
create table tree_heads (
  number bigint generated always as identity primary key,
  size bigint not null,
  note text not null,
  signed_at instant not null
);
