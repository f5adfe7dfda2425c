import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import { obligationTable, type ObligationState, stateAfter } from '../../core/obligation/obligation-state.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { currentBundle } from './contracts-table.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import { lockStreams, moveCommitted } from './streams-table.ts';
import type { Work } from './work.ts';

type HeldRow = {
  id: number;
  stream: string;
  external_id: string;
  updated_at: Instant;
  reason: string | null;
  opened_at: Instant;
  deadline_at: Instant;
  contract_version: string | null;
  checked_version: string | null;
};

/** Held records of a sync in the order in which they were read, a page at a time. Three statements. */
export const listHeld = async (
  work: Work,
  request: Parameters<Operations['listHeld']>[2],
): ReturnType<Operations['listHeld']> => {
  const { sync, stream = null, externalId = null, after, limit } = request;
  const { version } = await currentBundle(work, sync);
  const rowsOf = sql`
    from obligations o join streams s using (stream_id)
    where s.environment = ${work.caller.environment} and s.sync = ${sync} and o.state = 'held'
      and (${stream}::text is null or s.name = ${stream})
      and (${externalId}::text is null or o.external_id = ${externalId})`;
  const found = await sql<HeldRow>`
    select o.obligation_id as id, s.name as stream, o.external_id, o.updated_at, o.reason, o.opened_at, o.deadline_at,
           o.contract_version, o.checked_version
    ${rowsOf} and o.obligation_id > ${after}::bigint order by o.obligation_id limit ${limit + 1}
  `.execute(work.tx);
  const total = await sql<{ count: number }>`select count(*) as count ${rowsOf}`.execute(work.tx);
  const shown = found.rows.slice(0, limit);
  return {
    held: shown.map((row) => ({
      id: row.id,
      stream: row.stream,
      externalId: row.external_id,
      updatedAt: row.updated_at,
      reason: row.reason ?? '',
      openedAt: row.opened_at,
      deadlineAt: row.deadline_at,
      contractVersion: row.contract_version,
      checkedVersion: row.checked_version,
    })),
    total: total.rows[0]?.count ?? 0,
    nextAfter: found.rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
    contractVersion: version,
  };
};

type Waivable = {
  stream_id: number;
  sync: string;
  external_id: string;
  updated_at: Instant;
  state: ObligationState;
  reason: string | null;
};

const findWaivable = async (work: Work, id: number): Promise<Waivable> => {
  const found = await sql<Waivable>`
    select o.stream_id, s.sync, o.external_id, o.updated_at, o.state, o.reason
    from obligations o join streams s using (stream_id)
    where o.obligation_id = ${id}::bigint and s.environment = ${work.caller.environment}
  `.execute(work.tx);
  const [row] = found.rows;
  if (row !== undefined) return row;
  throw new StoreError(
    'not_found',
    `Cannot find held record ${id} in ${work.caller.environment}: list the held ones of its sync for their IDs`,
  );
};

/**
 * Leaves a held record as it is for good, in the name of a person and under a ticket. The same again gives the same
 * answer.
 *
 * @throws StoreError `conflict` for a record that is not held any more
 */
export const waiveHeld = async (
  work: Work,
  id: number,
  request: Parameters<Operations['waiveHeld']>[2],
): ReturnType<Operations['waiveHeld']> => {
  const { person, ticket, reason } = request;
  await lockStreams(work, [(await findWaivable(work, id)).stream_id]);
  const held = await findWaivable(work, id);
  const { stream_id: streamId, sync, external_id: externalId, updated_at: updatedAt } = held;
  const waived = `Waived by ${person} (${ticket}): ${reason}`;
  if (held.state === 'waived' && held.reason === waived) return { id, sync, externalId };
  if (obligationTable[held.state].held_waived === 'refused') {
    throw new StoreError('conflict', `Cannot waive record ${id}: it is not held any more, but ${held.state}`);
  }
  await sql`
    update obligations set state = ${stateAfter(held.state, 'held_waived')}, settled_at = ${work.now}, sealed = null, due_at = null, reason = ${waived}
    where obligation_id = ${id}::bigint
  `.execute(work.tx);
  await moveCommitted(work, streamId);
  await appendEvidence(work, {
    kind: 'waiver',
    sync,
    body: {
      subject: work.sealing.pseudonym(externalId),
      updatedAt,
      by: work.caller.keyId,
      name: work.caller.name,
      reason: work.sealing.pseudonym(reason),
      person,
      ticket,
    },
  });
  return { id, sync, externalId };
};
