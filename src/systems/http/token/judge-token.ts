import type { TokenAuth } from '../../../core/contract/system-auth.ts';
import { isJsonObject, type JsonObject } from '../../../core/json.ts';
import { faultOfStatus, type Told } from '../../../core/retry/fault.ts';
import { parseHttpDate } from '../../../core/retry/http-date.ts';
import { retryAfterMs } from '../../../core/retry/retry-after.ts';
import { seenOfBody, troubleOf } from '../judge-body.ts';
import { adviceOnSecrets } from '../judge-status.ts';
import type { Body } from '../read-body.ts';
import type { TokenReply } from './token-cache.ts';

/** Why there is no token, with nothing secret in it. */
export type TokenFault = Pick<Told, 'fault' | 'seen' | 'advice' | 'retryAfterMs'>;

type Answered = {
  readonly auth: TokenAuth;
  readonly response: Response;
  readonly body: Body;
  /** When the token was asked for: its life is counted from there. */
  readonly askedAtMs: number;
  /** The refresh token that was used. */
  readonly refreshToken: string | undefined;
};

/** Salesforce and others do not say how long a token lives. One that ends sooner is renewed when it is refused. */
export const LIFE_UNSTATED_MS = 5 * 60_000;
const LIFE_MAX_MS = 24 * 3_600_000;
const MARGIN_MAX_MS = 60_000;
const MARGIN_SHARE = 0.1;
/** Longer ones would not fit into the headers that servers take. */
const TOKEN = /^[\x21-\x7E]{1,12000}$/;
const CLOCK_OFF_MS = 60_000;

// RFC 6749 section 5.2, RFC 8707, RFC 6750. Nothing else of a refusal is shown: its text may quote what was sent.
const CODES = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_client_id',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  'temporarily_unavailable',
  'server_error',
]);
const PASSING = new Set(['temporarily_unavailable', 'server_error']);

/** What a token endpoint's answer comes to. */
export const judgeToken = (answered: Answered): TokenReply => {
  const { auth, response, body, askedAtMs, refreshToken } = answered;
  const { status } = response;
  const json = body.kind === 'json' && isJsonObject(body.value) ? body.value : undefined;
  const code = codeOf(json);
  if (status < 200 || status > 299 || status === 202 || code !== undefined) return judgeRefusal(answered, code);
  const token = json?.['access_token'];
  if (json === undefined || typeof token !== 'string' || !TOKEN.test(token)) {
    const trouble = troubleOf(body, false) ?? 'no access_token in it that a header can carry';
    return failed({ fault: 'unreadable', seen: told(auth, seenOfBody(response, trouble)) });
  }
  const type = json['token_type'];
  if (typeof type === 'string' && !/^(?:bearer|n_a)$/i.test(type)) {
    return failed({ fault: 'credentials', seen: told(auth, 'the one it gave is no bearer token') });
  }
  const next = json['refresh_token'];
  if (refreshToken !== undefined && typeof next === 'string' && next !== '' && next !== refreshToken) {
    return failed({
      fault: 'credentials',
      seen: told(auth, 'it gave a new refresh token in the place of the one used, and Tidemark cannot keep it'),
      advice: 'switch rotation of refresh tokens off for this client and set a new one, or use client credentials',
    });
  }
  return { kind: 'token', token, endsAtMs: askedAtMs + usedForMs(json['expires_in']) };
};

const failed = (fault: TokenFault): TokenReply => ({ kind: 'failed', told: fault });

/** What came in the place of a token, and from where. */
export const told = (auth: TokenAuth, what: string): string =>
  `no token from "${new URL(auth.tokenUrl).host}": ${what}`;

const codeOf = (json: JsonObject | undefined): string | undefined => {
  const code = json?.['error'];
  return typeof code === 'string' && CODES.has(code) ? code : undefined;
};

const usedForMs = (expiresIn: unknown): number => {
  const isStated = typeof expiresIn === 'number' || (typeof expiresIn === 'string' && /^\d{1,9}$/.test(expiresIn));
  const lifeMs = isStated ? Math.min(Number(expiresIn) * 1000, LIFE_MAX_MS) : LIFE_UNSTATED_MS;
  return lifeMs - Math.min(MARGIN_MAX_MS, lifeMs * MARGIN_SHARE);
};

const judgeRefusal = ({ auth, response, body, askedAtMs }: Answered, code: string | undefined): TokenReply => {
  const { status, headers } = response;
  const seen = told(auth, `status ${status}${code === undefined ? '' : ` (${code})`}`);
  if (code !== undefined && PASSING.has(code)) return failed({ fault: 'failed_inside', seen });
  const fault = faultOfStatus(status, headers.has('retry-after')) ?? 'credentials';
  switch (fault) {
    case 'moved':
    case 'moved_or_done':
      return failed({
        fault: 'credentials',
        seen,
        advice: 'redirects are not followed, so correct auth.tokenUrl',
      });
    // Every other request would fail the same way, whichever of the codes it is.
    case 'credentials':
    case 'refused': {
      const advice = adviceOnCode(code) ?? clockAdvice(auth, headers, askedAtMs) ?? adviceOnSecrets(auth);
      return failed({ fault: 'credentials', seen, advice });
    }
    case 'rate_limited':
    case 'refused_for_now':
    case 'overloaded': {
      const json = body.kind === 'json' ? body.value : undefined;
      const waitMs = retryAfterMs({ header: (name) => headers.get(name), nowMs: askedAtMs, body: json });
      return failed({ fault, seen, retryAfterMs: waitMs });
    }
    case 'not_taken':
    case 'gateway':
    case 'failed_inside':
    case 'deferred':
    case 'unreadable':
    case 'no_answer':
      return failed({ fault, seen });
  }
};

const adviceOnCode = (code: string | undefined): string | undefined => {
  if (code === 'invalid_scope') return 'correct auth.scope, or what the client may ask for';
  return code === 'invalid_target' ? 'correct auth.resource or auth.audience' : undefined;
};

/** An assertion is dated: one from a clock that is wrong is refused whatever key signed it. */
const clockAdvice = (auth: TokenAuth, headers: Headers, nowMs: number): string | undefined => {
  const date = headers.get('date');
  const theirsMs = date === null ? undefined : parseHttpDate(date, nowMs);
  if (!('keySecret' in auth) || theirsMs === undefined || Math.abs(theirsMs - nowMs) < CLOCK_OFF_MS) return undefined;
  const seconds = Math.round(Math.abs(theirsMs - nowMs) / 1000);
  return `the clock here is ${seconds} s ${theirsMs > nowMs ? 'behind' : 'ahead of'} that of the server; set it right`;
};
