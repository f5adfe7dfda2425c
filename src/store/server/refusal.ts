import { z } from 'zod';
import type { ProblemKind } from '../../core/protocol/problem.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import {
  DatabaseBusyError,
  DatabaseUnavailableError,
  TransactionConflictError,
} from '../sql/database/database-error.ts';
import { sqlState } from '../sql/database/error-facts.ts';
import { InvalidRequest, type RequestFault } from './invalid-request.ts';

/** What the caller is told instead of a reply. */
export type Refusal = {
  readonly kind: ProblemKind;
  readonly detail: string;
  readonly faults: readonly RequestFault[];
  /** How its cause is logged; `none` for what is the caller's own doing. */
  readonly severity: 'none' | 'warn' | 'error';
};

const httpError = z.object({ code: z.string(), statusCode: z.int() });

const TOO_LARGE = 413;
const wordsFor: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body must be JSON, sent with content-type: application/json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as its content-length says',
  FST_ERR_BAD_URL: 'The path is not a valid URL path',
};

// Classes of SQLSTATE that say the server could not work, and nothing about the statement: connection lost, transaction
// rolled back for another's sake, out of resources, stopped by an operator. The operation may simply be repeated.
const PASSING_STATE = /^(?:08|40|53|57)/;

const refusal = (kind: ProblemKind, detail: string, severity: Refusal['severity'] = 'none'): Refusal => ({
  kind,
  detail,
  faults: [],
  severity,
});

const fromHttp = (error: unknown, requestBytesMax: number): Refusal | undefined => {
  const { code, statusCode } = httpError.safeParse(error).data ?? { code: '', statusCode: 500 };
  if (statusCode === TOO_LARGE) return refusal('too_large', `The body is larger than ${requestBytesMax} bytes`);
  if (statusCode < 400 || statusCode >= 500) return undefined;
  return refusal('invalid_request', wordsFor[code] ?? 'The request could not be read');
};

const isPassing = (error: unknown): boolean =>
  error instanceof DatabaseUnavailableError ||
  error instanceof DatabaseBusyError ||
  error instanceof TransactionConflictError ||
  PASSING_STATE.test(sqlState(error) ?? '');

/**
 * Decides what a failed request is answered with. What nobody foresaw is `internal`: its cause goes to the log under
 * the error ID, and only the ID to the caller.
 */
export const refusalFor = (
  error: unknown,
  context: { readonly errorId: string; readonly requestBytesMax: number },
): Refusal => {
  if (error instanceof InvalidRequest) return { ...refusal('invalid_request', error.message), faults: error.faults };
  if (error instanceof StoreError && error.kind !== 'internal') {
    return refusal(error.kind === 'unreachable' ? 'unavailable' : error.kind, error.message);
  }
  if (isPassing(error)) return refusal('unavailable', 'The database cannot do this right now; try again', 'warn');
  const known = fromHttp(error, context.requestBytesMax);
  return (
    known ?? refusal('internal', `The store failed; its log has the cause under error ID ${context.errorId}`, 'error')
  );
};
