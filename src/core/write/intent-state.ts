export const intentStates = ['open', 'confirmed', 'failed', 'unknown'] as const;

export type IntentState = (typeof intentStates)[number];
export type EndedIntentState = Exclude<IntentState, 'open'>;

export type IntentEvent =
  /** The target has it. */
  | 'confirmed'
  /** The target refused it. */
  | 'failed'
  /** It certainly was not sent. */
  | 'not_sent'
  /** Nobody knows. */
  | 'unknown'
  /** Refused or not sent, of an intent that was begun to look what an earlier one came to: the question is still open. */
  | 'still_unknown'
  /** Its lease is over, and another intent begins. */
  | 'followed';

type IntentTable = Readonly<Record<'open', Readonly<Record<IntentEvent, EndedIntentState>>>> &
  Readonly<Record<EndedIntentState, Readonly<Record<IntentEvent, 'nothing'>>>>;

const ended = {
  confirmed: 'nothing',
  failed: 'nothing',
  not_sent: 'nothing',
  unknown: 'nothing',
  still_unknown: 'nothing',
  followed: 'nothing',
} as const;

/** An intent ends once, as its type says. */
export const intentTable: IntentTable = {
  open: {
    confirmed: 'confirmed',
    failed: 'failed',
    not_sent: 'failed',
    unknown: 'unknown',
    still_unknown: 'unknown',
    followed: 'unknown',
  },
  confirmed: ended,
  failed: ended,
  unknown: ended,
};

/**
 * What the last intent of a target record means for the next write, within its lease and after it:
 *
 * - `in_progress`: wait; it may still be writing, or a request of its may still arrive
 * - `look`: ask the target what became of it, then write
 * - `by_version`: it leaves no question
 */
type NextWrite = 'in_progress' | 'look' | 'by_version';

export const nextWrites: Readonly<Record<IntentState, Readonly<Record<'within' | 'after', NextWrite>>>> = {
  open: { within: 'in_progress', after: 'look' },
  confirmed: { within: 'by_version', after: 'by_version' },
  failed: { within: 'by_version', after: 'by_version' },
  unknown: { within: 'in_progress', after: 'look' },
};
