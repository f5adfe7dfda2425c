import { sql } from 'kysely';
import { type Instant, instantToMs } from '../../core/instant.ts';
import type { ObligationState } from '../../core/obligation/obligation-state.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import {
  type AcknowledgedDelivery,
  type AcknowledgeStatus,
  settledBefore,
} from '../../core/write/acknowledge-decision.ts';
import { unknownDelivery } from '../../core/write/begin-decision.ts';
import { decideWrite, type Version } from '../../core/write/write-decision.ts';
import { currentBundle } from './contracts-table.ts';
import { type DeliveryRow, findDeliveries } from './deliveries-table.ts';
import { closeApplied, fileDeadLetter } from './dead-letters-table.ts';
import { appendEvidence } from './evidence-table.ts';
import { settleObligation, settleOnTarget, takeBackGivenUp } from './obligations-table.ts';
import type { Operations } from './operations.ts';
import { lockStreams, moveCommitted } from './streams-table.ts';
import { lockedTarget, lockTargets, markAcknowledged, markDrifted, type TargetKey } from './target-records-table.ts';
import { tokenizedReason } from './tokenized-reason.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['acknowledgeDelivery']>[2];
type Reply = Awaited<ReturnType<Operations['acknowledgeDelivery']>>;

/** What never changes of a delivery. */
type Delivery = Pick<DeliveryRow, 'obligation_id' | 'stream_id' | 'external_id' | 'digest' | 'sealed'>;

/** What does, read under the lock of its stream. */
type Obligation = AcknowledgedDelivery & {
  readonly updatedAt: Instant;
  readonly version: Version;
  readonly attempts: number;
};

type Asked = {
  readonly request: Request;
  readonly delivery: Delivery;
  readonly obligation: Obligation;
  readonly key: TargetKey;
};

const findDelivery = async (work: Work, { sync, deliveryId }: Request): Promise<Delivery> => {
  const found = await findDeliveries(work, sync, [deliveryId]);
  const row = found.get(deliveryId.toLowerCase());
  if (row === undefined) throw new StoreError('not_found', unknownDelivery(deliveryId, sync, work.caller.environment));
  return row;
};

const readObligation = async (work: Work, deliveryId: string): Promise<Obligation> => {
  const found = await sql<{
    state: ObligationState;
    updated_at: Instant;
    ordered_at: Instant;
    sequence: number;
    digest: string;
    attempts: number;
    acknowledged: boolean;
    reopened: boolean;
  }>`
    select o.state, o.updated_at, least(o.updated_at, o.opened_at) as ordered_at, o.sequence, o.digest, o.attempts,
           d.acknowledged_at is not null as acknowledged, d.sequence is not null and d.sequence <> o.sequence as reopened
    from deliveries d join obligations o using (obligation_id) where d.delivery_id = ${deliveryId}::uuid
  `.execute(work.tx);
  const [row] = found.rows;
  if (row === undefined) throw new Error(`Cannot read delivery ${deliveryId}: it is gone`);
  return {
    state: row.state,
    updatedAt: row.updated_at,
    version: { updatedAt: row.ordered_at, sequence: row.sequence, digest: row.digest },
    attempts: row.attempts,
    isAcknowledged: row.acknowledged,
    isReopened: row.reopened,
  };
};

/**
 * A newer version is on the target, or may be. Where the Zap wrote this one all the same, nobody knows which of the two
 * came last: the record counts as drifted, so that the next write looks first and reconciliation is not misled.
 */
const supersede = async (work: Work, { request, delivery, key }: Asked): Promise<AcknowledgeStatus> => {
  await settleObligation(work, delivery.obligation_id, 'newer_on_target', 'The target holds a newer version');
  if (request.outcome.kind === 'applied') {
    await takeBackGivenUp(work, delivery.obligation_id, 'overtaken_after_all');
    await markDrifted(work, key, [key.externalId]);
  }
  return 'stale';
};

