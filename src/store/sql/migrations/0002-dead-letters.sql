-- The contract under which its fields were mapped, and the last one that it was checked against. A payload that was
-- mapped by other rules can be checked, but not mapped again: the source record itself is never kept.
alter table obligations add column contract_version text;
alter table obligations add column checked_version text;
-- Not handed out before: the records of a replay are spread over time.
alter table obligations add column not_before instant;
alter table cycles add column contract_version text;

-- A dead letter keeps its sealed payload while it is open: without it there is nothing to replay.
alter table obligations drop constraint obligations_check1;
alter table obligations add constraint obligations_sealed
  check (settled_at is null or sealed is null or state = 'dead_lettered');
create index obligations_held on obligations (stream_id, obligation_id) where state = 'held';
create index obligations_spread on obligations (stream_id, not_before) where state = 'open' and not_before is not null;

-- The order in which they were filed.
alter table dead_letters add column number bigint generated always as identity;
-- What orders it among the versions of its record, as of its obligation.
alter table dead_letters add column version_at instant;
alter table dead_letters add column version_sequence bigint;
update dead_letters d set version_at = least(o.updated_at, o.opened_at), version_sequence = o.sequence
from obligations o where o.obligation_id = d.obligation_id;
update dead_letters set version_at = updated_at where version_at is null;
alter table dead_letters alter column version_at set not null;
-- The contract under which it was given up.
alter table dead_letters add column contract_version text;
-- The poll that read the record.
alter table dead_letters add column trace_id uuid;
-- Names of fields with pseudonyms of their values.
alter table dead_letters add column context jsonb not null default '[]';
-- The dead letter of the record before this one, when it was replaced by it or replayed.
alter table dead_letters add column previous_id uuid references dead_letters;
alter table dead_letters add column attempts_before integer not null default 0;
alter table dead_letters add column closed_reason text;
alter table dead_letters add column closed_by text;
alter table dead_letters add column waived_by text;
alter table dead_letters add column ticket text;
create index dead_letters_by_sync on dead_letters (environment, sync, number);
create index dead_letters_by_record on dead_letters (environment, sync, external_id, number);
create index dead_letters_by_obligation on dead_letters (obligation_id);

-- Replays that were carried out. The same request again gets the answer that is kept here.
create table replays (
  replay_id uuid primary key,
  environment text not null,
  sync text not null,
  question digest not null,
  key_id text not null,
  at instant not null,
  answer jsonb
);
