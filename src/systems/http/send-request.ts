import { isTokenAuth } from '../../core/contract/system-auth.ts';
import type { SystemContract } from '../../core/contract/system-contract.ts';
import { failureOf } from '../../core/retry/fault.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { authHeaders } from './auth-headers.ts';
import { judgeError, seenOf } from './judge-error.ts';
import { orEnd } from './or-end.ts';
import { discardBody } from './read-body.ts';
import { tokenHeaders, type TokenPorts } from './token/token-headers.ts';

export type SendPorts = TokenPorts & {
  readonly system: Pick<SystemContract, 'auth'>;
  /** That of the base URL: no request goes to another. */
  readonly hostname: string;
};

export type Outgoing = {
  readonly href: string;
  readonly init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Uint8Array<ArrayBuffer>;
  };
  /** What is asked: method, label and system. */
  readonly subject: string;
  readonly isWrite: boolean;
  /** Ends everything: the wait for a token, connecting, headers and body. */
  readonly signal: AbortSignal;
};

export type Sent =
  | { readonly kind: 'answered'; readonly response: Response }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/**
 * Sends a request with the credentials of the system.
 *
 * A token that the system refuses (401: nothing was executed) may have been revoked before its time. It is renewed, and
 * the request sent again, once.
 */
export const sendRequest = async (ports: SendPorts, outgoing: Outgoing): Promise<Sent> => {
  const { auth, allowPrivateHosts } = ports.system;
  const { signal } = outgoing;
  const refusal = allowPrivateHosts ? undefined : await refuseHost(ports, outgoing);
  if (refusal !== undefined) return refusal;
  if (!isTokenAuth(auth)) {
    const made = authHeaders(auth, ports);
    if (made.kind === 'headers') return send(ports, outgoing, made.headers);
    return unsent(outgoing, { fault: 'credentials', seen: made.reason });
  }
  const first = await tokenHeaders(auth, ports, signal);
  if (first.kind === 'failed') return unsent(outgoing, first.told);
  const sent = await send(ports, outgoing, first.headers);
  if (sent.kind === 'failed' || sent.response.status !== 401) return sent;
  await discardBody(sent.response);
  first.refused();
  const renewed = await tokenHeaders(auth, ports, signal);
  return renewed.kind === 'failed' ? unsent(outgoing, renewed.told) : send(ports, outgoing, renewed.headers);
};

/** What is wrong with the host that a request goes to; undefined when it is public. */
const refuseHost = async (
  { isPrivate, system, hostname }: SendPorts,
  outgoing: Outgoing,
): Promise<Sent | undefined> => {
  try {
    if (!(await orEnd(isPrivate(hostname), outgoing.signal))) return undefined;
  } catch (error) {
    return unsent(outgoing, { fault: 'no_answer', seen: seenOf(error, system.limits.timeoutMs) });
  }
  const seen = `"${hostname}" resolves to an address in a private network`;
  return unsent(outgoing, { fault: 'refused', seen, advice: 'set allowPrivateHosts: true when this is meant' });
};

type Unsent = Omit<Parameters<typeof failureOf>[0], 'phase' | 'subject'>;

const unsent = ({ subject, isWrite }: Outgoing, seen: Unsent): Sent => ({
  kind: 'failed',
  failure: failureOf({ ...seen, subject, phase: isWrite ? 'write_before_send' : 'read' }),
});

const send = async (
  { fetch, system }: SendPorts,
  { href, init, subject, isWrite, signal }: Outgoing,
  auth: Readonly<Record<string, string>>,
): Promise<Sent> => {
  try {
    const headers = { ...init.headers, ...auth };
    return { kind: 'answered', response: await fetch(href, { ...init, headers, redirect: 'manual', signal }) };
  } catch (error) {
    return { kind: 'failed', failure: judgeError({ subject, isWrite, timeoutMs: system.limits.timeoutMs, error }) };
  }
};
