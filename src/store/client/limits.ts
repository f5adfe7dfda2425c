/** One request to the store: it answers in milliseconds, and a page of 12 MB in a few seconds. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** All attempts of one call together, where the caller sets no deadline of its own. */
export const CALL_TIME_MS = 20_000;
/** Largest reply read: a poll's items are bounded to 6 MB, and JSON may escape them. */
export const REPLY_BYTES_MAX = 16 * 1024 * 1024;

export const ATTEMPTS_MAX = 6;
export const WAIT_BASE_MS = 200;
export const WAIT_MS_MAX = 4000;
/** With less than this left an attempt would only be cut off. */
export const ATTEMPT_RESERVE_MS = 500;
/** A store that asks for a longer wait than this is not waited for within a call. */
export const RETRY_AFTER_MS_MAX = 10_000;
