import { environmentOfSecret } from '../../core/contract/name.ts';
import { isTokenAuth, secretNames, type SystemAuth } from '../../core/contract/system-auth.ts';
import type { SystemContract } from '../../core/contract/system-contract.ts';

export type SecretPorts = {
  readonly system: Pick<SystemContract, 'environment' | 'baseUrl'>;
  /** Reads a named secret from the environment where the code runs. */
  readonly secret: (name: string) => string | undefined;
  /** The hosts that a secret is bound to by whoever set it; undefined for one that is bound to none. */
  readonly secretHosts?: (name: string) => readonly string[] | undefined;
};

export type Secrets =
  | { readonly kind: 'values'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'missing'; readonly reason: string };

/**
 * Reads the named secrets of a system. Reasons name the variable, never hold its value.
 *
 * A contract may name any secret there is. So a secret is refused to a contract of an environment that it is not of, and
 * where it, or a token got with it, would go to a host that it is not bound to.
 *
 * @returns the values by their names, in the order in which they are used
 */
export const readSecrets = (auth: SystemAuth, ports: SecretPorts): Secrets => {
  const values = new Map<string, string>();
  for (const name of secretNames(auth)) {
    const foreign = refuse(name, auth, ports);
    if (foreign !== undefined) return { kind: 'missing', reason: foreign };
    const value = ports.secret(name)?.trim();
    if (value === undefined || value === '') return { kind: 'missing', reason: unset(name) };
    // Checked here, because the error that a header throws for it quotes the value.
    if (!formOf(auth, name).test(value)) return { kind: 'missing', reason: unusable(name) };
    values.set(name, value);
  }
  return { kind: 'values', values };
};

const refuse = (name: string, auth: SystemAuth, { system, secretHosts }: SecretPorts): string | undefined => {
  const owner = environmentOfSecret(name);
  if (owner !== undefined && owner !== system.environment) {
    return `the environment variable "${name}" is a secret of ${owner} by its name, and the system is of ${system.environment}`;
  }
  const allowed = secretHosts?.(name);
  if (allowed === undefined) return undefined;
  const urls = isTokenAuth(auth) ? [auth.tokenUrl, system.baseUrl] : [system.baseUrl];
  const host = urls.map((url) => new URL(url).host).find((one) => !allowed.includes(one));
  if (host === undefined) return undefined;
  return `the environment variable "${name}" is not for host "${host}"; whoever set it can add the host to "${name}_HOSTS"`;
};

const VISIBLE = /^[\x20-\x7E]+$/;
const PRINTABLE = /^\P{Cc}+$/u;
const ANY = /^/;

const formOf = (auth: SystemAuth, name: string): RegExp => {
  switch (auth.kind) {
    case 'none':
    case 'bearer':
    case 'header':
      return VISIBLE;
    // They travel as base64 of UTF-8 (RFC 7617) or percent-encoded, so that only control characters are refused.
    case 'basic':
    case 'oauth-client-credentials':
    case 'oauth-refresh-token':
      return PRINTABLE;
    // A key has lines.
    case 'oauth-jwt-bearer':
    case 'oauth-private-key-jwt':
      return name === auth.keySecret ? ANY : PRINTABLE;
  }
};

const unset = (name: string): string =>
  `the environment variable "${name}" is not set where this runs; set it with zapier-platform env:set for the Zapier app, or in the environment of the worker`;

const unusable = (name: string): string =>
  `the environment variable "${name}" holds a character that no header can carry, such as a line break; set it again`;
