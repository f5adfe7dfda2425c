-- The circuit before each target system. No row: closed, and nothing has failed.
create table circuits (
  environment text not null,
  system text not null,
  state text not null default 'closed' check (state in ('closed', 'open', 'half_open')),
  failures integer not null default 0,
  failed_at instant,
  openings integer not null default 0,
  opened_at instant,
  closed_at instant,
  retry_at instant,
  not_before instant,
  probe uuid,
  primary key (environment, system),
  check ((state = 'half_open') = (probe is not null)),
  check ((state = 'closed') = (retry_at is null))
);

-- A delivery that was not tried because its target could not be written to: it is no failed attempt.
alter table deliveries add column state text not null default 'out' check (state in ('out', 'parked', 'settled'));
update deliveries set state = 'settled' where acknowledged_at is not null;
alter table deliveries add constraint deliveries_settled check ((state = 'settled') = (acknowledged_at is not null));
alter table deliveries add column route text not null default 'target' check (route in ('target', 'fallback'));
