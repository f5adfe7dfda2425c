import type { SystemAuth } from '../../core/contract/system-contract.ts';
import type { JsonValue } from '../../core/json.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { secretNames } from './auth-headers.ts';
import { retryAfterMs } from './retry-after.ts';

type Refused = {
  /** What was asked: method, label and system. */
  readonly subject: string;
  readonly isWrite: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly nowMs: number;
  readonly auth: SystemAuth;
  /** Read for a time to wait only, never shown. */
  readonly body: JsonValue | undefined;
  /** The system's own code for what was wrong. */
  readonly code?: string;
};

/** What a status outside 2xx means for the one who asked. */
export const judgeStatus = (refused: Refused): SystemFailure => {
  const { subject, isWrite, status, headers } = refused;
  const reason = `Cannot ${subject}: status ${status}${refused.code === undefined ? '' : ` (${refused.code})`}`;
  if (isThrottle(status, headers, isWrite)) {
    const waitMs = retryAfterMs(refused);
    return {
      kind: 'throttled',
      retryAfterMs: waitMs,
      reason: `${reason}, asked to wait ${Math.ceil(waitMs / 1000)} s`,
    };
  }
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason: `${reason}; ${adviceOn(refused.auth)}` };
  if (status >= 300 && status < 400) return judgeRedirect(refused, reason);
  if (status >= 400 && status < 500 && !TRANSIENT_4XX.has(status)) return { kind: 'rejected', status, reason };
  if (!isWrite) return { kind: 'unavailable', reason };
  return {
    kind: 'unknown',
    answered: !GATEWAY.has(status),
    reason: `Cannot tell what became of ${subject}: status ${status}`,
  };
};

// 408: the server tired of waiting for the request. 425: it will not risk one that may be a replay.
const TRANSIENT_4XX = new Set([408, 425]);
// Sent by what stands before the system, which may still be at work; 520 to 527 are Cloudflare's.
const GATEWAY = new Set([408, 425, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527]);
// Some APIs refuse for load with 403; 529 is an unregistered "overloaded". Only a time to wait tells them apart.
const THROTTLE_WITH_TIME = new Set([403, 503, 529]);

// Of a write only 429 says that it was not executed: the others may come from a gateway whose system is at work on it.
const isThrottle = (status: number, headers: Headers, isWrite: boolean): boolean =>
  status === 429 || (!isWrite && THROTTLE_WITH_TIME.has(status) && headers.has('retry-after'));

const adviceOn = (auth: SystemAuth): string => {
  const names = secretNames(auth).map((name) => `"${name}"`);
  return names.length === 0
    ? 'the contract names no secret for this system'
    : `check the secret in the environment variable ${names.join(' and ')}, and what it is allowed to do`;
};

/**
 * A redirect is never followed: it would carry credentials to wherever it points, and turn a POST into a GET.
 * After a write 302 and 303 may also mean "done, look there"; the others come before anything is executed.
 */
const judgeRedirect = ({ subject, isWrite, status }: Refused, reason: string): SystemFailure => {
  if (isWrite && (status === 302 || status === 303)) {
    return {
      kind: 'unknown',
      answered: true,
      reason: `Cannot tell what became of ${subject}: status ${status} redirects elsewhere`,
    };
  }
  const advice =
    status === 300 || status === 304 ? '' : '; redirects are not followed, so correct the base URL or the path';
  return { kind: 'rejected', status, reason: `${reason}${advice}` };
};
