import type { Digest } from '../digest.ts';
import { type Instant, shiftInstant } from '../instant.ts';
import type { JsonObject } from '../json.ts';
import { UNKNOWN_QUARANTINE_MS, type WriteOutcome } from '../protocol/write-routes.ts';
import type { FencedTarget } from './begin-decision.ts';
import { type EndedIntentState, intentTable } from './intent-state.ts';
import type { Version } from './write-decision.ts';

/**
 * What an outcome says: `ended` ends the intent; `again` was recorded before and its reply was lost; `fenced` is of a
 * write that another has followed since.
 */
type OutcomeDecision = 'ended' | 'again' | 'fenced';

/** Decides whether the outcome of an intent is the one that its target record waits for. */
export const decideOutcome = (intentId: string, fence: number, target: FencedTarget): OutcomeDecision => {
  if (target.intent?.intentId !== intentId || target.fence !== fence) return 'fenced';
  return target.intent.state === 'open' ? 'ended' : 'again';
};

/** What an outcome makes of the target record. */
export type IntentEnd = {
  readonly state: EndedIntentState;
  /** Until then nobody writes again. */
  readonly leaseUntil: Instant;
  /** What is on the target by a confirmed outcome; null where that is as before. */
  readonly applied: { readonly targetId: string; readonly version: Version } | null;
};

/**
 * Decides how an intent ends. After an unknown write nobody writes again until the request can no longer arrive.
 *
 * An intent that was begun to read back stands for the question that an earlier one left open: unless it is confirmed,
 * that stays open, or what was applied before would be taken for what the target holds.
 *
 * @param writtenDigest of the fields that the target holds; null where they are those of the version
 */
export const endIntent = (
  { version, readBack }: { readonly version: Version; readonly readBack: boolean },
  outcome: WriteOutcome,
  writtenDigest: Digest | null,
  now: Instant,
): IntentEnd => {
  switch (outcome.kind) {
    case 'confirmed': {
      const written = { ...version, digest: writtenDigest ?? version.digest };
      return {
        state: intentTable.open.confirmed,
        leaseUntil: now,
        applied: { targetId: outcome.targetId, version: written },
      };
    }
    case 'failed':
    case 'not_sent':
      return { state: intentTable.open[readBack ? 'still_unknown' : outcome.kind], leaseUntil: now, applied: null };
    case 'unknown':
      return { state: intentTable.open.unknown, leaseUntil: shiftInstant(now, UNKNOWN_QUARANTINE_MS), applied: null };
  }
};

/** An obligation as the caller of a write is told of it. */
export type ObligationTold = 'none' | 'open' | 'applied' | 'superseded' | 'dead_lettered';

/**
 * What an outcome leaves of the obligation of its write. Told again it is the same, whatever the obligation has become
 * since: a newer version may have been read while the write was under way.
 */
export const toldOf = (outcome: WriteOutcome): ObligationTold => {
  switch (outcome.kind) {
    case 'confirmed':
      return 'applied';
    case 'failed':
      return 'dead_lettered';
    case 'unknown':
    case 'not_sent':
      return 'open';
  }
};

/** What the evidence of an outcome holds beside its kind: no value and no reason. */
export const outcomeDetail = (outcome: WriteOutcome): JsonObject => {
  switch (outcome.kind) {
    case 'confirmed':
      return {
        created: outcome.created,
        readBack: outcome.readBack,
        ...(outcome.kept === undefined ? {} : { kept: outcome.kept }),
      };
    case 'failed':
      return { errorClass: outcome.errorClass };
    case 'unknown':
    case 'not_sent':
      return {};
  }
};
