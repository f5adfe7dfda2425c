import type { ContractBundle } from '../../../src/core/contract/bundle.ts';
import { instantToMs } from '../../../src/core/instant.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { type AcknowledgeStatus, settledBefore } from '../../../src/core/write/acknowledge-decision.ts';
import { orderedAt, unknownDelivery } from '../../../src/core/write/begin-decision.ts';
import { decideWrite, type Version } from '../../../src/core/write/write-decision.ts';
import { currentBundle } from './contracts.ts';
import { closeApplied, fileDeadLetter } from './dead-letters.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import { obligationOf, settleObligation, settleOnTarget, takeBackGivenUp } from './obligations.ts';
import type { Operation, Request } from './operation.ts';
import { type Delivery, type Obligation, streamById, type Work } from './state.ts';
import { moveCommitted } from './streams.ts';
import { targetKey, targetOf } from './targets.ts';

type Asked = {
  readonly bundle: ContractBundle;
  readonly request: Request<'acknowledgeDelivery'>;
  readonly obligation: Obligation;
  readonly version: Version;
};

const deliveryOf = (work: Work, { sync, deliveryId }: Request<'acknowledgeDelivery'>): Delivery => {
  const delivery = work.state.deliveries.get(deliveryId.toLowerCase());
  if (delivery !== undefined && streamById(work, delivery.streamId).sync === sync) return delivery;
  throw new StoreError('not_found', unknownDelivery(deliveryId, sync, work.environment));
};

/** Where a Zap wrote a version after a newer one, nobody knows which of the two came last: the record is in doubt. */
const supersede = (work: Work, { bundle, request, obligation }: Asked): AcknowledgeStatus => {
  const { obligationId, externalId } = obligation;
  settleObligation(work, obligationId, 'newer_on_target', 'The target holds a newer version');
  if (request.outcome.kind === 'applied') {
    takeBackGivenUp(work, obligationId, 'overtaken_after_all');
    const target = targetOf(work, bundle, externalId);
    work.state.targets.set(targetKey(bundle, externalId), { ...target, drifted: true });
  }
  return 'stale';
};

const apply = (
  work: Work,
  { bundle, request, obligation, version }: Asked,
  given: string | null,
): AcknowledgeStatus => {
  const { obligationId, externalId } = obligation;
  const target = targetOf(work, bundle, externalId);
  const isInDoubt = target.intent?.state === 'open' || target.intent?.state === 'unknown';
  const fence = isInDoubt ? target.fence + 1 : target.fence;
  const targetId = given ?? target.targetId;
  const applied = { ...target, applied: version, targetId, drifted: false, fence };
  work.state.targets.set(targetKey(bundle, externalId), applied);
  closeApplied(work, request.sync, externalId, version);
  takeBackGivenUp(work, obligationId, 'written_after_all');
  settleOnTarget(work, [obligationId], 'written', null);
  return obligation.state === 'superseded' ? 'stale' : 'applied';
};

const giveUp = (work: Work, { request, obligation }: Asked, reason: string): AcknowledgeStatus => {
  const { obligationId, streamId, externalId, updatedAt, attempts } = obligation;
  settleObligation(work, obligationId, 'given_up', reason);
  const stream = streamById(work, streamId).name;
  const letter = { sync: request.sync, stream, externalId, obligationId, updatedAt, attempts, reason };
  fileDeadLetter(work, { ...letter, stage: 'zap', errorClass: 'reported_failed' });
  return 'dead_lettered';
};

const settle = (work: Work, asked: Asked, isStale: boolean): AcknowledgeStatus => {
  const { outcome } = asked.request;
  if (isStale) return supersede(work, asked);
  return outcome.kind === 'applied' ? apply(work, asked, outcome.targetId) : giveUp(work, asked, outcome.reason);
};

const recordAcknowledged = (work: Work, { request, obligation, version }: Asked, status: AcknowledgeStatus): void => {
  appendEvidence(work, {
    kind: 'acknowledged',
    sync: request.sync,
    body: {
      subject: pseudonym(obligation.externalId),
      delivery: request.deliveryId,
      versionAt: version.updatedAt,
      versionDigest: pseudonym(version.digest),
      outcome: request.outcome.kind,
      status,
    },
  });
};

export const acknowledgeDelivery: Operation<'acknowledgeDelivery'> = (work, _params, request) => {
  const bundle = currentBundle(work, request.sync);
  const delivery = deliveryOf(work, request);
  const obligation = obligationOf(work, delivery.obligationId);
  const { externalId, state, digest, sequence, updatedAt, openedAt } = obligation;
  const target = targetOf(work, bundle, externalId);
  const { targetId } = target;
  const isAcknowledged = delivery.acknowledgedAt !== null;
  const isReopened = delivery.sequence !== sequence;
  const before = settledBefore({ state, isAcknowledged, isReopened }, request.outcome.kind);
  if (before !== undefined) return { kind: 'settled', status: before, externalId, targetId };
  const version = { updatedAt: orderedAt(updatedAt, openedAt), sequence, digest };
  const decision = decideWrite(request.deliveryId, version, target, work.now);
  if (decision.kind === 'in_progress') {
    const retryAfterMs = Math.max(1000, instantToMs(decision.until) - instantToMs(work.now));
    return { kind: 'in_progress', retryAfterMs };
  }
  const asked = { bundle, request, obligation, version };
  const status = settle(work, asked, decision.kind === 'stale');
  moveCommitted(work, delivery.streamId);
  recordAcknowledged(work, asked, status);
  const given = status === 'applied' && request.outcome.kind === 'applied' ? request.outcome.targetId : null;
  return { kind: 'settled', status, externalId, targetId: given ?? targetId };
};
