import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import type { Work } from './work.ts';

export type NewDeadLetter = {
  readonly sync: string;
  readonly streamId: number | null;
  readonly externalId: string;
  readonly obligationId: number | null;
  readonly updatedAt: Instant;
  /** Where it was given up; `acknowledge` by the word of a Zap. */
  readonly stage: 'read' | 'deliver' | 'write' | 'acknowledge';
  readonly errorClass: string;
  readonly reason: string;
  readonly attempts: number;
};

/** Files a dead letter under the owner of its sync. One is open per external ID of a sync: the latest takes over. */
export const fileDeadLetter = async (work: Work, letter: NewDeadLetter): Promise<void> => {
  const { environment } = work.caller;
  await work.tx
    .updateTable('dead_letters')
    .set({ closed_at: work.now, closed_as: 'superseded' })
    .where('environment', '=', environment)
    .where('sync', '=', letter.sync)
    .where('external_id', '=', letter.externalId)
    .where('closed_at', 'is', null)
    .execute();
  await sql`
    insert into dead_letters (dead_letter_id, environment, sync, stream_id, external_id, obligation_id, updated_at,
                              stage, error_class, reason, attempts, owner, opened_at)
    select ${work.newId()}::uuid, ${environment}, ${letter.sync}, ${letter.streamId}::bigint, ${letter.externalId},
           ${letter.obligationId}::bigint, ${letter.updatedAt}, ${letter.stage}, ${letter.errorClass}, ${letter.reason},
           ${letter.attempts}::integer, s.bundle -> 'sync' ->> 'owner', ${work.now}
    from syncs s where s.environment = ${environment} and s.name = ${letter.sync}
    on conflict (environment, sync, external_id) where closed_at is null do nothing
  `.execute(work.tx);
  const subject = work.sealing.pseudonym(letter.externalId);
  const { stage, errorClass, attempts, updatedAt } = letter;
  await appendEvidence(work, {
    kind: 'dead_letter',
    sync: letter.sync,
    body: { subject, stage, errorClass, attempts, updatedAt },
  });
};

/** Open dead letters of a sync, oldest first. */
export const listDeadLetters = async (
  work: Work,
  request: { readonly sync: string; readonly limit: number },
): ReturnType<Operations['listDeadLetters']> => {
  const rows = await sql<{
    id: string;
    stream: string | null;
    external_id: string;
    stage: string;
    error_class: string;
    reason: string;
    attempts: number;
    owner: string;
    opened_at: Instant;
    total: number;
  }>`
    select d.dead_letter_id as id, s.name as stream, d.external_id, d.stage, d.error_class, d.reason, d.attempts,
           d.owner, d.opened_at, count(*) over () as total
    from dead_letters d left join streams s using (stream_id)
    where d.environment = ${work.caller.environment} and d.sync = ${request.sync} and d.closed_at is null
    order by d.opened_at, d.external_id limit ${request.limit}
  `.execute(work.tx);
  return {
    deadLetters: rows.rows.map((row) => ({
      id: row.id,
      stream: row.stream ?? '',
      externalId: row.external_id,
      stage: row.stage,
      errorClass: row.error_class,
      reason: row.reason,
      attempts: row.attempts,
      owner: row.owner,
      openedAt: row.opened_at,
    })),
    total: rows.rows[0]?.total ?? 0,
  };
};
