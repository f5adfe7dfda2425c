import type { SystemAuth } from '../../core/contract/system-contract.ts';

type AuthHeaders =
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'missing'; readonly reason: string };

/** Reads the named secrets of a system and makes the header that carries them. Reasons name the secret, never hold it. */
export const authHeaders = (auth: SystemAuth, secret: (name: string) => string | undefined): AuthHeaders => {
  const values: string[] = [];
  for (const name of secretNames(auth)) {
    const value = secret(name)?.trim();
    if (value === undefined || value === '') return { kind: 'missing', reason: unset(name) };
    // Checked here, because the error that a header throws for it quotes the value.
    if (!(auth.kind === 'basic' ? PRINTABLE : VISIBLE).test(value)) return { kind: 'missing', reason: unusable(name) };
    values.push(value);
  }
  return { kind: 'headers', headers: headersOf(auth, values) };
};

/** The environment variables that hold the secrets of a system, in the order in which they are used. */
export const secretNames = (auth: SystemAuth): readonly string[] => {
  switch (auth.kind) {
    case 'none':
      return [];
    case 'bearer':
    case 'header':
      return [auth.secret];
    case 'basic':
      return [auth.usernameSecret, auth.passwordSecret];
  }
};

const VISIBLE = /^[\x20-\x7E]+$/;
// Basic credentials travel as base64 of UTF-8 (RFC 7617), so that only control characters are refused.
const PRINTABLE = /^\P{Cc}+$/u;

const headersOf = (
  auth: SystemAuth,
  [first = '', second = '']: readonly string[],
): Readonly<Record<string, string>> => {
  switch (auth.kind) {
    case 'none':
      return {};
    case 'bearer':
      return { authorization: `Bearer ${first}` };
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${first}:${second}`, 'utf8').toString('base64')}` };
    case 'header':
      return { [auth.header.toLowerCase()]: first };
  }
};

const unset = (name: string): string =>
  `the environment variable "${name}" is not set where this runs; set it with zapier-platform env:set for the Zapier app, or in the environment of the worker`;

const unusable = (name: string): string =>
  `the environment variable "${name}" holds a character that no header can carry, such as a line break; set it again`;
