import { compareInstants, type Instant } from '../instant.ts';
import { type IntentState, nextWrites } from './intent-state.ts';

/** One version of a record: what orders two states of it. */
export type Version = {
  readonly updatedAt: Instant;
  /** The order in which the store observed versions; decides between equal update times. Null without a delivery. */
  readonly sequence: number | null;
  readonly digest: string;
};

/** The last intent of a target record, as the store holds it. */
export type LastIntent = {
  readonly intentId: string;
  readonly state: IntentState;
  readonly version: Version;
  /** Until when its owner may still be writing. */
  readonly leaseUntil: Instant;
};

/** What the store knows of one target record. */
export type TargetState = {
  readonly targetId: string | null;
  readonly applied: Version | null;
  /** Set when reconciliation found the target different from what was applied. */
  readonly drifted: boolean;
  readonly intent: LastIntent | null;
};

export type WriteDecision =
  /** Write. `readBack` first when an earlier write may or may not have happened. */
  | { readonly kind: 'proceed'; readonly readBack: boolean }
  /** The same call again: its reply was lost. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'already_applied' }
  /** A newer version is on the target: writing this one would turn it back. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'in_progress'; readonly until: Instant };

const compareVersions = (wanted: Version, applied: Version): -1 | 0 | 1 => {
  const byTime = compareInstants(wanted.updatedAt, applied.updatedAt);
  if (byTime !== 0 || applied.sequence === null) return byTime;
  // Of one time, what a Zap brought itself has no place among the versions that were read. Another one than the last of
  // those is taken for older: were it newer, a poll reads it too.
  if (wanted.sequence === null) return wanted.digest === applied.digest ? 0 : -1;
  return wanted.sequence < applied.sequence ? -1 : wanted.sequence > applied.sequence ? 1 : 0;
};

/**
 * Decides whether a version may be written to a target record.
 *
 * An intent that is open beyond its lease, or ended unknown, leaves a question that only a read-back answers: hence
 * `readBack`. Within the lease everyone else waits, which is what keeps two Zap runs from creating one record twice
 * on a target without upsert. An unresolved intent of a newer version may have reached the target, so an older one
 * is stale already.
 */
export const decideWrite = (intentId: string, wanted: Version, state: TargetState, now: Instant): WriteDecision => {
  const { applied, intent, drifted } = state;
  if (intent?.intentId === intentId && intent.state === 'open') return { kind: 'repeat' };
  if (applied !== null && compareVersions(wanted, applied) < 0) return { kind: 'stale' };
  if (intent !== null) {
    const lease = compareInstants(intent.leaseUntil, now) > 0 ? 'within' : 'after';
    switch (nextWrites[intent.state][lease]) {
      case 'in_progress':
        return { kind: 'in_progress', until: intent.leaseUntil };
      case 'look':
        return compareVersions(wanted, intent.version) < 0 ? { kind: 'stale' } : { kind: 'proceed', readBack: true };
      case 'by_version':
        break;
    }
  }
  // The fields are there already, or this very version was written (the target may hold it in another form).
  const isLast =
    intent?.state === 'confirmed' &&
    intent.version.digest === wanted.digest &&
    compareVersions(wanted, intent.version) === 0;
  if (applied !== null && !drifted && (isLast || wanted.digest === applied.digest)) return { kind: 'already_applied' };
  return { kind: 'proceed', readBack: drifted };
};
