import { failureOf } from '../../core/retry/fault.ts';
import type { SystemFailure } from '../../core/system/failure.ts';

type Broken = {
  /** What was asked: method, label and system. */
  readonly subject: string;
  readonly isWrite: boolean;
  readonly timeoutMs: number;
  readonly error: unknown;
};

/**
 * Judges a request that got no answer. Only the code of the error is shown: its message may quote a header or a URL.
 *
 * A write is `unavailable` only when the error itself says that no connection was made; everything else, a time-out
 * of ours included, may have reached the system.
 */
export const judgeError = ({ subject, isWrite, timeoutMs, error }: Broken): SystemFailure => {
  const seen = seenOf(error, timeoutMs);
  const writePhase = wasNeverConnected(error) ? 'write_before_send' : 'write_after_send';
  return failureOf({ fault: 'no_answer', phase: isWrite ? writePhase : 'read', subject, seen });
};

/** What is told of a request that got no answer: that it timed out, or the code of what broke. */
export const seenOf = (error: unknown, timeoutMs: number): string =>
  isTimeout(error) ? `no answer within ${timeoutMs} ms` : `the connection failed (${codeOf(error)})`;

const CONNECTING = new Set(['connect', 'getaddrinfo']);
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
const CAUSES_MAX = 5;

/** True for the error of our own time-out. */
export const isTimeout = (error: unknown): boolean =>
  chainOf(error).some((one) => textOf(one, 'name') === 'TimeoutError');

/**
 * The error and what caused it, outermost first: fetch hides the error of the socket in `cause`. Told by their members
 * and not by `instanceof`, for the fetch that is handed in may live in another realm with an Error of its own.
 */
const chainOf = (error: unknown): readonly object[] => {
  const chain: object[] = [];
  let next = error;
  while (typeof next === 'object' && next !== null && chain.length < CAUSES_MAX) {
    chain.push(next);
    next = Reflect.get(next, 'cause');
  }
  return chain;
};

const textOf = (error: object, key: 'name' | 'code' | 'syscall'): string | undefined => {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
};

const wasNeverConnected = (error: unknown): boolean =>
  chainOf(error).some((one) => {
    const attempts: unknown = Reflect.get(one, 'errors');
    // Several addresses were tried: the request left if any attempt got further than connecting.
    if (Array.isArray(attempts) && attempts.length > 0) return attempts.every(wasNeverConnected);
    return NEVER_CONNECTED.has(textOf(one, 'code') ?? '') || CONNECTING.has(textOf(one, 'syscall') ?? '');
  });

const codeOf = (error: unknown): string => {
  const codes = chainOf(error).map((one) => textOf(one, 'code'));
  return codes.findLast((code) => code !== undefined && /^[A-Z0-9_]{2,60}$/.test(code)) ?? 'no code given';
};
