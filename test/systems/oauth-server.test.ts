import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type RunningServer, spawnServer } from '../../demo/processes/spawn-server.ts';
import type { SystemAuth } from '../../src/core/contract/system-auth.ts';
import { createHttp, type HttpReply } from '../../src/systems/http/http.ts';
import { createTokenCache, type TokenCache } from '../../src/systems/http/token/token-cache.ts';
import { publicLookup, restSystem } from './contracts.ts';

// Against an authorization server that we did not write, with an API behind its tokens.

// Characters that a form and a pair of Basic credentials both have to carry.
const CLIENT_SECRET = 'Zx9+/ %&=-client';
const LIFE_SECONDS = 600;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

type PemType = 'pkcs8' | 'pkcs1' | 'sec1';
const pem = (key: KeyObject, type: PemType = 'pkcs8'): string => key.export({ format: 'pem', type }).toString();

let server: RunningServer;

beforeAll(async () => {
  server = await spawnServer({
    name: 'authorization server',
    script: 'test/systems/fixtures/oauth-server.mjs',
    env: {
      PUBLIC_JWKS: JSON.stringify({
        rsa: rsa.publicKey.export({ format: 'jwk' }),
        ec: ec.publicKey.export({ format: 'jwk' }),
      }),
      CLIENT_SECRET,
      TOKEN_LIFE_SECONDS: String(LIFE_SECONDS),
    },
  });
}, 30_000);

afterAll(() => server.stop());

const control = async <T>(path: string, shape: z.ZodType<T>, method = 'GET'): Promise<T> => {
  const response = await fetch(`${server.url}/control/${path}`, { method });
  return shape.parse(await response.json());
};
const countsShape = z.object({ token: z.number(), api: z.number() });
const counts = (): Promise<z.infer<typeof countsShape>> => control('counts', countsShape);
const revokeAll = (): Promise<object> => control('revoke', z.object({}), 'POST');
const newRefreshToken = async (client: string): Promise<string> =>
  (await control(`refresh-token?client=${client}`, z.object({ token: z.string() }), 'POST')).token;

const spent = async (work: () => Promise<void>): Promise<z.infer<typeof countsShape>> => {
  const before = await counts();
  await work();
  const after = await counts();
  return { token: after.token - before.token, api: after.api - before.api };
};

type Caller = {
  readonly auth?: Partial<SystemAuth>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly tokens?: TokenCache;
  /** How far the caller's clock is ahead of the server's. */
  readonly aheadMs?: () => number;
};

const CREDENTIALS = { APP_ID_SECRET: 'basic-client', APP_SECRET: CLIENT_SECRET };

const withSecret = (more: object = {}): SystemAuth => ({
  kind: 'oauth-client-credentials',
  tokenUrl: `${server.url}/token`,
  clientIdSecret: 'APP_ID_SECRET',
  clientSecret: 'APP_SECRET',
  clientAuth: 'basic',
  scope: 'system/*.rs',
  ...more,
});

const withKey = (algorithm: 'RS384' | 'ES384'): SystemAuth => ({
  kind: 'oauth-private-key-jwt',
  tokenUrl: `${server.url}/token`,
  clientIdSecret: 'APP_ID_SECRET',
  keySecret: 'APP_KEY_SECRET',
  algorithm,
  scope: 'system/*.rs',
});

const withRefreshToken = (): SystemAuth => ({
  kind: 'oauth-refresh-token',
  tokenUrl: `${server.url}/token`,
  clientIdSecret: 'APP_ID_SECRET',
  clientSecret: 'APP_SECRET',
  clientAuth: 'basic',
  refreshTokenSecret: 'APP_REFRESH_TOKEN',
});

const callerOf = (auth: SystemAuth, { secrets = CREDENTIALS, tokens = createTokenCache(), aheadMs }: Caller = {}) => {
  const http = createHttp({
    system: restSystem({}, { baseUrl: `${server.url}/api`, auth }),
    secret: (name) => new Map(Object.entries(secrets)).get(name),
    fetch,
    lookup: publicLookup,
    now: () => Date.now() + (aheadMs?.() ?? 0),
    tokens,
  });
  return (): Promise<HttpReply> => http.request({ method: 'GET', to: { path: 'contacts' }, label: '/contacts' });
};

const failureOf = (reply: HttpReply) => {
  if (reply.kind !== 'failed') throw new Error(`Expected a failure, got status ${reply.status}`);
  return reply.failure;
};

const okay = { kind: 'response', status: 200, json: [] };

