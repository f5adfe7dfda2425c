/** Longest reason that the store takes. */
export const REASON_CHARS_MAX = 1000;

/**
 * A reason as the store takes it: cut to `charsMax`, without NUL and without half a character, which PostgreSQL would
 * refuse together with all that is stored beside it.
 */
export const storableReason = (reason: string, charsMax: number = REASON_CHARS_MAX): string =>
  reason.slice(0, charsMax).toWellFormed().replaceAll('\0', ' ');
