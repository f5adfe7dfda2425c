import { z } from 'zod';
import { secretName } from './name.ts';

/** What the token endpoints of today take (RFC 7518): RSA from 2,048 bits on, and the curves P-256 and P-384. */
const algorithm = z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'ES256', 'ES384']);

const tokenUrl = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .describe('The token endpoint; the client credentials go nowhere else. https outside a private network');
const scope = z.string().min(1).max(1000).optional().describe('Scopes asked for, with a space between two');
const clientAuth = z
  .enum(['basic', 'body'])
  .default('basic')
  .describe('Where client ID and client secret go: the Authorization header, or the body');
const clientIdSecret = secretName.describe('Name of the secret that holds the client ID');

const assertion = {
  keySecret: secretName.describe('Name of the secret that holds the private key as PEM'),
  keyId: z.string().min(1).max(200).optional().describe('kid: which of the registered keys it is'),
  audience: z.string().min(1).max(500).optional().describe('aud of the assertion; the token URL when left out'),
};

/** How a system is told who calls: by secrets that go out as they are, or by a token that is got for them. */
export const systemAuth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('bearer'), secret: secretName }),
  z.strictObject({ kind: z.literal('basic'), usernameSecret: secretName, passwordSecret: secretName }),
  z.strictObject({ kind: z.literal('header'), header: z.string().regex(/^[A-Za-z0-9-]{1,64}$/), secret: secretName }),
  z.strictObject({
    kind: z.literal('oauth-client-credentials'),
    tokenUrl,
    clientIdSecret,
    clientSecret: secretName.describe('Name of the secret that holds the client secret'),
    clientAuth,
    scope,
    audience: z.string().min(1).max(500).optional().describe('Sent as audience, which some servers want'),
    resource: z.string().min(1).max(500).optional().describe('Sent as resource (RFC 8707)'),
  }),
  z.strictObject({
    kind: z.literal('oauth-refresh-token'),
    tokenUrl,
    clientIdSecret,
    clientSecret: secretName
      .optional()
      .describe('Name of the secret that holds the client secret; none for a public client'),
    clientAuth,
    refreshTokenSecret: secretName.describe('Name of the secret that holds the refresh token, which must not rotate'),
    scope,
  }),
  z.strictObject({
    kind: z.literal('oauth-jwt-bearer'),
    tokenUrl,
    issuerSecret: secretName.describe('Name of the secret that holds iss: service account or consumer key'),
    subjectSecret: secretName.optional().describe('Name of the secret that holds sub: the user who is acted for'),
    ...assertion,
    algorithm: algorithm.default('RS256'),
    scope: scope.describe('Scopes asked for, as a claim of the assertion'),
  }),
  z.strictObject({
    kind: z.literal('oauth-private-key-jwt'),
    tokenUrl,
    clientIdSecret,
    ...assertion,
    algorithm: algorithm.default('RS384'),
    scope,
  }),
]);

export type SystemAuth = z.infer<typeof systemAuth>;
/** Credentials that are a token, got at a token endpoint and kept for its life. */
export type TokenAuth = Extract<SystemAuth, { tokenUrl: string }>;
/** Credentials that are sent as they are. */
export type StaticAuth = Exclude<SystemAuth, TokenAuth>;

export const isTokenAuth = (auth: SystemAuth): auth is TokenAuth => 'tokenUrl' in auth;

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
    case 'oauth-client-credentials':
      return [auth.clientIdSecret, auth.clientSecret];
    case 'oauth-refresh-token':
      return [auth.clientIdSecret, ...given(auth.clientSecret), auth.refreshTokenSecret];
    case 'oauth-jwt-bearer':
      return [auth.issuerSecret, ...given(auth.subjectSecret), auth.keySecret];
    case 'oauth-private-key-jwt':
      return [auth.clientIdSecret, auth.keySecret];
  }
};

const given = (name: string | undefined): readonly string[] => (name === undefined ? [] : [name]);
