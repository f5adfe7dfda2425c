import { compareInstants, type Instant, instantToMs } from '../../core/instant.ts';
import { deliveryAnswers } from '../../core/obligation/delivery-answers.ts';
import type { ObligationState } from '../../core/obligation/obligation-state.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { unknownDelivery } from '../../core/write/begin-decision.ts';
import { currentBundle } from './contracts-table.ts';
import { findDeadLetter } from './dead-letter-views.ts';
import { fileDeadLetter } from './dead-letters-table.ts';
import { settleObligation } from './obligations-table.ts';
import { type DeliveryRow, findDeliveries } from './deliveries-table.ts';
import type { Operations } from './operations.ts';
import { lockStreams, moveCommitted } from './streams-table.ts';
import { lockedTarget, lockTargets, type TargetKey } from './target-records-table.ts';
import { tokenizedReason } from './tokenized-reason.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['deadLetterRecord']>[2];
type Reply = Awaited<ReturnType<Operations['deadLetterRecord']>>;

type Current = { state: ObligationState; updated_at: Instant; attempts: number };

const findDelivery = async (work: Work, { sync, deliveryId }: Request): Promise<DeliveryRow> => {
  const row = (await findDeliveries(work, sync, [deliveryId])).get(deliveryId.toLowerCase());
  if (row !== undefined) return row;
  throw new StoreError('not_found', unknownDelivery(deliveryId, sync, work.caller.environment));
};

/** How long another run may still be writing the record; 0 when none is. */
const writingForMs = async (work: Work, key: TargetKey): Promise<number> => {
  const { intent } = lockedTarget(await lockTargets(work, [key]), key);
  if (intent?.state !== 'open' || compareInstants(intent.leaseUntil, work.now) <= 0) return 0;
  return Math.max(1000, instantToMs(intent.leaseUntil) - instantToMs(work.now));
};

const letterOf = async (work: Work, obligationId: number): Promise<string> => {
  const { dead_letter_id: id } = await work.tx
    .selectFrom('dead_letters')
    .select('dead_letter_id')
    .where('obligation_id', '=', obligationId)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  return id;
};

/**
 * Gives up on a delivery because its Zap says so. What the Zap says is kept without the values of sensitive fields. A
 * delivery that was given up before gives its dead letter; one that is settled otherwise is left as it is.
 */
export const deadLetterRecord = async (work: Work, request: Request): Promise<Reply> => {
  const bundle = await currentBundle(work, request.sync);
  const delivered = await findDelivery(work, request);
  const { obligation_id: obligationId, stream_id: streamId, external_id: externalId } = delivered;
  const { entity, externalIdField: field } = bundle.sync.target;
  const retryAfterMs = await writingForMs(work, { system: bundle.target.name, entity, field, externalId });
  await lockStreams(work, [streamId]);
  const current: Current = await work.tx
    .selectFrom('obligations')
    .select(['state', 'updated_at', 'attempts'])
    .where('obligation_id', '=', obligationId)
    .executeTakeFirstOrThrow();
  const before = deliveryAnswers[current.state].gives_up;
  if (before === 'dead_lettered') {
    return { kind: before, deadLetter: await findDeadLetter(work, await letterOf(work, obligationId)) };
  }
  if (before !== 'decide') return { kind: 'settled', externalId, state: before };
  if (retryAfterMs > 0) return { kind: 'in_progress', retryAfterMs };
  const { attempts, updated_at: updatedAt } = current;
  const reason = await tokenizedReason(work, request.sync, delivered, request.reason);
  await settleObligation(work, obligationId, 'given_up', reason);
  await moveCommitted(work, streamId);
  const { sync, errorClass } = request;
  const letter = { sync, streamId, externalId, obligationId, updatedAt, stage: 'zap', errorClass, reason } as const;
  return {
    kind: 'dead_lettered',
    deadLetter: await findDeadLetter(work, await fileDeadLetter(work, { ...letter, attempts })),
  };
};
