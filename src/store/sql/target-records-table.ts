import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import type { FencedTarget } from '../../core/write/begin-decision.ts';
import type { LastIntent, Version } from '../../core/write/write-decision.ts';
import type { Work } from './work.ts';

/** One entity of one target, with the field that holds the external ID. */
export type TargetPlace = { readonly system: string; readonly entity: string; readonly field: string };

/** Names one record of one target by the source's ID. */
export type TargetKey = TargetPlace & { readonly externalId: string };

type Row = {
  system: string;
  entity: string;
  field: string;
  external_id: string;
  target_id: string | null;
  applied_at: Instant | null;
  applied_sequence: number | null;
  applied_digest: string | null;
  drifted: boolean;
  fence: number;
  intent_id: string | null;
  intent_state: LastIntent['state'] | null;
  intent_at: Instant | null;
  intent_sequence: number | null;
  intent_digest: string | null;
  lease_until: Instant | null;
};

const versionOf = (updatedAt: Instant | null, sequence: number | null, digest: string | null): Version | null =>
  updatedAt === null || digest === null ? null : { updatedAt, sequence, digest };

const intentOf = (row: Row): LastIntent | null => {
  const version = versionOf(row.intent_at, row.intent_sequence, row.intent_digest);
  if (row.intent_id === null || row.intent_state === null || version === null || row.lease_until === null) return null;
  return { intentId: row.intent_id, state: row.intent_state, version, leaseUntil: row.lease_until };
};

const targetOf = (row: Row): FencedTarget => ({
  targetId: row.target_id,
  applied: versionOf(row.applied_at, row.applied_sequence, row.applied_digest),
  drifted: row.drifted,
  intent: intentOf(row),
  fence: row.fence,
});

/** Tells the target records of one environment apart. */
export const targetKeyText = ({ system, entity, field, externalId }: TargetKey): string =>
  JSON.stringify([system, entity, field, externalId]);

/**
 * Locks target records, creating their rows at first sight: whoever else wants to write one waits here, and then sees
 * what the first one left. Always in the order of their keys, so that two batches never wait for each other. One
 * statement, and it touches nothing but these rows, since only they are sure to be the latest after a wait.
 *
 * @returns each by `targetKeyText`
 */
export const lockTargets = async (
  work: Work,
  keys: readonly TargetKey[],
): Promise<ReadonlyMap<string, FencedTarget>> => {
  const distinct = new Map(keys.map((key) => [targetKeyText(key), key]));
  if (distinct.size === 0) return new Map();
  const inOrder = [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const rows = inOrder.map(([, { system, entity, field, externalId }], place) => ({
    place,
    system,
    entity,
    field,
    external_id: externalId,
  }));
  const found = await sql<Row>`
    insert into target_records (environment, system, entity, field, external_id)
    select ${work.caller.environment}, r.system, r.entity, r.field, r.external_id
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      place integer, system text, entity text, field text, external_id text)
    order by r.place
    on conflict (environment, system, entity, field, external_id) do update set fence = target_records.fence
    returning system, entity, field, external_id, target_id, applied_at, applied_sequence, applied_digest, drifted, fence,
              intent_id, intent_state, intent_at, intent_sequence, intent_digest, lease_until
  `.execute(work.tx);
  return new Map(
    found.rows.map((row) => [
      targetKeyText({ system: row.system, entity: row.entity, field: row.field, externalId: row.external_id }),
      targetOf(row),
    ]),
  );
};

/** What is known of target records, by external ID, as it was committed last: nothing is locked. One statement. */
export const readTargets = async (
  work: Work,
  { system, entity, field }: TargetPlace,
  externalIds: readonly string[],
): Promise<ReadonlyMap<string, FencedTarget>> => {
  const found = await sql<Row>`
    select system, entity, field, external_id, target_id, applied_at, applied_sequence, applied_digest, drifted, fence,
           intent_id, intent_state, intent_at, intent_sequence, intent_digest, lease_until
    from target_records
    where environment = ${work.caller.environment} and system = ${system} and entity = ${entity} and field = ${field}
      and external_id = any(${externalIds}::text[])
  `.execute(work.tx);
  return new Map(found.rows.map((row) => [row.external_id, targetOf(row)]));
};

/** The locked record of a key. */
export const lockedTarget = (targets: ReadonlyMap<string, FencedTarget>, key: TargetKey): FencedTarget => {
  const target = targets.get(targetKeyText(key));
  if (target !== undefined) return target;
  throw new Error(`Cannot lock target record of ${key.system} ${key.entity}: no row came back`);
};

/** Records that what is on the target is this version too: its fields were the same. */
export const markApplied = async (work: Work, key: TargetKey, version: Version): Promise<void> => {
  await sql`
    update target_records
    set applied_at = ${version.updatedAt}, applied_sequence = ${version.sequence}::bigint, applied_digest = ${version.digest}
    where environment = ${work.caller.environment} and system = ${key.system} and entity = ${key.entity}
      and field = ${key.field} and external_id = ${key.externalId}
  `.execute(work.tx);
};

type Acknowledged = {
  readonly key: TargetKey;
  readonly version: Version;
  /** Null keeps the one that is known. */
  readonly targetId: string | null;
};

/**
 * Records that a version is on the target by the word of a Zap. A write whose end nobody knows keeps its question, but may
 * not answer it any more: hence the fence. One statement.
 */
export const markAcknowledged = async (work: Work, { key, version, targetId }: Acknowledged): Promise<void> => {
  const { environment } = work.caller;
  await sql`
    update target_records
    set applied_at = ${version.updatedAt}, applied_sequence = ${version.sequence}::bigint, applied_digest = ${version.digest},
        target_id = coalesce(${targetId}, target_id), drifted = false,
        fence = case when intent_state in ('open', 'unknown') then fence + 1 else fence end
    where environment = ${environment} and system = ${key.system} and entity = ${key.entity}
      and field = ${key.field} and external_id = ${key.externalId}
  `.execute(work.tx);
};

/** Marks records that reconciliation found different, so that the next write looks first and is not skipped. */
export const markDrifted = async (work: Work, target: TargetPlace, externalIds: readonly string[]): Promise<void> => {
  await sql`
    update target_records set drifted = true
    where environment = ${work.caller.environment} and system = ${target.system} and entity = ${target.entity}
      and field = ${target.field} and external_id = any(${externalIds}::text[])
  `.execute(work.tx);
};
