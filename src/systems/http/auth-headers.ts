import type { StaticAuth } from '../../core/contract/system-auth.ts';
import { readSecrets, type SecretPorts } from './read-secrets.ts';

export type AuthHeaders =
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'missing'; readonly reason: string };

/** Reads the named secrets of a system and makes the header that carries them. Reasons name the secret, never hold it. */
export const authHeaders = (auth: StaticAuth, ports: SecretPorts): AuthHeaders => {
  const secrets = readSecrets(auth, ports);
  return secrets.kind === 'missing'
    ? secrets
    : { kind: 'headers', headers: headersOf(auth, [...secrets.values.values()]) };
};

const headersOf = (
  auth: StaticAuth,
  [first = '', second = '']: readonly string[],
): Readonly<Record<string, string>> => {
  switch (auth.kind) {
    case 'none':
      return {};
    case 'bearer':
      return { authorization: `Bearer ${first}` };
    case 'basic':
      return { authorization: `Basic ${base64(`${first}:${second}`)}` };
    case 'header':
      return { [auth.header.toLowerCase()]: first };
  }
};

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