describe('a token by client credentials', () => {
  test.each([
    ['in the Authorization header', 'basic-client', 'basic'],
    ['in the header, with a colon in the ID', 'colon:client', 'basic'],
    ['in the body', 'body:client', 'body'],
  ])('ID and secret go %s', async (_where, id, clientAuth) => {
    const call = callerOf(withSecret({ clientAuth }), { secrets: { ...CREDENTIALS, APP_ID_SECRET: id } });
    expect(await call()).toMatchObject(okay);
  });

  test.each([
    [
      'a secret that is wrong',
      { secrets: { ...CREDENTIALS, APP_SECRET: 'wrong-secret' } },
      'status 401 (invalid_client)',
    ],
    ['a client that does not exist', { secrets: { ...CREDENTIALS, APP_ID_SECRET: 'nobody' } }, 'invalid_client'],
  ])('%s is unauthorized, names the variables, and quotes nothing', async (_what, caller, seen) => {
    const failure = failureOf(await callerOf(withSecret(), caller)());
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toContain(seen);
    expect(failure.reason).toContain('"APP_SECRET"');
    for (const hidden of [CLIENT_SECRET, 'wrong-secret', 'nobody', 'basic-client']) {
      expect(failure.reason).not.toContain(hidden);
    }
  });

  test('a scope that the client may not have is told as such', async () => {
    const failure = failureOf(await callerOf(withSecret({ scope: 'system/Patient.w' }))());
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toContain('status 400 (invalid_scope); correct auth.scope');
  });

  test('ten calls at once ask for one token', async () => {
    const call = callerOf(withSecret());
    const seen = await spent(async () => {
      const replies = await Promise.all(Array.from({ length: 10 }, call));
      expect(replies.map(({ kind }) => kind)).toEqual(Array.from({ length: 10 }, () => 'response'));
    });
    expect(seen).toEqual({ token: 1, api: 10 });
  });

  test('a token is used for its life less a margin, also by drivers that are made later, and then renewed', async () => {
    const tokens = createTokenCache();
    let laterMs = 0;
    const call = (): Promise<HttpReply> => callerOf(withSecret(), { tokens, aheadMs: () => laterMs })();
    expect(await spent(async () => void (await call()))).toEqual({ token: 1, api: 1 });
    // A tenth of 600 s is the margin.
    laterMs = 530_000;
    expect(await spent(async () => void (await call()))).toEqual({ token: 0, api: 1 });
    laterMs = 541_000;
    expect(await spent(async () => void (await call()))).toEqual({ token: 1, api: 1 });
  });

  test('a token that was revoked is renewed once, and the call comes through', async () => {
    const call = callerOf(withSecret());
    expect(await call()).toMatchObject(okay);
    await revokeAll();
    const seen = await spent(async () => expect(await call()).toMatchObject(okay));
    expect(seen).toEqual({ token: 1, api: 2 });
  });

  test('ten calls at once with a revoked token renew it once', async () => {
    const call = callerOf(withSecret());
    expect(await call()).toMatchObject(okay);
    await revokeAll();
    const seen = await spent(async () => {
      const replies = await Promise.all(Array.from({ length: 10 }, call));
      expect(replies.every(({ kind }) => kind === 'response')).toBe(true);
    });
    expect(seen.token).toBe(1);
  });

  test('G8 what one user got with one secret is not used for another who has not that secret', async () => {
    const tokens = createTokenCache();
    expect(await callerOf(withSecret(), { tokens })()).toMatchObject(okay);
    const foreign = { ...CREDENTIALS, APP_SECRET: 'wrong-secret' };
    const seen = await spent(async () => {
      expect(failureOf(await callerOf(withSecret(), { tokens, secrets: foreign })()).kind).toBe('unauthorized');
    });
    expect(seen).toEqual({ token: 1, api: 0 });
    // And the one whose token it is goes on with it.
    expect(await spent(async () => void (await callerOf(withSecret(), { tokens })()))).toEqual({ token: 0, api: 1 });
  });
});

