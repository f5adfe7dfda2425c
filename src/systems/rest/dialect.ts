import { answerAt } from '../../core/answer-path.ts';
import type { Condition, Errors, Matcher } from '../../core/contract/rest/answers.ts';
import type { JsonValue } from '../../core/json.ts';
import { failureOf } from '../../core/retry/fault.ts';
import { askedWaitMs, retryAfterMs } from '../../core/retry/retry-after.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import type { Answer } from '../http/http.ts';
import { scalarText } from '../row-reader.ts';

/** A code that may be shown: no value of a record looks like one and is let through for it. */
const CODE = /^[A-Za-z][\w.:-]{1,59}$|^\d{1,9}$|^0x[\dA-Fa-f]{1,8}$/;

/** True where something is said at the path of a condition, or what it asks for. */
export const holds = (condition: Condition, json: JsonValue | undefined): boolean => {
  const value = answerAt(json, condition.at);
  if (condition.is !== undefined) return value === condition.is;
  if (condition.begins !== undefined) return typeof value === 'string' && value.startsWith(condition.begins);
  if (value === undefined || value === null || value === false || value === '') return false;
  return !(Array.isArray(value) && value.length === 0);
};

/** A code at a path, if it looks like one. */
export const codeIn = (json: JsonValue | undefined, path: string): string | undefined => {
  const code = scalarText(answerAt(json, path));
  return code !== undefined && CODE.test(code) ? code : undefined;
};

/** The API's own code in an answer, from the first path that has one. */
export const codeOf = (errors: Errors | undefined, json: JsonValue | undefined): string | undefined =>
  errors?.codeAt.map((path) => codeIn(json, path)).find((code) => code !== undefined);

/** What a code says of one record, by the tables of the contract. */
export const meaningOf = (errors: Errors | undefined, told: ErrorTold): Meaning | undefined =>
  errors === undefined ? undefined : MEANINGS.find((meaning) => errors[meaning].some((one) => isMatch(one, told)));

/** `on` is the kind of write that was answered; reads have none. */
type ErrorTold = { readonly status: number; readonly code: string | undefined; readonly on: Matcher['on'] };

export type Meaning = 'refused' | 'throttled' | 'several' | 'conflict' | 'missing' | 'tokenExpired';
const MEANINGS: readonly Meaning[] = ['refused', 'throttled', 'several', 'conflict', 'missing', 'tokenExpired'];

const isMatch = (matcher: Matcher, { status, code, on }: ErrorTold): boolean =>
  (matcher.status === undefined || matcher.status === status) &&
  (matcher.code === undefined || matcher.code === code) &&
  (matcher.on === undefined || matcher.on === on);

/**
 * Judges an answer by what the contract says of its errors; undefined leaves it to its status.
 *
 * An answer with a status of 2xx is a failure only where the contract names a place that says so.
 */
export const judgeDialect = (
  errors: Errors | undefined,
  answer: Answer,
  on?: Matcher['on'],
): SystemFailure | undefined => {
  if (errors === undefined) return undefined;
  const { status, json, subject, isWrite } = answer;
  const isRefusal = errors.refusedWhen.some((one) => holds(one, json));
  const isFailure = errors.failedWhen.some((one) => holds(one, json));
  if (status >= 200 && status < 300 && !isRefusal && !isFailure) return undefined;
  const code = codeOf(errors, json);
  const seen = `status ${status}${code === undefined ? '' : ` (${code})`}`;
  const meaning = meaningOf(errors, { status, code, on });
  if (meaning !== undefined) return failureMeant(errors, meaning, answer, seen);
  if (status < 200 || status >= 300) return undefined;
  if (isFailure && !isRefusal) {
    const phase = isWrite ? 'write_after_send' : 'read';
    return failureOf({ fault: 'failed_inside', phase, subject, seen: `${seen} with an error in its body` });
  }
  return { kind: 'rejected', status, reason: `Cannot ${subject}: ${seen} refuses in its body` };
};

const failureMeant = (errors: Errors, meaning: Meaning, answer: Answer, seen: string): SystemFailure => {
  const { status, subject, isWrite } = answer;
  switch (meaning) {
    case 'refused':
      return { kind: 'rejected', status, reason: `Cannot ${subject}: ${seen} refuses` };
    case 'throttled':
      return failureOf({
        fault: 'rate_limited',
        phase: isWrite ? 'write_after_send' : 'read',
        subject,
        seen,
        retryAfterMs: waitMs(errors, answer),
      });
    case 'several':
      return {
        kind: 'rejected',
        status,
        because: 'several_matches',
        reason: `Cannot ${subject}: ${seen}, several records match; merge them, then replay`,
      };
    case 'conflict':
      return {
        kind: 'rejected',
        status,
        because: 'conflict',
        reason: `Cannot ${subject}: ${seen}, another version of the record is there`,
      };
    case 'missing':
      return { kind: 'rejected', status, because: 'missing', reason: `Cannot ${subject}: ${seen}, no such record` };
    case 'tokenExpired':
      return { kind: 'rejected', status, reason: `Cannot ${subject}: ${seen}, the page token is no longer good` };
  }
};

const waitMs = ({ retryAfterAt, retryAfterSeconds, refill }: Errors, { headers, nowMs, json }: Answer): number => {
  const said = retryAfterAt === undefined ? undefined : Number(answerAt(json, retryAfterAt) ?? Number.NaN);
  const asked = { header: (name: string) => headers.get(name), nowMs, body: json };
  const bodyMs = said !== undefined && Number.isFinite(said) && said >= 0 ? said * 1000 : undefined;
  const fixedMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
  const wished = askedWaitMs(asked) ?? bodyMs ?? refillMs(refill, json) ?? fixedMs;
  return wished === undefined
    ? retryAfterMs(asked)
    : retryAfterMs({ ...asked, header: (name) => (name === 'retry-after' ? String(Math.ceil(wished / 1000)) : null) });
};

/** How long until a bucket that grows again holds what the request needs. */
const refillMs = (refill: Errors['refill'], json: JsonValue | undefined): number | undefined => {
  if (refill === undefined) return undefined;
  const [needed, available, perSecond] = [refill.neededAt, refill.availableAt, refill.perSecondAt].map((path) =>
    Number(scalarText(answerAt(json, path))),
  );
  if (needed === undefined || available === undefined || perSecond === undefined || !(perSecond > 0)) return undefined;
  const waitSeconds = (needed - available) / perSecond;
  return Number.isFinite(waitSeconds) ? Math.max(waitSeconds, 0) * 1000 : undefined;
};
