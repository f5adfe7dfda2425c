import type { SystemFailure } from '../system/failure.ts';
import { type Disposition, dispositions, type Fault, type Phase } from './dispositions.ts';

const NOT_TAKEN = new Set([408, 425]);
const GATEWAY = new Set([502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527]);
const OVERLOADED = new Set([503, 529]);

/**
 * The fault that a status tells of; undefined for 2xx but 202, which tell of none.
 *
 * @param asksToWait the answer carries `Retry-After`
 */
export const faultOfStatus = (status: number, asksToWait: boolean): Fault | undefined => {
  if (status === 202) return 'deferred';
  if (status >= 200 && status < 300) return undefined;
  if (status === 429) return 'rate_limited';
  if (status === 403 && asksToWait) return 'refused_for_now';
  if (OVERLOADED.has(status) && asksToWait) return 'overloaded';
  if (status === 401 || status === 403) return 'credentials';
  if (status === 302 || status === 303) return 'moved_or_done';
  if (status >= 300 && status < 400) return 'moved';
  if (NOT_TAKEN.has(status)) return 'not_taken';
  if (status >= 400 && status < 500) return 'refused';
  // A status below 200 as the last word is as good as one that does not exist: the other side is broken.
  return GATEWAY.has(status) ? 'gateway' : 'failed_inside';
};

export type Told = {
  readonly fault: Fault;
  readonly phase: Phase;
  /** What was asked: method, label and system. */
  readonly subject: string;
  /** What came of it, with no record value and no secret. */
  readonly seen: string;
  /** What to correct, where that is known. */
  readonly advice?: string;
  readonly status?: number;
  /** What the system asked for; used for those faults that ask. */
  readonly retryAfterMs?: number;
};

const RETRY_AFTER_UNASKED_MS = 30_000;

const toRetry = ({ fault, subject, seen, retryAfterMs = RETRY_AFTER_UNASKED_MS }: Told): SystemFailure => {
  switch (fault) {
    case 'rate_limited':
    case 'refused_for_now':
    case 'overloaded':
      return {
        kind: 'throttled',
        retryAfterMs,
        reason: `Cannot ${subject}: ${seen}, asked to wait ${Math.ceil(retryAfterMs / 1000)} s`,
      };
    case 'unreadable':
      return { kind: 'malformed', reason: `Cannot ${subject}: ${seen}` };
    case 'credentials':
    case 'moved':
    case 'moved_or_done':
    case 'refused':
    case 'not_taken':
    case 'gateway':
    case 'failed_inside':
    case 'deferred':
    case 'no_answer':
      return { kind: 'unavailable', reason: `Cannot ${subject}: ${seen}` };
  }
};

/** The failure that a fault is, by the table of dispositions. */
export const failureOf = (told: Told): SystemFailure => {
  const { fault, phase, subject, seen, advice, status = 0 } = told;
  const disposition = dispositions[fault][phase];
  const reason = `Cannot ${subject}: ${seen}${advice === undefined ? '' : `; ${advice}`}`;
  switch (disposition) {
    case 'retry':
    case 'throttle':
      return toRetry(told);
    case 'stop':
      return { kind: 'unauthorized', reason };
    case 'give_up':
      return { kind: 'rejected', status, reason };
    case 'read_back':
    case 'read_back_later':
      return {
        kind: 'unknown',
        answered: disposition === 'read_back',
        reason: `Cannot tell what became of ${subject}: ${seen}`,
      };
  }
};

/** The row of the table that a failure stands for. */
const faultOf = (failure: SystemFailure): Fault => {
  switch (failure.kind) {
    case 'throttled':
      return 'rate_limited';
    case 'unavailable':
      return 'no_answer';
    case 'unauthorized':
      return 'credentials';
    case 'rejected':
      return 'refused';
    case 'malformed':
      return 'unreadable';
    case 'unknown':
      return failure.answered ? 'failed_inside' : 'gateway';
  }
};

/**
 * What a failed write says of how far it came: `unavailable` and `malformed` are only said of one that never left, or
 * was certainly not executed.
 */
export const phaseOfWrite = ({ kind }: SystemFailure): Phase =>
  kind === 'unavailable' || kind === 'malformed' ? 'write_before_send' : 'write_after_send';

/** What is done about a failure, by the table. */
export const dispositionOf = (failure: SystemFailure, phase: Phase): Disposition =>
  dispositions[faultOf(failure)][phase];
