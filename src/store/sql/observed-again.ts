import { sql } from 'kysely';
import type { ReturnedVersion } from '../../core/obligation/page-news.ts';
import { type Opening, sealedRow } from './obligations-table.ts';
import type { Work } from './work.ts';

/**
 * Gives versions that are read again their place after all that were observed before, in the order given. What is settled
 * or held gets the state that it was read in, a deadline of its own, and all its attempts.
 *
 * What is open stays as it is but for its place, and its deliveries keep to it: of a version that a Zap is working on,
 * the delivery, its attempts and its deadline count on, and what the Zap says of it is said of now. One statement.
 */
export const observeAgain = async (
  work: Work,
  { streamId, deadlineAt, contractVersion }: Opening,
  all: readonly ReturnedVersion[],
): Promise<void> => {
  if (all.length === 0) return;
  const rows = all.map((one, place) => ({
    place,
    state: one.state,
    reason: one.reason,
    ...sealedRow(work, streamId, one),
  }));
  await sql`
    with known as (
      select o.obligation_id, o.sequence as sequence_before, o.state as state_before, r.*
      from obligations o join jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
        place integer, state text, reason text, external_id text, updated_at text, digest text, sealed text,
        sealed_bytes integer) using (external_id, updated_at, digest)
      where o.stream_id = ${streamId} order by r.place
    ), placed as (
      select k.*, nextval('observation_sequence') as sequence from known k
    ), observed as (
      update obligations o
      set state = p.state, sequence = p.sequence, reason = p.reason, settled_at = null, not_before = null,
          opened_at = greatest(${work.now}, (select max(n.opened_at) from obligations n
                                             where n.stream_id = o.stream_id and n.external_id = o.external_id)),
          due_at = case when o.state = 'open' then o.due_at end,
          attempts = case when o.state = 'open' then o.attempts else 0 end,
          deadline_at = case when o.state = 'open' then o.deadline_at else ${deadlineAt} end,
          contract_version = ${contractVersion}, checked_version = ${contractVersion},
          sealed = decode(p.sealed, 'base64'), sealed_bytes = p.sealed_bytes
      from placed p where o.obligation_id = p.obligation_id
      returning o.obligation_id, o.sequence, p.sequence_before, p.state_before
    )
    update deliveries d set sequence = w.sequence from observed w
    where d.obligation_id = w.obligation_id and d.sequence = w.sequence_before and w.state_before = 'open'
  `.execute(work.tx);
};
