import type { TokenAuth } from '../../../core/contract/system-auth.ts';
import { signAssertion } from './sign-assertion.ts';

export type TokenForm =
  | {
      readonly kind: 'form';
      readonly headers: Readonly<Record<string, string>>;
      readonly fields: URLSearchParams;
    }
  /** The secret of this name is no private key for the algorithm. */
  | { readonly kind: 'bad-key'; readonly name: string; readonly algorithm: string };

type Fields = readonly (readonly [name: string, value: string | undefined])[];

const GRANT_JWT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ASSERTION_JWT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * What is sent to a token endpoint.
 *
 * @param values the secrets by their names
 * Source: RFC 6749 sections 2.3.1, 4.4.2 and 6; RFC 7523 section 2; SMART App Launch 2.2, backend services.
 */
export const tokenForm = async (
  auth: TokenAuth,
  values: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<TokenForm> => {
  const valueOf = (name: string | undefined): string | undefined => (name === undefined ? undefined : values.get(name));
  switch (auth.kind) {
    case 'oauth-client-credentials': {
      const { scope, audience, resource } = auth;
      return withClient(auth, valueOf, [
        ['grant_type', 'client_credentials'],
        ['scope', scope],
        ['audience', audience],
        ['resource', resource],
      ]);
    }
    case 'oauth-refresh-token':
      return withClient(auth, valueOf, [
        ['grant_type', 'refresh_token'],
        ['refresh_token', valueOf(auth.refreshTokenSecret)],
        ['scope', auth.scope],
      ]);
    case 'oauth-jwt-bearer': {
      const issuer = valueOf(auth.issuerSecret) ?? '';
      const jwt = await sign(auth, valueOf, { issuer, subject: valueOf(auth.subjectSecret), scope: auth.scope }, nowMs);
      if (jwt === undefined) return badKey(auth);
      return formOf({}, [
        ['grant_type', GRANT_JWT],
        ['assertion', jwt],
      ]);
    }
    case 'oauth-private-key-jwt': {
      const client = valueOf(auth.clientIdSecret) ?? '';
      const jwt = await sign(auth, valueOf, { issuer: client, subject: client, scope: undefined }, nowMs);
      if (jwt === undefined) return badKey(auth);
      return formOf({}, [
        ['grant_type', 'client_credentials'],
        ['scope', auth.scope],
        ['client_assertion_type', ASSERTION_JWT],
        ['client_assertion', jwt],
      ]);
    }
  }
};

type ValueOf = (name: string | undefined) => string | undefined;
type ClientAuth = Extract<TokenAuth, { clientAuth: string }>;
type KeyAuth = Extract<TokenAuth, { keySecret: string }>;
type Who = { readonly issuer: string; readonly subject: string | undefined; readonly scope: string | undefined };

const sign = (auth: KeyAuth, valueOf: ValueOf, who: Who, nowMs: number): Promise<string | undefined> => {
  const { algorithm, keyId, audience = auth.tokenUrl } = auth;
  return signAssertion({ ...who, audience, algorithm, keyId, key: valueOf(auth.keySecret) ?? '' }, nowMs);
};

const badKey = ({ keySecret, algorithm }: KeyAuth): TokenForm => ({ kind: 'bad-key', name: keySecret, algorithm });

const withClient = (auth: ClientAuth, valueOf: ValueOf, fields: Fields): TokenForm => {
  const id = valueOf(auth.clientIdSecret) ?? '';
  const secret = valueOf(auth.clientSecret);
  if (auth.clientAuth === 'body' || secret === undefined) {
    return formOf({}, [...fields, ['client_id', id], ['client_secret', secret]]);
  }
  const pair = `${formEncode(id)}:${formEncode(secret)}`;
  return formOf({ authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` }, fields);
};

const formOf = (headers: Readonly<Record<string, string>>, given: Fields): TokenForm => {
  const fields = new URLSearchParams();
  for (const [name, value] of given) if (value !== undefined) fields.append(name, value);
  return { kind: 'form', headers, fields };
};

// Encoded before it becomes base64 (RFC 6749 section 2.3.1), so that a colon in an ID does not end it.
const formEncode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