describe('a token by a private key (SMART backend services)', () => {
  const secretsOf = (id: string, key: string) => ({ APP_ID_SECRET: id, APP_KEY_SECRET: key });

  test.each([
    ['RS384', 'smart-rsa', () => pem(rsa.privateKey)],
    ['RS384, the key as PKCS #1', 'smart-rsa', () => pem(rsa.privateKey, 'pkcs1')],
    [
      String.raw`RS384, the key on one line with \n`,
      'smart-rsa',
      () => pem(rsa.privateKey).replaceAll('\n', String.raw`\n`),
    ],
    ['ES384', 'smart-ec', () => pem(ec.privateKey)],
    ['ES384, the key as SEC 1', 'smart-ec', () => pem(ec.privateKey, 'sec1')],
  ])('%s is verified by the server', async (name, id, key) => {
    const call = callerOf(withKey(name.startsWith('RS') ? 'RS384' : 'ES384'), { secrets: secretsOf(id, key()) });
    expect(await call()).toMatchObject(okay);
  });

  test('an assertion is never sent twice: the server would refuse its jti', async () => {
    const call = callerOf(withKey('RS384'), { secrets: secretsOf('smart-rsa', pem(rsa.privateKey)) });
    expect(await call()).toMatchObject(okay);
    await revokeAll();
    expect(await spent(async () => expect(await call()).toMatchObject(okay))).toEqual({ token: 1, api: 2 });
  });

  test('a key that the server does not know is unauthorized', async () => {
    const failure = failureOf(
      await callerOf(withKey('RS384'), { secrets: secretsOf('smart-rsa', pem(stranger.privateKey)) })(),
    );
    expect(failure).toMatchObject({ kind: 'unauthorized' });
    expect(failure.reason).toContain('"APP_KEY_SECRET"');
  });

  test.each([
    ['no key at all', 'hunter2hunter2'],
    ['a key for another algorithm', pem(ec.privateKey)],
    ['a public key', rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()],
    ['a key of 1,024 bits', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)],
    [
      'a key under a password',
      rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'p' }).toString(),
    ],
  ])('%s is refused before anything is sent, and not quoted', async (_what, key) => {
    const seen = await spent(async () => {
      const failure = failureOf(await callerOf(withKey('RS384'), { secrets: secretsOf('smart-rsa', key) })());
      expect(failure.kind).toBe('unauthorized');
      expect(failure.reason).toContain('"APP_KEY_SECRET" holds no private key');
      expect(failure.reason).not.toContain(key.slice(0, 14));
    });
    expect(seen).toEqual({ token: 0, api: 0 });
  });

  test.each([
    ['a minute behind', -60_000],
    ['a minute ahead', 60_000],
  ])('a clock that is %s does no harm', async (_what, aheadMs) => {
    const secrets = secretsOf('smart-rsa', pem(rsa.privateKey));
    expect(await callerOf(withKey('RS384'), { secrets, aheadMs: () => aheadMs })()).toMatchObject(okay);
  });

  test('of a clock that is an hour behind the reason says that it is the clock', async () => {
    const secrets = secretsOf('smart-rsa', pem(rsa.privateKey));
    const failure = failureOf(await callerOf(withKey('RS384'), { secrets, aheadMs: () => -3_600_000 })());
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toMatch(/the clock here is 3(?:599|600|601) s behind that of the server/);
  });
});

describe('a token by a refresh token', () => {
  test('one that stays the same is used again and again', async () => {
    const secrets = { ...CREDENTIALS, APP_REFRESH_TOKEN: await newRefreshToken('basic-client') };
    const call = callerOf(withRefreshToken(), { secrets });
    expect(await call()).toMatchObject(okay);
    await revokeAll();
    expect(await call()).toMatchObject(okay);
  });

  test('a server that rotates it is refused in plain words, for the new one cannot be kept', async () => {
    const refreshToken = await newRefreshToken('rotating-client');
    const secrets = { APP_ID_SECRET: 'rotating-client', APP_SECRET: CLIENT_SECRET, APP_REFRESH_TOKEN: refreshToken };
    const seen = await spent(async () => {
      const failure = failureOf(await callerOf(withRefreshToken(), { secrets })());
      expect(failure.kind).toBe('unauthorized');
      expect(failure.reason).toContain('a new refresh token in the place of the one used');
      expect(failure.reason).toContain('switch rotation');
      expect(failure.reason).not.toContain(refreshToken);
    });
    expect(seen).toEqual({ token: 1, api: 0 });
  });

  test('one that the server does not know is unauthorized', async () => {
    const secrets = { ...CREDENTIALS, APP_REFRESH_TOKEN: 'used-up-refresh-token' };
    const failure = failureOf(await callerOf(withRefreshToken(), { secrets })());
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toContain('(invalid_grant)');
    expect(failure.reason).toContain('"APP_REFRESH_TOKEN"');
    expect(failure.reason).not.toContain('used-up');
  });
});
