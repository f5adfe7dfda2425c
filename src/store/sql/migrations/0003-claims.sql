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
