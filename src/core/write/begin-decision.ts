import { type Digest, digestText } from '../digest.ts';
import { compareInstants, type Instant, instantToMs, shiftInstant } from '../instant.ts';
import { deliveryAnswers } from '../obligation/delivery-answers.ts';
import type { ObligationState } from '../obligation/obligation-state.ts';
import { WRITE_LEASE_MS, type WriteDecided } from '../protocol/write-routes.ts';
import { decideWrite, type TargetState, type Version } from './write-decision.ts';

/** A target record with its fencing token, which grows with each intent. */
export type FencedTarget = TargetState & { readonly fence: number };

/** What is to be written, whoever brought it. */
export type WriteSubject = {
  readonly intentId: string;
  readonly externalId: string;
  readonly version: Version;
  /** Null for a record that a Zap brought itself. */
  readonly obligation: { readonly state: ObligationState; readonly reason: string | null } | null;
};

type Answer = Exclude<WriteDecided, { kind: 'proceed' }>;

export type BeginDecision =
  /** There is nothing to record. */
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** The target holds the version already: what is there is this version too, and its obligation is settled. */
  | { readonly kind: 'same'; readonly answer: Answer }
  /** The target holds a newer one: the obligation is settled. */
  | { readonly kind: 'older'; readonly answer: Answer }
  /** Write under the intent that is there: the reply was lost. */
  | { readonly kind: 'repeat' }
  /** Write under a new intent: the target record from now on. */
  | { readonly kind: 'begin'; readonly readBack: boolean; readonly target: FencedTarget };

/** Versions are ordered by their update time, but never by one later than when they were observed. */
export const orderedAt = (updatedAt: Instant, observedAt: Instant): Instant =>
  compareInstants(updatedAt, observedAt) > 0 ? observedAt : updatedAt;

/**
 * A record that a Zap brought itself: a time in the future is taken for now, or it would make every later version stale.
 * But never for an earlier one than that of the version applied: the clock here may be behind.
 */
export const inOrder = <Subject extends Pick<WriteSubject, 'version' | 'obligation'>>(
  subject: Subject,
  applied: Version | null,
  now: Instant,
): Subject => {
  const { version, obligation } = subject;
  if (obligation !== null) return subject;
  const latest = applied !== null && compareInstants(applied.updatedAt, now) > 0 ? applied.updatedAt : now;
  return { ...subject, version: { ...version, updatedAt: orderedAt(version.updatedAt, latest) } };
};

/** The digest of a delivery with the fields that a Zap changed, which make another version of the same observation. */
export const digestWith = (digest: Digest, overridesDigest: Digest | null): Digest =>
  overridesDigest === null ? digest : digestText(`${digest}/${overridesDigest}`);

/** The answer for an obligation that is settled already; undefined for one that is not. */
const settledAnswer = ({ externalId, obligation }: WriteSubject, targetId: string | null): Answer | undefined => {
  if (obligation === null) return undefined;
  const kind = deliveryAnswers[obligation.state].begins_write;
  switch (kind) {
    case 'decide':
      return undefined;
    case 'already_applied':
    case 'stale':
      return { kind, externalId, targetId };
    case 'dead_lettered':
      return { kind, externalId, reason: obligation.reason ?? 'The record is a dead letter' };
  }
};

/** Decides whether a write may begin now, by its obligation and by what is known of its target record. */
export const decideBegin = (subject: WriteSubject, target: FencedTarget, now: Instant): BeginDecision => {
  const { intentId, externalId, version } = subject;
  const { targetId } = target;
  const settled = settledAnswer(subject, targetId);
  if (settled !== undefined) return { kind: 'answer', answer: settled };
  if (target.intent?.intentId === intentId && target.intent.state !== 'open') {
    const reason = `Cannot begin write ${intentId} again: it has ended. Begin another`;
    return { kind: 'answer', answer: { kind: 'refused', code: 'conflict', reason } };
  }
  const decision = decideWrite(intentId, version, target, now);
  switch (decision.kind) {
    case 'repeat':
      return { kind: 'repeat' };
    case 'already_applied':
      return { kind: 'same', answer: { kind: 'already_applied', externalId, targetId } };
    case 'stale':
      return { kind: 'older', answer: { kind: 'stale', externalId, targetId } };
    case 'in_progress': {
      const retryAfterMs = Math.max(1000, instantToMs(decision.until) - instantToMs(now));
      return { kind: 'answer', answer: { kind: 'in_progress', retryAfterMs } };
    }
    case 'proceed': {
      const leaseUntil = shiftInstant(now, WRITE_LEASE_MS);
      const intent = { intentId, state: 'open' as const, version, leaseUntil };
      return { kind: 'begin', readBack: decision.readBack, target: { ...target, fence: target.fence + 1, intent } };
    }
  }
};

/** Why a delivery was not found: it is of another environment or sync, or there never was one. */
export const unknownDelivery = (deliveryId: string, sync: string, environment: string): string =>
  `Cannot find delivery "${deliveryId.slice(0, 50)}" of sync "${sync}" in ${environment}: map Delivery ID from the Tidemark trigger of the same sync`;
