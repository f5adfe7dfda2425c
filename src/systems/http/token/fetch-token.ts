import { isPrivateHost } from '../../../core/contract/private-host.ts';
import type { TokenAuth } from '../../../core/contract/system-auth.ts';
import type { HostCheck } from '../host-check.ts';
import { seenOf } from '../judge-error.ts';
import { orEnd } from '../or-end.ts';
import { type Body, discardBody, readBody } from '../read-body.ts';
import { judgeToken, told } from './judge-token.ts';
import type { TokenReply } from './token-cache.ts';
import { tokenForm } from './token-form.ts';

/** A token with what comes along has a few kB. */
const REPLY_BYTES_MAX = 256 * 1024;

export type TokenAsk = {
  readonly auth: TokenAuth;
  /** The secrets by their names. */
  readonly values: ReadonlyMap<string, string>;
  readonly allowPrivateHosts: boolean;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  readonly isPrivate: HostCheck;
};

/**
 * Asks the token endpoint of the contract for a token, once: timed, bounded, with no redirect followed. Never throws.
 *
 * Of the answer only token and life are used. An address in it (`instance_url`) is not followed: requests go where the
 * contract says.
 */
export const fetchToken = async (ask: TokenAsk): Promise<TokenReply> => {
  const { auth, values, timeoutMs, now } = ask;
  const askedAtMs = now();
  const form = await tokenForm(auth, values, askedAtMs);
  if (form.kind === 'bad-key') {
    const seen = `the environment variable "${form.name}" holds no private key (PEM, without a password) for ${form.algorithm}`;
    return { kind: 'failed', told: { fault: 'credentials', seen, advice: 'set it again' } };
  }
  const unanswered = (error: unknown): TokenReply => {
    return { kind: 'failed', told: { fault: 'no_answer', seen: told(auth, seenOf(error, timeoutMs)) } };
  };
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let body: Body;
  try {
    const refusal = await orEnd(refusalOf(ask), signal);
    if (refusal !== undefined) return { kind: 'failed', told: { fault: 'credentials', seen: told(auth, refusal) } };
    response = await ask.fetch(auth.tokenUrl, {
      method: 'POST',
      headers: {
        'user-agent': 'Tidemark',
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...form.headers,
      },
      // Bytes, because a client that sees text may take {{braces}} in it for a template of its own.
      body: new TextEncoder().encode(form.fields.toString()),
      redirect: 'manual',
      signal,
    });
    body = await bodyOf(response);
  } catch (error) {
    return unanswered(error);
  }
  if (body.kind === 'cut') return unanswered(body.error);
  const refreshToken = 'refreshTokenSecret' in auth ? values.get(auth.refreshTokenSecret) : undefined;
  return judgeToken({ auth, response, body, askedAtMs, refreshToken });
};

const bodyOf = async (response: Response): Promise<Body> => {
  if (response.status < 300 || response.status >= 400) return readBody(response, REPLY_BYTES_MAX);
  await discardBody(response);
  return { kind: 'empty' };
};

/** Contracts are checked for it before they are taken; this is where the credentials would go out. */
const refusalOf = async ({ auth, allowPrivateHosts, isPrivate }: TokenAsk): Promise<string | undefined> => {
  const { hostname, protocol } = new URL(auth.tokenUrl);
  if (protocol !== 'https:' && !(allowPrivateHosts && isPrivateHost(hostname))) return 'it is not asked by plain http';
  if (allowPrivateHosts || !(isPrivateHost(hostname) || (await isPrivate(hostname)))) return undefined;
  return 'it is in a private network; set allowPrivateHosts: true when this is meant';
};
