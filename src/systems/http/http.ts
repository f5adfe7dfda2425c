import type { JsonValue } from '../../core/json.ts';
import { failureOf } from '../../core/retry/fault.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { allowedUrl, baseOf } from './address.ts';
import { createHostCheck, type Lookup } from './host-check.ts';
import { judgeBody } from './judge-body.ts';
import { judgeStatus } from './judge-status.ts';
import { discardBody, readBody } from './read-body.ts';
import { type Outgoing, sendRequest, type SendPorts } from './send-request.ts';
import { startTimeLimit } from './time-limit.ts';

export type HttpPorts = Omit<SendPorts, 'isPrivate' | 'hostname'> & {
  /** Resolves host names, to refuse those that lead into a private network. */
  readonly lookup: Lookup;
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
export const createHttp = ({ errorCode, lookup, judge: common, ...given }: HttpPorts): Http => {
  const { system, now } = given;
  const base = baseOf(system);
  const ports = { ...given, hostname: base.hostname, isPrivate: createHostCheck(lookup, now) };
  const { timeoutMs, responseBytesMax } = system.limits;

  const exchange = async (wanted: HttpRequest, outgoing: Outgoing): Promise<HttpReply> => {
    const { subject, isWrite, href } = outgoing;
    const sent = await sendRequest(ports, outgoing);
    if (sent.kind === 'failed') return sent;
    const { response } = sent;
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
    // One limit for a token, connecting, headers and body: a server that sends a byte a minute is cut off too.
    const limit = startTimeLimit(timeoutMs);
    try {
      return await exchange(wanted, { subject, isWrite, href: url.href, init: initOf(wanted), signal: limit.signal });
    } finally {
      limit.end();
    }
  };
  return { request };
};

const failed = (failure: SystemFailure): HttpReply => ({ kind: 'failed', failure });

const encoder = new TextEncoder();

const initOf = ({ method, headers, body, form }: HttpRequest): Outgoing['init'] => {
  const common = { 'user-agent': 'Tidemark', accept: 'application/json', ...headers };
  if (form !== undefined) {
    const text = new URLSearchParams(
      form.map(([name, value]): [string, string] => [name, value.toWellFormed()]),
    ).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method, headers: { ...type, ...common }, body: encoder.encode(text) };
  }
  if (body === undefined) return { method, headers: common };
  // Bytes, because a client that sees text may take {{braces}} in it for a template of its own.
  const bytes = encoder.encode(JSON.stringify(body));
  return { method, headers: { 'content-type': 'application/json', ...common }, body: bytes };
};
