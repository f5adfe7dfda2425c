import { sql } from 'kysely';
import { type Instant, shiftInstant } from '../../core/instant.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { WRITE_LEASE_MS, type WriteOutcome } from '../../core/protocol/write-routes.ts';
import { endIntent } from '../../core/write/end-decision.ts';
import { letterTable } from '../../core/replay/letter-state.ts';
import { intentTable } from '../../core/write/intent-state.ts';
import type { Version } from '../../core/write/write-decision.ts';
import { SEQUENCE_MAX } from './dead-letters-table.ts';
import type { TargetKey } from './target-records-table.ts';
import type { Work } from './work.ts';

export type NewIntent = {
  readonly intentId: string;
  readonly sync: string;
  readonly key: TargetKey;
  readonly version: Version;
  readonly obligationId: number | null;
  readonly fence: number;
  readonly readBack: boolean;
};

const keyColumns = ({ system, entity, field, externalId }: TargetKey) => ({
  system,
  entity,
  field,
  external_id: externalId,
});

/**
 * Writes intents ahead of their requests and gives each its target record; an older one that is still open becomes
 * unknown. One statement, under the locks of the target records.
 *
 * @throws StoreError `conflict` for an intent that was written before: a call that comes again after another has followed
 */
export const writeIntents = async (work: Work, intents: readonly NewIntent[]): Promise<void> => {
  if (intents.length === 0) return;
  const { environment } = work.caller;
  const leaseUntil = shiftInstant(work.now, WRITE_LEASE_MS);
  const rows = intents.map(({ intentId, sync, key, version, obligationId, fence, readBack }) => ({
    intent_id: intentId,
    sync,
    ...keyColumns(key),
    fence,
    version_at: version.updatedAt,
    version_sequence: version.sequence,
    version_digest: version.digest,
    obligation_id: obligationId,
    read_back: readBack,
  }));
  const written = await sql<{ intent_id: string }>`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
        intent_id uuid, sync text, system text, entity text, field text, external_id text, fence bigint, version_at text,
        version_sequence bigint, version_digest text, obligation_id bigint, read_back boolean)
    ), before as (
      update intents i set state = ${intentTable.open.followed}, ended_at = ${work.now}
      from target_records t, given g
      where t.environment = ${environment} and t.system = g.system and t.entity = g.entity and t.field = g.field
        and t.external_id = g.external_id and i.intent_id = t.intent_id and i.state = 'open'
    ), taken as (
      update target_records t
      set intent_id = g.intent_id, fence = g.fence, intent_state = 'open', intent_at = g.version_at,
          intent_sequence = g.version_sequence, intent_digest = g.version_digest, lease_until = ${leaseUntil}
      from given g
      where t.environment = ${environment} and t.system = g.system and t.entity = g.entity and t.field = g.field
        and t.external_id = g.external_id
    )
    insert into intents (intent_id, environment, sync, system, entity, field, external_id, fence, state, version_at,
                         version_sequence, version_digest, obligation_id, read_back, lease_until, begun_at)
    select g.intent_id, ${environment}, g.sync, g.system, g.entity, g.field, g.external_id, g.fence, 'open', g.version_at,
           g.version_sequence, g.version_digest, g.obligation_id, g.read_back, ${leaseUntil}, ${work.now}
    from given g
    on conflict (intent_id) do nothing
    returning intent_id
  `.execute(work.tx);
  const made = new Set(written.rows.map((row) => row.intent_id));
  const used = intents.find(({ intentId }) => !made.has(intentId));
  if (used === undefined) return;
  throw new StoreError('conflict', `Cannot begin write ${used.intentId} again: another has followed it. Begin another`);
};

export type Intent = {
  readonly intentId: string;
  readonly sync: string;
  readonly key: TargetKey;
  readonly version: Version;
  /** Begun to read back what an earlier write came to. */
  readonly readBack: boolean;
  readonly obligationId: number | null;
  readonly streamId: number | null;
  /** What it was said to have come to; null while nobody has said. */
  readonly said: WriteOutcome | null;
};

type Row = {
  intent_id: string;
  sync: string;
  system: string;
  entity: string;
  field: string;
  external_id: string;
  version_at: Instant;
  version_sequence: number | null;
  version_digest: string;
  read_back: boolean;
  obligation_id: number | null;
  stream_id: number | null;
  outcome: WriteOutcome | null;
};

