import { secretNames, type SystemAuth } from '../../core/contract/system-auth.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Fault } from '../../core/retry/dispositions.ts';
import { failureOf, faultOfStatus } from '../../core/retry/fault.ts';
import { retryAfterMs } from '../../core/retry/retry-after.ts';
import type { SystemFailure } from '../../core/system/failure.ts';

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
  const { subject, isWrite, status, headers, nowMs, body } = refused;
  const fault = faultOfStatus(status, headers.has('retry-after')) ?? 'unreadable';
  const advice = adviceOn(fault, refused);
  return failureOf({
    fault,
    phase: isWrite ? 'write_after_send' : 'read',
    subject,
    seen: `status ${status}${refused.code === undefined ? '' : ` (${refused.code})`}`,
    status,
    retryAfterMs: retryAfterMs({ header: (name) => headers.get(name), nowMs, body }),
    ...(advice === undefined ? {} : { advice }),
  });
};

const adviceOn = (fault: Fault, { auth, status }: Refused): string | undefined => {
  if (fault === 'credentials') return adviceOnSecrets(auth);
  const isRedirect = (fault === 'moved' || fault === 'moved_or_done') && status !== 300 && status !== 304;
  // It would carry credentials to wherever it points, and turn a POST into a GET.
  return isRedirect ? 'redirects are not followed, so correct the base URL or the path' : undefined;
};

/** What to correct where credentials were refused. */
export const adviceOnSecrets = (auth: SystemAuth): string => {
  const names = secretNames(auth).map((name) => `"${name}"`);
  return names.length === 0
    ? 'the contract names no secret for this system'
    : `check the secret in the environment variable ${names.join(' and ')}, and what it is allowed to do`;
};
