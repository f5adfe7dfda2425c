import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import { tokenizeFields } from '../../core/mapping/tokenize.ts';
import type { DeadLetter } from '../../core/protocol/dead-letter-routes.ts';
import { type ClosedLetterState, isCarriedOn, type LetterEvent, letterTable } from '../../core/replay/letter-state.ts';
import { appendEvidence } from './evidence-table.ts';
import { tryOpenPayload } from './obligations-table.ts';
import type { ContextField } from './schema.ts';
import type { Work } from './work.ts';

/** Stands for the sequence of a version that has none: it is then ordered by its time alone. */
export const SEQUENCE_MAX = '9223372036854775807';

export type NewDeadLetter = {
  readonly sync: string;
  readonly streamId: number | null;
  readonly externalId: string;
  readonly obligationId: number | null;
  readonly updatedAt: Instant;
  readonly stage: DeadLetter['stage'];
  readonly errorClass: string;
  readonly reason: string;
  readonly attempts: number;
};

/** What the obligation of a dead letter adds to it. */
type Origin = {
  readonly versionAt: Instant;
  readonly sequence: number | null;
  readonly traceId: string | null;
  readonly context: readonly ContextField[];
};

/** What is known of the version that a dead letter is about. One statement, none without an obligation. */
export const findOrigin = async (
  work: Work,
  { obligationId, updatedAt }: Pick<NewDeadLetter, 'obligationId' | 'updatedAt'>,
): Promise<Origin> => {
  if (obligationId === null) return { versionAt: updatedAt, sequence: null, traceId: null, context: [] };
  const found = await work.tx
    .selectFrom('obligations')
    .select(['stream_id', 'external_id', 'digest', 'sequence', 'updated_at', 'opened_at', 'cycle_id', 'sealed'])
    .where('obligation_id', '=', obligationId)
    .executeTakeFirstOrThrow();
  const { stream_id: streamId, external_id: externalId, digest, sealed } = found;
  const payload = sealed === null ? undefined : tryOpenPayload(work, { streamId, externalId, digest, sealed });
  return {
    versionAt: found.updated_at < found.opened_at ? found.updated_at : found.opened_at,
    sequence: found.sequence,
    traceId: found.cycle_id,
    context: payload === undefined ? [] : tokenizeFields(payload, work.sealing.pseudonym),
  };
};

type Before = {
  id: string;
  closed_as: ClosedLetterState | null;
  version_at: Instant;
  version_sequence: number | null;
  attempts_total: number;
};

/** The open dead letter of a record, else the last one. */
const findBefore = async (work: Work, { sync, externalId }: NewDeadLetter): Promise<Before | undefined> => {
  const found = await sql<Before>`
    select dead_letter_id as id, closed_as, version_at, version_sequence, attempts + attempts_before as attempts_total
    from dead_letters
    where environment = ${work.caller.environment} and sync = ${sync} and external_id = ${externalId}
    order by (closed_as is null) desc, number desc limit 1
  `.execute(work.tx);
  return found.rows[0];
};

const isNewer = ({ version_at: at, version_sequence: sequence }: Before, origin: Origin): boolean =>
  at === origin.versionAt ? (sequence ?? 0) > (origin.sequence ?? 0) : at > origin.versionAt;

/** Who closed a dead letter and why, where a person did. */
type Closing = {
  readonly event: LetterEvent;
  readonly reason?: string;
  readonly by?: string;
  readonly person?: string;
  readonly ticket?: string;
};

/** Closes open dead letters. One statement. */
export const closeDeadLetters = async (work: Work, ids: readonly string[], closing: Closing): Promise<void> => {
  await sql`
    update dead_letters
    set closed_at = ${work.now}, closed_as = ${letterTable.open[closing.event]}, closed_reason = ${closing.reason ?? null},
        closed_by = ${closing.by ?? null}, waived_by = ${closing.person ?? null}, ticket = ${closing.ticket ?? null}
    where dead_letter_id = any(${ids}::uuid[]) and closed_at is null
  `.execute(work.tx);
};

/** Drops the payload of an obligation that nobody will replay any more. One statement. */
export const dropPayload = async (work: Work, obligationId: number | null): Promise<void> => {
  if (obligationId === null) return;
  await sql`
    update obligations set sealed = null where obligation_id = ${obligationId} and state = 'dead_lettered'
  `.execute(work.tx);
};

