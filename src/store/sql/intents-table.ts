import { sql } from 'kysely';
import { type Instant, shiftInstant } from '../../core/instant.ts';
import { UNKNOWN_QUARANTINE_MS, WRITE_LEASE_MS, type WriteOutcome } from '../../core/protocol/write-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { Version } from '../../core/write/write-decision.ts';
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

/**
 * Writes an intent ahead of its request and gives the target record to it; an older one that is still open becomes
 * unknown. One statement, under the lock of the target record.
 */
export const writeIntent = async (work: Work, intent: NewIntent): Promise<void> => {
  const { key, version } = intent;
  const { environment } = work.caller;
  const leaseUntil = shiftInstant(work.now, WRITE_LEASE_MS);
  await sql`
    with before as (
      update intents i set state = 'unknown', ended_at = ${work.now}
      from target_records t
      where t.environment = ${environment} and t.system = ${key.system} and t.entity = ${key.entity}
        and t.field = ${key.field} and t.external_id = ${key.externalId} and i.intent_id = t.intent_id and i.state = 'open'
    ), given as (
      update target_records
      set intent_id = ${intent.intentId}::uuid, fence = ${intent.fence}::bigint, intent_state = 'open',
          intent_at = ${version.updatedAt}, intent_sequence = ${version.sequence}::bigint,
          intent_digest = ${version.digest}, lease_until = ${leaseUntil}
      where environment = ${environment} and system = ${key.system} and entity = ${key.entity}
        and field = ${key.field} and external_id = ${key.externalId}
    )
    insert into intents (intent_id, environment, sync, system, entity, field, external_id, fence, state, version_at,
                         version_sequence, version_digest, obligation_id, read_back, lease_until, begun_at)
    values (${intent.intentId}::uuid, ${environment}, ${intent.sync}, ${key.system}, ${key.entity}, ${key.field}, ${key.externalId},
            ${intent.fence}::bigint, 'open', ${version.updatedAt}, ${version.sequence}::bigint, ${version.digest},
            ${intent.obligationId}::bigint, ${intent.readBack}::boolean, ${leaseUntil}, ${work.now})
  `.execute(work.tx);
};

export type Intent = {
  readonly intentId: string;
  readonly sync: string;
  readonly key: TargetKey;
  readonly version: Version;
  readonly obligationId: number | null;
  readonly streamId: number | null;
};

type Row = {
  sync: string;
  system: string;
  entity: string;
  field: string;
  external_id: string;
  version_at: Instant;
  version_sequence: number | null;
  version_digest: string;
  obligation_id: number | null;
  stream_id: number | null;
};

/** An intent as it was written: none of this changes. Rejects when there is none. */
export const findIntent = async (work: Work, intentId: string): Promise<Intent> => {
  const found = await sql<Row>`
    select i.sync, i.system, i.entity, i.field, i.external_id, i.version_at, i.version_sequence, i.version_digest,
           i.obligation_id, o.stream_id
    from intents i left join obligations o using (obligation_id)
    where i.intent_id = ${intentId}::uuid and i.environment = ${work.caller.environment}
  `.execute(work.tx);
  const [row] = found.rows;
  if (row === undefined) {
    throw new StoreError(
      'not_found',
      `Cannot complete write ${intentId}: it was never begun in ${work.caller.environment}`,
    );
  }
  return {
    intentId,
    sync: row.sync,
    key: { system: row.system, entity: row.entity, field: row.field, externalId: row.external_id },
    version: { updatedAt: row.version_at, sequence: row.version_sequence, digest: row.version_digest },
    obligationId: row.obligation_id,
    streamId: row.stream_id,
  };
};

/**
 * Ends an intent, on itself and on its target record. After an unknown write nobody writes again until the request can
 * no longer arrive. One statement.
 */
export const endIntent = async (work: Work, intent: Intent, outcome: WriteOutcome, attempts: number): Promise<void> => {
  const state = outcome.kind === 'not_sent' ? 'failed' : outcome.kind;
  const leaseUntil = outcome.kind === 'unknown' ? shiftInstant(work.now, UNKNOWN_QUARANTINE_MS) : work.now;
  await sql`
    with ended as (
      update intents set state = ${state}, ended_at = ${work.now}, attempts = ${attempts}::integer,
             outcome = ${JSON.stringify(outcome)}::jsonb, lease_until = ${leaseUntil}
      where intent_id = ${intent.intentId}::uuid
    )
    update target_records set intent_state = ${state}, lease_until = ${leaseUntil}
    where environment = ${work.caller.environment} and system = ${intent.key.system} and entity = ${intent.key.entity}
      and field = ${intent.key.field} and external_id = ${intent.key.externalId}
  `.execute(work.tx);
};

type Confirmed = Extract<WriteOutcome, { kind: 'confirmed' }>;

/**
 * Ends an intent as confirmed: on itself, on its target record, which now holds the version, and on a dead letter that
 * an earlier version left open. One statement.
 */
export const confirmIntent = async (
  work: Work,
  intent: Intent,
  outcome: Confirmed,
  request: { readonly attempts: number; readonly writtenDigest: string | null },
): Promise<void> => {
  const { key, version } = intent;
  const { environment } = work.caller;
  await sql`
    with ended as (
      update intents set state = 'confirmed', ended_at = ${work.now}, attempts = ${request.attempts}::integer,
             outcome = ${JSON.stringify(outcome)}::jsonb, lease_until = ${work.now}
      where intent_id = ${intent.intentId}::uuid
    ), closed as (
      update dead_letters set closed_at = ${work.now}, closed_as = 'applied'
      where environment = ${environment} and sync = ${intent.sync} and external_id = ${key.externalId} and closed_at is null
    )
    update target_records
    set intent_state = 'confirmed', lease_until = ${work.now}, drifted = false, target_id = ${outcome.targetId},
        applied_at = ${version.updatedAt}, applied_sequence = ${version.sequence}::bigint, applied_digest = ${request.writtenDigest ?? version.digest}
    where environment = ${environment} and system = ${key.system} and entity = ${key.entity}
      and field = ${key.field} and external_id = ${key.externalId}
  `.execute(work.tx);
};
