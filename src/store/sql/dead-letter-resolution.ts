import { sql } from 'kysely';
import type { DeadLetter } from '../../core/protocol/dead-letter-routes.ts';
import { obligationChange } from '../../core/obligation/obligation-state.ts';
import { letterTable } from '../../core/replay/letter-state.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { findDeadLetter } from './dead-letter-views.ts';
import { closeDeadLetters, dropPayload } from './dead-letters-table.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import { lockStreams } from './streams-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['resolveDeadLetter']>[2];
type Rows = { stream_id: number | null; obligation_id: number | null };

const findRows = async (work: Work, id: string): Promise<Rows> =>
  work.tx
    .selectFrom('dead_letters')
    .select(['stream_id', 'obligation_id'])
    .where('dead_letter_id', '=', id)
    .executeTakeFirstOrThrow();

const eventOf = ({ waiver }: Request): 'resolved' | 'waived' => (waiver === null ? 'resolved' : 'waived');

const isSame = (letter: DeadLetter, request: Request): boolean =>
  letter.closedAs === letterTable.open[eventOf(request)] &&
  letter.closedReason === request.reason &&
  letter.waivedBy === (request.waiver?.person ?? null) &&
  letter.ticket === (request.waiver?.ticket ?? null);

const settle = async (work: Work, obligationId: number | null, { waiver, reason }: Request): Promise<void> => {
  await dropPayload(work, obligationId);
  if (waiver === null || obligationId === null) return;
  const { from, to } = obligationChange('letter_waived');
  await sql`
    update obligations set state = ${to}, reason = ${reason}
    where obligation_id = ${obligationId} and state = any(${from}::text[])
  `.execute(work.tx);
};

const resolutionEvidence = (work: Work, letter: DeadLetter, { waiver, reason }: Request): Promise<string> =>
  appendEvidence(work, {
    kind: waiver === null ? 'dead_letter_resolved' : 'waiver',
    sync: letter.sync,
    body: {
      subject: work.sealing.pseudonym(letter.externalId),
      deadLetter: letter.id,
      updatedAt: letter.updatedAt,
      by: work.caller.keyId,
      name: work.caller.name,
      // What a person writes may quote a record; with the text at hand the pseudonym proves that it was this one.
      reason: work.sealing.pseudonym(reason),
      ...waiver,
    },
  });

/**
 * Closes an open dead letter in the name of the caller and drops its payload; with a waiver its obligation counts as
 * waived by the person named. The same again gives the same answer.
 *
 * @throws StoreError `conflict` when it was closed in another way before
 */
export const resolveDeadLetter = async (work: Work, id: string, request: Request): Promise<DeadLetter> => {
  await findDeadLetter(work, id);
  const { stream_id: streamId, obligation_id: obligationId } = await findRows(work, id);
  await lockStreams(work, streamId === null ? [] : [streamId]);
  await work.tx
    .selectFrom('dead_letters')
    .select('dead_letter_id')
    .where('dead_letter_id', '=', id)
    .forUpdate()
    .execute();
  const letter = await findDeadLetter(work, id);
  if (letterTable[letter.closedAs ?? 'open'][eventOf(request)] === 'refused') {
    if (isSame(letter, request)) return letter;
    throw new StoreError(
      'conflict',
      `Cannot resolve dead letter ${id}: it was closed before (${letter.closedAs}). Look at it, and at the one that is open now`,
    );
  }
  const { reason, waiver } = request;
  await settle(work, obligationId, request);
  await closeDeadLetters(work, [id], {
    event: eventOf(request),
    reason,
    by: work.caller.name,
    ...waiver,
  });
  await resolutionEvidence(work, letter, request);
  return findDeadLetter(work, id);
};
