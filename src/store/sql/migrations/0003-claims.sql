-- One row for each call that claimed a key. The key is only here as a pseudonym: it may be an e-mail address.
create table claims (
  claim_id uuid primary key,
  environment text not null,
  scope text not null,
  subject digest not null,
  -- The claim that was first; its own ID, if it was this one.
  holder_id uuid not null,
  token digest,
  claimed_at instant not null,
  -- Of the holder; null for never.
  expires_at instant
);
-- The holder of a key: the last claim that was its own holder.
create index claims_held on claims (environment, scope, subject, claimed_at) where claim_id = holder_id;
create index claims_by_holder on claims (holder_id);

-- The Zap that polls a stream, and one that was refused because of it; null until a Zap said which it is.
alter table streams
  add column zap_id text,
  add column zap_polled_at instant,
  add column rival_zap_id text,
  add column rival_at instant,
  add column told_at instant,
  add column told_cycle uuid;
