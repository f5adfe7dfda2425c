import type { Revalidation } from '../mapping/revalidate.ts';
import type { ReplayObstacle } from '../protocol/dead-letter-routes.ts';
import { type LetterState, letterTable } from './letter-state.ts';

/** What stands in the way of a replay, apart from the payload. */
export type LetterFacts = {
  readonly state: LetterState;
  /** False for a record that a Zap brought itself: there is nothing to deliver again. */
  readonly hasObligation: boolean;
  /** It was written, but for fields that the target owns. */
  readonly isReview: boolean;
  /** State of the newest version of the record that is newer than this one; null when there is none. */
  readonly newerState: string | null;
  /** A newer version is on the target, whoever wrote it. */
  readonly newerApplied: boolean;
};

/** The payload, as far as it could be had. */
export type LetterPayload =
  | { readonly kind: 'dropped' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'checked'; readonly result: Revalidation };

export type ReplayVerdict =
  | { readonly kind: 'possible' }
  | { readonly kind: 'refused'; readonly obstacle: ReplayObstacle; readonly reason: string };

const NAMES_SHOWN_MAX = 20;

const refused = (obstacle: ReplayObstacle, reason: string): ReplayVerdict => ({ kind: 'refused', obstacle, reason });

const listed = (all: readonly string[]): string =>
  all.length > NAMES_SHOWN_MAX ? `${all.slice(0, NAMES_SHOWN_MAX).join('; ')}; and more` : all.join('; ');

/** What rules a replay out whatever the payload is; undefined when nothing does. */
export const judgeFacts = (facts: LetterFacts): ReplayVerdict | undefined => {
  if (letterTable[facts.state].replayed === 'refused') return refused('closed', `It was closed before: ${facts.state}`);
  if (facts.isReview) {
    return refused('in_review', 'It was written, but for fields that the target owns: correct one side, or resolve it');
  }
  if (!facts.hasObligation) {
    return refused('no_delivery', 'A Zap brought the record itself: replay the run of that Zap');
  }
  if (facts.newerApplied) return refused('newer_version', 'A newer version is on the target');
  return facts.newerState === null
    ? undefined
    : refused('newer_version', `A newer version was read, and is ${facts.newerState}`);
};

/** Judges the payload of a dead letter that nothing else rules out. */
export const judgePayload = (payload: LetterPayload): ReplayVerdict => {
  switch (payload.kind) {
    case 'dropped':
      return refused('payload_dropped', 'Its payload was not kept: change the record in its source');
    case 'unreadable':
      return refused('payload_unreadable', 'Its sealed payload cannot be opened: change the record in its source');
    case 'checked':
      break;
  }
  const { result } = payload;
  switch (result.kind) {
    case 'passes':
      return { kind: 'possible' };
    case 'fails':
      return refused('fails_validation', listed(result.problems.map(({ field, message }) => `${field} ${message}`)));
    case 'remapped':
      return refused(
        'remapped',
        `The contract maps these fields in another way by now, so the record must be read again (reconcile with repair): ${listed(result.fields)}`,
      );
  }
};

/**
 * How long after the first of a replay its n-th record may be handed out, in milliseconds.
 *
 * @param place     from 0
 * @param perMinute most records a minute
 */
export const spacingMs = (place: number, perMinute: number): number => Math.floor((place * 60_000) / perMinute);
