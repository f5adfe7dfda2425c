import { isJsonObject, type JsonValue } from '../../core/json.ts';

/** Waited when the system does not say how long; Airtable, for one, asks for 30 s in its manual only. */
const RETRY_AFTER_DEFAULT_MS = 30_000;
/** The longest that a system may ask for: beyond it, it is asked again. */
const RETRY_AFTER_MAX_MS = 15 * 60_000;
const RETRY_AFTER_MIN_MS = 1000;

type Throttled = { readonly headers: Headers; readonly nowMs: number; readonly body: JsonValue | undefined };

/**
 * How long a throttled request has to wait, in milliseconds, from the first place that says so: `Retry-After` in
 * seconds or as a date, `RateLimit` (`r=0;t=58`, or `reset=58`), the reset headers in use, the body.
 * Source: RFC 9110 section 10.2.3; draft-ietf-httpapi-ratelimit-headers.
 */
export const retryAfterMs = ({ headers, nowMs, body }: Throttled): number => {
  const waitMs =
    fromRetryAfter(headers.get('retry-after'), nowMs) ??
    fromRateLimit(headers.get('ratelimit')) ??
    fromReset(
      RESET_HEADERS.map((name) => headers.get(name)).find((value) => value !== null),
      nowMs,
    ) ??
    fromBody(body) ??
    RETRY_AFTER_DEFAULT_MS;
  return Math.min(Math.max(waitMs, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);
};

const RESET_HEADERS = ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset', 'x-ratelimit-reset-after'];
const SECONDS = /^\s*\d{1,15}(?:\.\d+)?\s*$/;
// A number this large is a time, not a wait: 2001 in seconds, and in milliseconds from 10^12 on.
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MS_MIN = 1e12;

const fromRetryAfter = (value: string | null, nowMs: number): number | undefined => {
  if (value === null) return undefined;
  if (SECONDS.test(value)) return Math.ceil(Number(value) * 1000);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at - nowMs;
};

const fromRateLimit = (value: string | null): number | undefined => {
  const seconds = /(?:^|[;,\s])(?:t|reset)\s*=\s*(\d{1,9})/i.exec(value ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
};

const fromReset = (value: string | null | undefined, nowMs: number): number | undefined => {
  if (value === null || value === undefined || !SECONDS.test(value)) return undefined;
  const number = Number(value);
  if (number >= EPOCH_MS_MIN) return number - nowMs;
  return number >= EPOCH_SECONDS_MIN ? number * 1000 - nowMs : number * 1000;
};

const fromBody = (body: JsonValue | undefined): number | undefined => {
  if (!isJsonObject(body)) return undefined;
  const error = body['error'];
  for (const place of [body, isJsonObject(error) ? error : {}]) {
    const seconds = place['retry_after'] ?? place['retryAfter'];
    if (typeof seconds === 'number' && seconds >= 0) return Math.ceil(seconds * 1000);
  }
  return undefined;
};