/** Intents by ID: as they were written, and what was said of them. Those that were never begun are left out. One statement. */
export const findIntents = async (work: Work, intentIds: readonly string[]): Promise<ReadonlyMap<string, Intent>> => {
  const found = await sql<Row>`
    select i.intent_id, i.sync, i.system, i.entity, i.field, i.external_id, i.version_at, i.version_sequence,
           i.version_digest, i.read_back, i.obligation_id, o.stream_id, i.outcome
    from intents i left join obligations o using (obligation_id)
    where i.intent_id = any(${intentIds}::uuid[]) and i.environment = ${work.caller.environment}
  `.execute(work.tx);
  return new Map(
    found.rows.map((row) => [
      row.intent_id,
      {
        intentId: row.intent_id,
        sync: row.sync,
        key: { system: row.system, entity: row.entity, field: row.field, externalId: row.external_id },
        version: { updatedAt: row.version_at, sequence: row.version_sequence, digest: row.version_digest },
        readBack: row.read_back,
        obligationId: row.obligation_id,
        streamId: row.stream_id,
        said: row.outcome,
      },
    ]),
  );
};

/** What became of one write. */
export type EndedIntent = {
  readonly intent: Intent;
  readonly attempts: number;
  /** Digest of the fields that the target holds by a confirmed outcome. */
  readonly writtenDigest: string | null;
  readonly outcome: WriteOutcome;
};

/**
 * Ends intents: on themselves, on their target records, which hold the version of a confirmed one from now on, and on
 * the dead letter that a version up to a confirmed one left open. After an unknown write nobody writes again
 * until the request can no longer arrive. One statement.
 */
export const endIntents = async (work: Work, all: readonly EndedIntent[]): Promise<void> => {
  const { environment } = work.caller;
  const rows = all.map(({ intent, attempts, writtenDigest, outcome }) => {
    const { state, leaseUntil, applied } = endIntent(intent, outcome, writtenDigest, work.now);
    return {
      intent_id: intent.intentId,
      sync: intent.sync,
      ...keyColumns(intent.key),
      state,
      attempts,
      outcome,
      lease_until: leaseUntil,
      target_id: applied?.targetId ?? null,
      applied_at: applied?.version.updatedAt ?? null,
      applied_sequence: applied?.version.sequence ?? null,
      applied_digest: applied?.version.digest ?? null,
    };
  });
  await sql`
    with done as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
        intent_id uuid, sync text, system text, entity text, field text, external_id text, state text, attempts integer,
        outcome jsonb, lease_until text, target_id text, applied_at text, applied_sequence bigint, applied_digest text)
    ), ended as (
      update intents i
      set state = d.state, ended_at = ${work.now}, attempts = d.attempts, outcome = d.outcome, lease_until = d.lease_until
      from done d where i.intent_id = d.intent_id
    ), closed as (
      update dead_letters l set closed_at = ${work.now}, closed_as = ${letterTable.open.on_target}
      from done d
      where d.state = 'confirmed' and l.environment = ${environment} and l.sync = d.sync and l.external_id = d.external_id
        and l.closed_at is null and (l.version_at, coalesce(l.version_sequence, 0))
            <= (d.applied_at, coalesce(d.applied_sequence, ${SEQUENCE_MAX}::bigint))
      returning l.obligation_id
    ), dropped as (
      update obligations o set sealed = null
      from closed c where o.obligation_id = c.obligation_id and o.state = 'dead_lettered'
    )
    update target_records t
    set intent_state = d.state, lease_until = d.lease_until,
        drifted = t.drifted and d.state <> 'confirmed',
        target_id = case when d.state = 'confirmed' then d.target_id else t.target_id end,
        applied_at = case when d.state = 'confirmed' then d.applied_at else t.applied_at end,
        applied_sequence = case when d.state = 'confirmed' then d.applied_sequence else t.applied_sequence end,
        applied_digest = case when d.state = 'confirmed' then d.applied_digest else t.applied_digest end
    from done d
    where t.environment = ${environment} and t.system = d.system and t.entity = d.entity and t.field = d.field
      and t.external_id = d.external_id
  `.execute(work.tx);
};
