import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import { type DeadLetter, HISTORY_MAX } from '../../core/protocol/dead-letter-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { currentBundle } from './contracts-table.ts';
import { inSlice } from './letter-slice.ts';
import type { Operations } from './operations.ts';
import { findCandidates, judgeCandidates } from './replay-plan.ts';
import type { ContextField } from './schema.ts';
import type { Work } from './work.ts';

type LetterRow = {
  id: string;
  number: number;
  sync: string;
  stream: string | null;
  external_id: string;
  updated_at: Instant;
  stage: DeadLetter['stage'];
  error_class: string;
  reason: string;
  attempts: number;
  attempts_before: number;
  owner: string;
  opened_at: Instant;
  contract_version: string | null;
  trace_id: string | null;
  closed_at: Instant | null;
  closed_as: DeadLetter['closedAs'];
  closed_reason: string | null;
  closed_by: string | null;
  waived_by: string | null;
  ticket: string | null;
  previous_id: string | null;
  context: ContextField[];
};

const selectLetters = sql`
  select d.dead_letter_id as id, d.number, d.sync, s.name as stream, d.external_id, d.updated_at, d.stage, d.error_class,
         d.reason, d.attempts, d.attempts_before, d.owner, d.opened_at, d.contract_version, d.trace_id, d.closed_at,
         d.closed_as, d.closed_reason, d.closed_by, d.waived_by, d.ticket, d.previous_id, d.context
  from dead_letters d left join streams s using (stream_id)
`;

const letterOf = (row: LetterRow): DeadLetter => ({
  id: row.id,
  sync: row.sync,
  stream: row.stream ?? '',
  externalId: row.external_id,
  updatedAt: row.updated_at,
  stage: row.stage,
  errorClass: row.error_class,
  reason: row.reason,
  attempts: row.attempts,
  attemptsTotal: row.attempts + row.attempts_before,
  owner: row.owner,
  openedAt: row.opened_at,
  contractVersion: row.contract_version,
  traceId: row.trace_id,
  closedAt: row.closed_at,
  closedAs: row.closed_as,
  closedReason: row.closed_reason,
  closedBy: row.closed_by,
  waivedBy: row.waived_by,
  ticket: row.ticket,
});

const findRow = async (work: Work, id: string): Promise<LetterRow> => {
  const found = await sql<LetterRow>`
    ${selectLetters} where d.dead_letter_id = ${id}::uuid and d.environment = ${work.caller.environment}
  `.execute(work.tx);
  const [row] = found.rows;
  if (row !== undefined) return row;
  throw new StoreError(
    'not_found',
    `Cannot find dead letter ${id} in ${work.caller.environment}: list those of its sync for their IDs`,
  );
};

/** A dead letter by its ID. One statement. */
export const findDeadLetter = async (work: Work, id: string): Promise<DeadLetter> => letterOf(await findRow(work, id));

/** Dead letters of a sync in the order in which they were filed, a page at a time. Three statements. */
export const listDeadLetters = async (
  work: Work,
  request: Parameters<Operations['listDeadLetters']>[2],
): ReturnType<Operations['listDeadLetters']> => {
  const { sync, state, after, limit } = request;
  const { version } = await currentBundle(work, sync);
  const condition = sql`
    d.environment = ${work.caller.environment} and d.sync = ${sync} and ${inSlice(request)}
    and (${state} = 'any' or (${state} = 'open') = (d.closed_at is null))
  `;
  const rows = await sql<LetterRow>`
    ${selectLetters} where ${condition} and d.number > ${after}::bigint order by d.number limit ${limit + 1}
  `.execute(work.tx);
  const total = await sql<{ count: number }>`
    select count(*) as count from dead_letters d left join streams s using (stream_id) where ${condition}
  `.execute(work.tx);
  const shown = rows.rows.slice(0, limit);
  return {
    deadLetters: shown.map(letterOf),
    total: total.rows[0]?.count ?? 0,
    nextAfter: rows.rows.length > limit ? (shown.at(-1)?.number ?? null) : null,
    contractVersion: version,
  };
};

/** The dead letters that led to one, latest first. One statement. */
const findHistory = async (work: Work, previousId: string | null): Promise<DeadLetter[]> => {
  if (previousId === null) return [];
  const found = await sql<LetterRow>`
    with recursive chain as (
      select dead_letter_id as chained, previous_id as next, 1 as depth from dead_letters
      where dead_letter_id = ${previousId}::uuid
      union all
      select p.dead_letter_id, p.previous_id, c.depth + 1 from dead_letters p join chain c on p.dead_letter_id = c.next
      where c.depth < ${HISTORY_MAX}::integer
    )
    ${selectLetters} join chain c on c.chained = d.dead_letter_id order by c.depth
  `.execute(work.tx);
  return found.rows.map(letterOf);
};

/** A dead letter with what is needed to judge it. Up to nine statements. */
export const getDeadLetter = async (work: Work, id: string): ReturnType<Operations['getDeadLetter']> => {
  const row = await findRow(work, id);
  const bundle = await currentBundle(work, row.sync);
  const { candidates } = await findCandidates(work, bundle, { kind: 'ids', ids: [id] }, false);
  const [judged] = await judgeCandidates(work, bundle, candidates);
  if (judged === undefined) throw new Error(`Cannot judge dead letter ${id}: it is gone`);
  return {
    ...letterOf(row),
    contractVersionNow: bundle.version,
    replay: judged.verdict,
    context: row.context,
    history: await findHistory(work, row.previous_id),
  };
};