/** A version that is on the target by now. */
export type AppliedVersion = {
  readonly externalId: string;
  readonly at: Instant;
  /** Null for a version later than all of its time. */
  readonly sequence: number | null;
};

/** Closes the dead letters of versions up to those given, and drops their payloads. One statement. */
export const closeApplied = async (work: Work, sync: string, versions: readonly AppliedVersion[]): Promise<void> => {
  if (versions.length === 0) return;
  const rows = versions.map(({ externalId, at, sequence }) => ({ external_id: externalId, at, sequence }));
  await sql`
    with closed as (
      update dead_letters d set closed_at = ${work.now}, closed_as = ${letterTable.open.on_target}
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(external_id text, at text, sequence bigint)
      where d.environment = ${work.caller.environment} and d.sync = ${sync} and d.external_id = r.external_id
        and d.closed_at is null and (d.version_at, coalesce(d.version_sequence, 0))
            <= (r.at, coalesce(r.sequence, ${SEQUENCE_MAX}::bigint))
      returning d.obligation_id
    )
    update obligations o set sealed = null
    from closed c where o.obligation_id = c.obligation_id and o.state = 'dead_lettered'
  `.execute(work.tx);
};

/** Makes room for a new dead letter: of two of one record, that of the newer version stays open. */
const supersede = async (work: Work, letter: NewDeadLetter, open: Before, isOutdated: boolean): Promise<void> => {
  if (isOutdated) {
    await dropPayload(work, letter.obligationId);
    return;
  }
  await sql`
    update obligations o set sealed = null from dead_letters d
    where d.dead_letter_id = ${open.id}::uuid and o.obligation_id = d.obligation_id and o.state = 'dead_lettered'
      and o.obligation_id is distinct from ${letter.obligationId}::bigint
  `.execute(work.tx);
  await closeDeadLetters(work, [open.id], { event: 'newer_given_up' });
};

/**
 * Files a dead letter under the owner of its sync. One is open for each external ID of a sync: that of the latest
 * version; one of an older version, which failed after it, is filed as superseded. A dead letter that replaces another,
 * or that a replay ended in, carries its attempts on. Six statements, eight when it replaces one.
 *
 * @returns its ID
 */
export const fileDeadLetter = async (work: Work, letter: NewDeadLetter): Promise<string> => {
  const { environment } = work.caller;
  // Two streams of a sync may give up on one record at once: the second must see what the first has filed.
  await sql`select pg_advisory_xact_lock(hashtext(${`tidemark dead letters ${environment} ${letter.sync}`}))`.execute(
    work.tx,
  );
  const origin = await findOrigin(work, letter);
  const before = await findBefore(work, letter);
  const isOutdated = before?.closed_as === null && isNewer(before, origin);
  if (before?.closed_as === null) await supersede(work, letter, before, isOutdated);
  const previous = before !== undefined && isCarriedOn[before.closed_as ?? 'open'] && !isOutdated ? before : null;
  const id = work.newId();
  await sql`
    insert into dead_letters (dead_letter_id, environment, sync, stream_id, external_id, obligation_id, updated_at,
                              version_at, version_sequence, stage, error_class, reason, attempts, owner, opened_at,
                              closed_at, closed_as, contract_version, trace_id, context, previous_id, attempts_before)
    select ${id}::uuid, ${environment}, ${letter.sync}, ${letter.streamId}::bigint, ${letter.externalId},
           ${letter.obligationId}::bigint, ${letter.updatedAt}, ${origin.versionAt}, ${origin.sequence}::bigint,
           ${letter.stage}, ${letter.errorClass}, ${letter.reason}, ${letter.attempts}::integer,
           s.bundle -> 'sync' ->> 'owner', ${work.now}, ${isOutdated ? work.now : null}::text,
           ${isOutdated ? letterTable.open.newer_given_up : null}::text, s.bundle_version, ${origin.traceId}::uuid,
           ${JSON.stringify(origin.context)}::jsonb, ${previous?.id ?? null}::uuid,
           ${previous?.attempts_total ?? 0}::integer
    from syncs s where s.environment = ${environment} and s.name = ${letter.sync}
  `.execute(work.tx);
  const subject = work.sealing.pseudonym(letter.externalId);
  const { stage, errorClass, attempts, updatedAt } = letter;
  await appendEvidence(work, {
    kind: 'dead_letter',
    sync: letter.sync,
    body: { subject, stage, errorClass, attempts, updatedAt },
  });
  return id;
};
