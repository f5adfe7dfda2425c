import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import { HISTORY_ROWS_MAX, type RecordHistory } from '../../core/protocol/record-routes.ts';
import { currentBundle } from './contracts-table.ts';
import type { Work } from './work.ts';

type Asked = { readonly sync: string; readonly externalId: string };
type Obligation = RecordHistory['obligations'][number];

// Each list is read newest first, up to its limit, and given in order of time.
const inTime = <T>(rows: readonly T[]): T[] => rows.toReversed();

type ObligationRow = Omit<Obligation, 'deliveries'> & { readonly obligationId: number };

const findObligations = async (work: Work, { sync, externalId }: Asked): Promise<ObligationRow[]> => {
  const found = await sql<ObligationRow>`
    select o.obligation_id as "obligationId", s.name as stream, o.updated_at as "updatedAt", o.state, o.reason, o.attempts,
           o.opened_at as "openedAt", o.deadline_at as "deadlineAt", o.settled_at as "settledAt"
    from streams s join obligations o using (stream_id)
    where s.environment = ${work.caller.environment} and s.sync = ${sync} and o.external_id = ${externalId}
    order by o.sequence desc limit ${HISTORY_ROWS_MAX}
  `.execute(work.tx);
  return inTime(found.rows);
};

type DeliveryRow = Obligation['deliveries'][number] & { readonly obligationId: number };

const findDeliveriesOf = async (work: Work, obligationIds: readonly number[]): Promise<DeliveryRow[]> => {
  const found = await sql<DeliveryRow>`
    select obligation_id as "obligationId", delivery_id as id, attempt, cycle_id as "traceId", handed_at as "handedAt",
           due_at as "dueAt", acknowledged_at as "acknowledgedAt"
    from deliveries where obligation_id = any(${obligationIds}::bigint[])
    order by handed_at desc, attempt desc limit ${HISTORY_ROWS_MAX}
  `.execute(work.tx);
  return inTime(found.rows);
};

const deliveryOf = ({ id, attempt, traceId, handedAt, dueAt, acknowledgedAt }: DeliveryRow) => ({
  id,
  attempt,
  traceId,
  handedAt,
  dueAt,
  acknowledgedAt,
});

type TargetRow = { target_id: string | null; applied_at: Instant | null; drifted: boolean };

const findTarget = async (work: Work, { sync, externalId }: Asked): Promise<RecordHistory['target']> => {
  const bundle = await currentBundle(work, sync);
  const { entity, externalIdField } = bundle.sync.target;
  const system = bundle.target.name;
  const found = await sql<TargetRow>`
    select target_id, applied_at, drifted from target_records
    where environment = ${work.caller.environment} and system = ${system} and entity = ${entity}
      and field = ${externalIdField} and external_id = ${externalId}
  `.execute(work.tx);
  const [row] = found.rows;
  if (row === undefined) return null;
  return { system, entity, targetId: row.target_id, appliedAt: row.applied_at, drifted: row.drifted };
};

const findIntentsOf = async (work: Work, { sync, externalId }: Asked): Promise<RecordHistory['intents']> => {
  const found = await sql<RecordHistory['intents'][number]>`
    select i.intent_id as id, i.state, i.version_at as "versionAt", i.attempts, i.outcome ->> 'reason' as reason,
           i.begun_at as "begunAt", i.ended_at as "endedAt"
    from syncs y join intents i on i.environment = y.environment and i.system = y.target_system
                               and i.entity = y.target_entity and i.field = y.target_field
    where y.environment = ${work.caller.environment} and y.name = ${sync} and i.external_id = ${externalId}
    order by i.begun_at desc, i.fence desc limit ${HISTORY_ROWS_MAX}
  `.execute(work.tx);
  return inTime(found.rows);
};

const findLetters = async (work: Work, { sync, externalId }: Asked): Promise<RecordHistory['deadLetters']> => {
  const found = await sql<RecordHistory['deadLetters'][number]>`
    select dead_letter_id as id, stage, error_class as "errorClass", reason, owner, opened_at as "openedAt",
           closed_at as "closedAt", closed_as as "closedAs"
    from dead_letters
    where environment = ${work.caller.environment} and sync = ${sync} and external_id = ${externalId}
    order by opened_at desc limit ${HISTORY_ROWS_MAX}
  `.execute(work.tx);
  return inTime(found.rows);
};

const findEvidence = async (work: Work, { sync, externalId }: Asked): Promise<RecordHistory['evidence']> => {
  const found = await sql<RecordHistory['evidence'][number]>`
    select evidence_id as id, sequence, kind, at from evidence
    where leaf::jsonb -> 'body' ->> 'subject' = ${work.sealing.pseudonym(externalId)}
      and environment = ${work.caller.environment} and sync = ${sync}
    order by sequence desc limit ${HISTORY_ROWS_MAX}
  `.execute(work.tx);
  return inTime(found.rows);
};

/**
 * All that is known of one record of a sync, empty for one that nobody saw. Six statements and one for the contract,
 * each by an index but that of dead letters, which are few.
 *
 * @throws StoreError `not_found` for a sync that is not there
 */
export const getRecord = async (work: Work, asked: Asked): Promise<RecordHistory> => {
  const target = await findTarget(work, asked);
  const obligations = await findObligations(work, asked);
  const deliveries = await findDeliveriesOf(
    work,
    obligations.map(({ obligationId }) => obligationId),
  );
  const byObligation = Map.groupBy(deliveries, ({ obligationId }) => obligationId);
  const lists = {
    intents: await findIntentsOf(work, asked),
    deadLetters: await findLetters(work, asked),
    evidence: await findEvidence(work, asked),
  };
  const all = [obligations, deliveries, lists.intents, lists.deadLetters, lists.evidence];
  return {
    ...asked,
    target,
    obligations: obligations.map(({ obligationId, ...rest }) => ({
      ...rest,
      deliveries: (byObligation.get(obligationId) ?? []).map(deliveryOf),
    })),
    ...lists,
    isCut: all.some((rows) => rows.length === HISTORY_ROWS_MAX),
  };
};
