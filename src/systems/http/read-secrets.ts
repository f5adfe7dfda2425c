import { secretNames, type SystemAuth } from '../../core/contract/system-auth.ts';

export type Secrets =
  | { readonly kind: 'values'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'missing'; readonly reason: string };

/**
 * Reads the named secrets of a system. Reasons name the variable, never hold its value.
 *
 * @returns the values by their names, in the order in which they are used
 */
export const readSecrets = (auth: SystemAuth, secret: (name: string) => string | undefined): Secrets => {
  const values = new Map<string, string>();
  for (const name of secretNames(auth)) {
    const value = secret(name)?.trim();
    if (value === undefined || value === '') return { kind: 'missing', reason: unset(name) };
    // Checked here, because the error that a header throws for it quotes the value.
    if (!formOf(auth, name).test(value)) return { kind: 'missing', reason: unusable(name) };
    values.set(name, value);
  }
  return { kind: 'values', values };
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
