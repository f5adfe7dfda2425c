import type { SystemContract } from '../../../core/contract/system-contract.ts';
import type { TokenAuth } from '../../../core/contract/system-auth.ts';
import { digestText } from '../../../core/digest.ts';
import { readSecrets } from '../read-secrets.ts';
import { fetchToken } from './fetch-token.ts';
import type { TokenFault } from './judge-token.ts';
import type { TokenCache } from './token-cache.ts';

export type TokenPorts = {
  readonly system: Pick<SystemContract, 'name' | 'environment' | 'baseUrl' | 'allowPrivateHosts' | 'limits'>;
  /** Reads a named secret from the environment where the code runs. */
  readonly secret: (name: string) => string | undefined;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Those that the process holds: they outlive a call. */
  readonly tokens: TokenCache;
};

export type TokenHeaders =
  | {
      readonly kind: 'headers';
      readonly headers: Readonly<Record<string, string>>;
      /** Says that the system refused the token: the next call gets another. */
      readonly refused: () => void;
    }
  | { readonly kind: 'failed'; readonly told: TokenFault };

/**
 * The header with the token of a system: one that the process holds, or a new one.
 *
 * @param signal ends the wait, and not the asking: others may wait for the same token
 */
export const tokenHeaders = async (
  auth: TokenAuth,
  { system, secret, fetch, now, tokens }: TokenPorts,
  signal: AbortSignal,
): Promise<TokenHeaders> => {
  const secrets = readSecrets(auth, secret);
  if (secrets.kind === 'missing') return failed({ fault: 'credentials', seen: secrets.reason });
  const { values } = secrets;
  const { name, environment, baseUrl, allowPrivateHosts, limits } = system;
  const { timeoutMs } = limits;
  // With the values, and not only their names: a process serves many users, and the token of one is no other's.
  const key = digestText(JSON.stringify([environment, name, baseUrl, allowPrivateHosts, auth, [...values.values()]]));
  const asking = tokens.get(key, now(), () => fetchToken({ auth, values, allowPrivateHosts, timeoutMs, fetch, now }));
  const reply = await Promise.race([asking, ended(signal)]);
  if (reply === 'ended') return failed({ fault: 'no_answer', seen: `no token within ${timeoutMs} ms` });
  if (reply.kind === 'failed') return reply;
  return {
    kind: 'headers',
    headers: { authorization: `Bearer ${reply.token}` },
    refused: () => tokens.drop(key, reply.token),
  };
};

const failed = (told: TokenFault): TokenHeaders => ({ kind: 'failed', told });

const ended = (signal: AbortSignal): Promise<'ended'> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('ended');
    else signal.addEventListener('abort', () => resolve('ended'), { once: true });
  });
