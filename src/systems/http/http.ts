import type { SystemContract } from '../../core/contract/system-contract.ts';
import type { JsonValue } from '../../core/json.ts';
import { failureOf } from '../../core/retry/fault.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { allowedUrl, baseOf } from './address.ts';
import { authHeaders } from './auth-headers.ts';
import { judgeBody } from './judge-body.ts';
import { judgeError } from './judge-error.ts';
import { judgeStatus } from './judge-status.ts';
import { discardBody, readBody } from './read-body.ts';
import { startTimeLimit } from './time-limit.ts';

export type HttpSystem = Pick<SystemContract, 'name' | 'baseUrl' | 'allowPrivateHosts' | 'auth' | 'limits'>;

export type HttpPorts = {
  readonly system: HttpSystem;
  /** Reads a named secret from the environment where the code runs. */
  readonly secret: (name: string) => string | undefined;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Takes a code, and no record value, out of the body of a refusal. */
  readonly errorCode?: (body: JsonValue) => string | undefined;
  /** Judges answers to requests that have no judge of their own. */
  readonly judge?: (answer: Answer) => SystemFailure | undefined;
};

export type HttpRequest = {
  /** Anything but GET is a write, unless `isRead` says otherwise: what became of it may be `unknown`. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** A path under the base URL, already percent-encoded, or the URL of a next page. */
  readonly to: { readonly path: string } | { readonly url: string };
  /** The path as reasons show it, with {placeholders} where record values stand. */
  readonly label: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonValue;
  /** Sent as a form in the place of `body`. */
  readonly form?: readonly (readonly [name: string, value: string])[];
  /** The request changes nothing, whatever its method. */
  readonly isRead?: boolean;
  /** Judges an answer before its status does; undefined leaves it to the status. */
  readonly judge?: (answer: Answer) => SystemFailure | undefined;
  /** Statuses outside 2xx that the caller reads itself, whatever their body. */
  readonly answers?: readonly number[];
};

/** An answer as a dialect of the API judges it. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly json: JsonValue | undefined;
  /** What was asked: method, label and system. */
  readonly subject: string;
  readonly isWrite: boolean;
  readonly nowMs: number;
};

export type HttpReply =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly headers: Headers;
      /** What was asked, to resolve links in the answer against. */
      readonly href: string;
      /** Undefined for an empty body, which only a write may have, and for a body under `answers` that is not JSON. */
      readonly json: JsonValue | undefined;
    }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

export type Http = { readonly request: (request: HttpRequest) => Promise<HttpReply> };

/**
 * The one way out: every request to a system is made here.
 *
 * A request goes to the host of the base URL only, carries the system's credentials, is timed and bounded, follows no
 * redirect, and comes back as parsed JSON or as a `SystemFailure`. Nothing is tried twice.
 *
 * @throws when the base URL is plain http or in a private network without `allowPrivateHosts`: contracts are checked
 *   for that before they are taken
 */
export const createHttp = ({ system, secret, fetch, now, errorCode, judge: common }: HttpPorts): Http => {
  const base = baseOf(system);
  const { timeoutMs, responseBytesMax } = system.limits;

  const exchange = async (wanted: HttpRequest, asked: Asked, init: RequestInit): Promise<HttpReply> => {
    const { subject, isWrite, href } = asked;
    let response: Response;
    try {
      response = await fetch(href, init);
    } catch (error) {
      return failed(judgeError({ subject, isWrite, timeoutMs, error }));
    }
    const { status, headers } = response;
    const isAnswer = wanted.answers?.includes(status) === true;
    const judge = (json: JsonValue | undefined): SystemFailure | undefined =>
      (wanted.judge ?? common)?.({ status, headers, json, subject, isWrite, nowMs: now() });
    if (status < 200 || (status < 400 && status >= 300)) {
      await discardBody(response);
      const meant = judge(undefined);
      if (meant !== undefined) return failed(meant);
      return isAnswer
        ? { kind: 'response', status, headers, href, json: undefined }
        : failed(judgeStatus({ subject, isWrite, status, headers, nowMs: now(), auth: system.auth, body: undefined }));
    }
    const body = await readBody(response, responseBytesMax);
    const json = body.kind === 'json' ? body.value : undefined;
    const meant = judge(json);
    if (meant !== undefined) return failed(meant);
    if (isAnswer) return { kind: 'response', status, headers, href, json };
    if (status < 300) {
      const failure = judgeBody({ subject, isWrite, timeoutMs, response, body });
      return failure === undefined ? { kind: 'response', status, headers, href, json } : failed(failure);
    }
    const code = json === undefined ? undefined : errorCode?.(json);
    const known = { subject, isWrite, status, headers, nowMs: now(), auth: system.auth, body: json };
    return failed(judgeStatus(code === undefined ? known : { ...known, code }));
  };

  const request = async (wanted: HttpRequest): Promise<HttpReply> => {
    const subject = `${wanted.method} ${wanted.label} of system "${system.name}"`;
    const isWrite = wanted.method !== 'GET' && wanted.isRead !== true;
    const phase = isWrite ? 'write_before_send' : 'read';
    const url = allowedUrl(base, wanted);
    if (url.kind === 'refused') return failed(failureOf({ fault: 'unreadable', phase, subject, seen: url.reason }));
    const auth = authHeaders(system.auth, secret);
    if (auth.kind === 'missing') return failed(failureOf({ fault: 'credentials', phase, subject, seen: auth.reason }));
    // One limit for connecting, headers and body: a server that sends a byte a minute is cut off too.
    const limit = startTimeLimit(timeoutMs);
    try {
      const init = { ...initOf(wanted, auth.headers), redirect: 'manual', signal: limit.signal } as const;
      return await exchange(wanted, { subject, isWrite, href: url.href }, init);
    } finally {
      limit.end();
    }
  };
  return { request };
};

/** A request as it goes out: `subject` names method, label and system. */
type Asked = { readonly subject: string; readonly isWrite: boolean; readonly href: string };

const failed = (failure: SystemFailure): HttpReply => ({ kind: 'failed', failure });

const encoder = new TextEncoder();

const initOf = (request: HttpRequest, auth: Readonly<Record<string, string>>): RequestInit => {
  const { method, headers, body, form } = request;
  const common = { 'user-agent': 'Tidemark', accept: 'application/json', ...headers, ...auth };
  if (form !== undefined) {
    const text = new URLSearchParams(
      form.map(([name, value]): [string, string] => [name, value.toWellFormed()]),
    ).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method, headers: { ...type, ...common }, body: encoder.encode(text) };
  }
  if (body === undefined) return { method, headers: common };
  // Bytes, because a client that sees text may take {{braces}} in it for a template of its own.
  return {
    method,
    headers: { 'content-type': 'application/json', ...common },
    body: encoder.encode(JSON.stringify(body)),
  };
};
