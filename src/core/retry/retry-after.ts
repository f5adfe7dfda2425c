import { instantToMs, parseInstant } from '../instant.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import { parseHttpDate } from './http-date.ts';
import { rateLimitWaitMs } from './rate-limit.ts';

/** Waited when the system does not say how long; Airtable, for one, asks for 30 s in its manual only. */
const RETRY_AFTER_DEFAULT_MS = 30_000;
/** The longest that a system may ask for: beyond it, it is asked again. */
const RETRY_AFTER_MAX_MS = 15 * 60_000;
const RETRY_AFTER_MIN_MS = 1000;

/** An answer that asks to wait. */
export type AskedToWait = {
  /** A header by its name in lower case; null when it is not there. */
  readonly header: (name: string) => string | null;
  readonly nowMs: number;
  readonly body: JsonValue | undefined;
};

/**
 * How long a throttled request has to wait, in milliseconds, within 1 s and 15 min; 30 s when the answer does not say.
 */
export const retryAfterMs = (answer: AskedToWait): number =>
  Math.min(Math.max(askedWaitMs(answer) ?? RETRY_AFTER_DEFAULT_MS, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);

/**
 * How long an answer asks to wait, in milliseconds, from the first place that says so in a form that can be read:
 * `Retry-After` in seconds or as a date, `RateLimit` with `RateLimit-Policy`, the reset headers in use, the body.
 * Negative for a time that is over; undefined where nothing says so.
 * Source: RFC 9110 section 10.2.3; draft-ietf-httpapi-ratelimit-headers-11.
 */
export const askedWaitMs = ({ header, nowMs, body }: AskedToWait): number | undefined => {
  // Times are taken by the clock that wrote them, where it shows.
  const date = header('date');
  const theirNowMs = (date === null ? undefined : parseHttpDate(date, nowMs)) ?? nowMs;
  return (
    fromRetryAfter(header('retry-after'), theirNowMs) ??
    rateLimitWaitMs(header('ratelimit'), header('ratelimit-policy')) ??
    fromResets(header, theirNowMs) ??
    fromBody(body)
  );
};

const RESET_HEADERS = ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset', 'x-ratelimit-reset-after'];
const SECONDS = /^\s*\d{1,300}(?:\.\d{1,20})?\s*$/;
// A number this large is a time, not a wait: 2001 in seconds, and in milliseconds from 10^12 on.
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MS_MIN = 1e12;

const fromRetryAfter = (value: string | null, theirNowMs: number): number | undefined => {
  if (value === null) return undefined;
  if (SECONDS.test(value)) return Math.ceil(Number(value) * 1000);
  const atMs = parseHttpDate(value, theirNowMs);
  return atMs === undefined ? undefined : atMs - theirNowMs;
};

const fromReset = (value: string | null, theirNowMs: number): number | undefined => {
  if (value === null) return undefined;
  if (!SECONDS.test(value)) {
    const at = parseInstant(value);
    const atMs = at === undefined ? parseHttpDate(value, theirNowMs) : instantToMs(at);
    return atMs === undefined ? undefined : atMs - theirNowMs;
  }
  const number = Number(value);
  if (number >= EPOCH_MS_MIN) return number - theirNowMs;
  return Math.ceil(number >= EPOCH_SECONDS_MIN ? number * 1000 - theirNowMs : number * 1000);
};

const fromResets = (header: AskedToWait['header'], theirNowMs: number): number | undefined =>
  RESET_HEADERS.map((name) => fromReset(header(name), theirNowMs)).find((waitMs) => waitMs !== undefined);

const fromBody = (body: JsonValue | undefined): number | undefined => {
  if (!isJsonObject(body)) return undefined;
  const error = body['error'];
  for (const place of [body, isJsonObject(error) ? error : {}]) {
    const seconds = place['retry_after'] ?? place['retryAfter'];
    if (typeof seconds === 'number' && seconds >= 0) return Math.ceil(seconds * 1000);
  }
  return undefined;
};
