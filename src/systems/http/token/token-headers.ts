import type { SystemContract } from '../../../core/contract/system-contract.ts';
import type { TokenAuth } from '../../../core/contract/system-auth.ts';
import { digestText } from '../../../core/digest.ts';
import type { HostCheck } from '../host-check.ts';
import { orEnd } from '../or-end.ts';
import { readSecrets, type SecretPorts } from '../read-secrets.ts';
import { fetchToken } from './fetch-token.ts';
import type { TokenFault } from './judge-token.ts';
import type { TokenCache, TokenReply } from './token-cache.ts';

export type TokenPorts = SecretPorts & {
  readonly system: Pick<SystemContract, 'name' | 'environment' | 'baseUrl' | 'allowPrivateHosts' | 'limits'>;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Asked for each host that is called, but where private hosts are allowed. */
  readonly isPrivate: HostCheck;
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
export const tokenHeaders = async (auth: TokenAuth, ports: TokenPorts, signal: AbortSignal): Promise<TokenHeaders> => {
  const { system, fetch, now, tokens, isPrivate } = ports;
  const secrets = readSecrets(auth, ports);
  if (secrets.kind === 'missing') return failed({ fault: 'credentials', seen: secrets.reason });
  const { values } = secrets;
  const { name, environment, baseUrl, allowPrivateHosts, limits } = system;
  const { timeoutMs } = limits;
  // With the values, and not only their names: a process serves many users, and the token of one is no other's.
  const key = digestText(JSON.stringify([environment, name, baseUrl, allowPrivateHosts, auth, [...values.values()]]));
  const asking = tokens.get(key, now(), () =>
    fetchToken({ auth, values, allowPrivateHosts, timeoutMs, fetch, now, isPrivate }),
  );
  let reply: TokenReply;
  try {
    reply = await orEnd(asking, signal);
  } catch {
    // Only the signal ends it so: asking never throws.
    return failed({ fault: 'no_answer', seen: `no token within ${timeoutMs} ms` });
  }
  if (reply.kind === 'failed') return reply;
  return {
    kind: 'headers',
    headers: { authorization: `Bearer ${reply.token}` },
    refused: () => tokens.drop(key, reply.token),
  };
};

const failed = (told: TokenFault): TokenHeaders => ({ kind: 'failed', told });