const apply = async (work: Work, asked: Asked, targetId: string | null): Promise<AcknowledgeStatus> => {
  const { delivery, obligation, key, request } = asked;
  const { updatedAt: at, sequence } = obligation.version;
  await markAcknowledged(work, { key, version: obligation.version, targetId });
  await closeApplied(work, request.sync, [{ externalId: key.externalId, at, sequence }]);
  await takeBackGivenUp(work, delivery.obligation_id, 'written_after_all');
  await settleOnTarget(work, [delivery.obligation_id], 'written', null);
  return obligation.state === 'superseded' ? 'stale' : 'applied';
};

const giveUp = async (
  work: Work,
  { request, delivery, obligation }: Asked,
  told: string,
): Promise<AcknowledgeStatus> => {
  const reason = await tokenizedReason(work, request.sync, delivery, told);
  await settleObligation(work, delivery.obligation_id, 'given_up', reason);
  await fileDeadLetter(work, {
    sync: request.sync,
    streamId: delivery.stream_id,
    externalId: delivery.external_id,
    obligationId: delivery.obligation_id,
    updatedAt: obligation.updatedAt,
    stage: 'zap',
    errorClass: 'reported_failed',
    reason,
    attempts: obligation.attempts,
  });
  return 'dead_lettered';
};

const settle = (work: Work, asked: Asked, isStale: boolean): Promise<AcknowledgeStatus> => {
  const { outcome } = asked.request;
  if (isStale) return supersede(work, asked);
  return outcome.kind === 'applied' ? apply(work, asked, outcome.targetId) : giveUp(work, asked, outcome.reason);
};

const acknowledgedEvidence = (
  work: Work,
  { request, obligation, key }: Asked,
  status: AcknowledgeStatus,
): Promise<string> =>
  appendEvidence(work, {
    kind: 'acknowledged',
    sync: request.sync,
    body: {
      subject: work.sealing.pseudonym(key.externalId),
      delivery: request.deliveryId,
      versionAt: obligation.version.updatedAt,
      versionDigest: work.sealing.pseudonym(obligation.version.digest),
      outcome: request.outcome.kind,
      status,
    },
  });

/**
 * Settles a delivery by the word of the Zap that wrote it with an action of another app. What the Zap did counts as a
 * write of that version: it waits for one that is under way, and is stale where a newer version is on the target. The
 * obligation, the older ones of its record, `committed` and the applied version of the target record move together.
 *
 * Every attempt of one obligation counts, and the same acknowledgement again changes nothing. One that says `applied`
 * of a version that was given up on takes it back: the record is on the target. Fourteen statements at most.
 *
 * @throws StoreError `not_found` for a delivery of another environment, another sync, or none
 */
export const acknowledgeDelivery = async (work: Work, request: Request): Promise<Reply> => {
  const { sync, target: system } = await currentBundle(work, request.sync);
  const delivery = await findDelivery(work, request);
  const { external_id: externalId, stream_id: streamId } = delivery;
  const { entity, externalIdField: field } = sync.target;
  const key = { system: system.name, entity, field, externalId };
  const target = lockedTarget(await lockTargets(work, [key]), key);
  await lockStreams(work, [streamId]);
  const asked = { request, delivery, key, obligation: await readObligation(work, request.deliveryId) };
  const before = settledBefore(asked.obligation, request.outcome.kind);
  if (before !== undefined) return { kind: 'settled', status: before, externalId, targetId: target.targetId };
  // In the place of an intent: no intent has this ID, so the last one counts as another's.
  const decision = decideWrite(request.deliveryId, asked.obligation.version, target, work.now);
  if (decision.kind === 'in_progress') {
    return { kind: 'in_progress', retryAfterMs: Math.max(1000, instantToMs(decision.until) - instantToMs(work.now)) };
  }
  const status = await settle(work, asked, decision.kind === 'stale');
  await moveCommitted(work, streamId);
  await acknowledgedEvidence(work, asked, status);
  const given = status === 'applied' && request.outcome.kind === 'applied' ? request.outcome.targetId : null;
  return { kind: 'settled', status, externalId, targetId: given ?? target.targetId };
};
