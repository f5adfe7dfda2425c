import type { JsonObject } from '../../core/json.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { WriteOutcome } from '../../core/protocol/write-routes.ts';
import { fileDeadLetter } from './dead-letters-table.ts';
import { appendEvidence } from './evidence-table.ts';
import { confirmIntent, endIntent, findIntent, type Intent } from './intents-table.ts';
import { settleObligation, settleOnTarget } from './obligations-table.ts';
import type { Operations } from './operations.ts';
import type { ObligationState } from './schema.ts';
import { lockStream, moveCommitted } from './streams-table.ts';
import { lockTarget } from './target-records-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['completeWrite']>[2];
type Reply = Awaited<ReturnType<Operations['completeWrite']>>;
type ObligationAfter = Reply['obligation'];

const applyOutcome = async (work: Work, intent: Intent, request: Request): Promise<ObligationAfter> => {
  const { obligationId, streamId } = intent;
  const { outcome } = request;
  switch (outcome.kind) {
    case 'confirmed':
      await confirmIntent(work, intent, outcome, request);
      if (obligationId !== null) await settleOnTarget(work, obligationId, 'applied', null);
      return obligationId === null ? 'none' : 'applied';
    case 'failed':
      await endIntent(work, intent, outcome, request.attempts);
      if (obligationId !== null) await settleObligation(work, obligationId, 'dead_lettered', outcome.reason);
      await fileDeadLetter(work, {
        sync: intent.sync,
        streamId,
        externalId: intent.key.externalId,
        obligationId,
        updatedAt: intent.version.updatedAt,
        stage: 'write',
        errorClass: outcome.errorClass,
        reason: outcome.reason,
        attempts: request.attempts,
      });
      return obligationId === null ? 'none' : 'dead_lettered';
    case 'unknown':
    case 'not_sent':
      await endIntent(work, intent, outcome, request.attempts);
      return obligationId === null ? 'none' : 'open';
  }
};

const obligationState = async (work: Work, obligationId: number | null): Promise<Reply['obligation']> => {
  if (obligationId === null) return 'none';
  const { state } = await work.tx
    .selectFrom('obligations')
    .select('state')
    .where('obligation_id', '=', obligationId)
    .executeTakeFirstOrThrow();
  const asReply: { readonly [State in ObligationState]: Reply['obligation'] } = {
    open: 'open',
    held: 'open',
    applied: 'applied',
    unchanged: 'applied',
    waived: 'applied',
    superseded: 'superseded',
    dead_lettered: 'dead_lettered',
  };
  return asReply[state];
};

const outcomeDetail = (outcome: WriteOutcome): JsonObject => {
  switch (outcome.kind) {
    case 'confirmed':
      return { created: outcome.created, readBack: outcome.readBack };
    case 'failed':
      return { errorClass: outcome.errorClass };
    case 'unknown':
    case 'not_sent':
      return {};
  }
};

const outcomeEvidence = (work: Work, intent: Intent, { outcome, attempts }: Request): Promise<string> =>
  appendEvidence(work, {
    kind: 'write_outcome',
    sync: intent.sync,
    body: {
      subject: work.sealing.pseudonym(intent.key.externalId),
      intent: intent.intentId,
      versionAt: intent.version.updatedAt,
      versionDigest: work.sealing.pseudonym(intent.version.digest),
      outcome: outcome.kind,
      attempts,
      ...outcomeDetail(outcome),
    },
  });

/**
 * Records what became of a write. A confirmed one settles its obligation and moves `committed` in the same
 * transaction. The same outcome again changes nothing.
 *
 * @throws StoreError `fenced` when another write of the record has begun since: its owner reads back, and this
 *   outcome says nothing any more
 */
export const completeWrite = async (work: Work, intentId: string, request: Request): Promise<Reply> => {
  const intent = await findIntent(work, intentId);
  const { streamId } = intent;
  const target = await lockTarget(work, intent.key);
  if (target.intent?.intentId !== intentId || target.fence !== request.fence) {
    throw new StoreError('fenced', `Cannot complete write ${intentId}: another write of the record has begun since`);
  }
  // The same outcome again: its reply was lost.
  if (target.intent.state !== 'open') return { obligation: await obligationState(work, intent.obligationId) };
  if (streamId !== null) await lockStream(work, streamId);
  const obligation = await applyOutcome(work, intent, request);
  if (streamId !== null && obligation !== 'open') await moveCommitted(work, streamId);
  await outcomeEvidence(work, intent, request);
  return { obligation };
};
