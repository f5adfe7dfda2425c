import { createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { listenOnLoopback } from '../../demo/processes/server-lifecycle.ts';
import type { SystemAuth } from '../../src/core/contract/system-auth.ts';
import { createHttp, type HttpReply } from '../../src/systems/http/http.ts';
import { createTokenCache, type TokenCache, type TokenReply } from '../../src/systems/http/token/token-cache.ts';
import { NOW_MS, publicLookup, restSystem } from './contracts.ts';

// A token endpoint that answers as the test says, and an API beside it. What a real one does is in oauth-server.test.ts.

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const SECRETS = new Map([
  ['APP_ID_SECRET', 'id-7f3a90cd'],
  ['APP_SECRET', 'secret-5b1d77e2'],
  ['APP_USER_SECRET', 'ann.the.admin'],
  ['APP_REFRESH_TOKEN', 'refresh-90cd5b1d'],
  ['APP_KEY_SECRET', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
]);

type Asked = { readonly url: string; readonly headers: IncomingMessage['headers']; readonly form: URLSearchParams };
type Answer = (response: ServerResponse, count: number) => void;

const json =
  (body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

const plain =
  (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body);

/** A token of its own for each time it is asked. */
const numbered =
  (more: object = { expires_in: 3600 }): Answer =>
  (response, count) =>
    json({ access_token: `access-${count}-e2c4`, token_type: 'Bearer', ...more })(response, count);

const servers: Server[] = [];
let url = '';
let asked: Asked[] = [];
let called: IncomingMessage[] = [];
let onToken: Answer = numbered();
let onApi: Answer = json([]);

beforeAll(async () => {
  const server = createServer((request, response) => {
    if (request.url !== '/token') {
      called.push(request);
      onApi(response, called.length);
      return;
    }
    void text(request).then((body) => {
      asked.push({ url: request.url ?? '', headers: request.headers, form: new URLSearchParams(body) });
      onToken(response, asked.length);
    });
  });
  servers.push(server);
  url = await listenOnLoopback(server, 0);
});

beforeEach(() => {
  [asked, called, onToken, onApi] = [[], [], numbered(), json([])];
});

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const clientCredentials = (more: object = {}): SystemAuth => ({
  kind: 'oauth-client-credentials',
  tokenUrl: `${url}/token`,
  clientIdSecret: 'APP_ID_SECRET',
  clientSecret: 'APP_SECRET',
  clientAuth: 'basic',
  ...more,
});

const refreshToken = (): SystemAuth => ({
  kind: 'oauth-refresh-token',
  tokenUrl: `${url}/token`,
  clientIdSecret: 'APP_ID_SECRET',
  clientAuth: 'basic',
  refreshTokenSecret: 'APP_REFRESH_TOKEN',
});

const jwtBearer = (more: object = {}): SystemAuth => ({
  kind: 'oauth-jwt-bearer',
  tokenUrl: `${url}/token`,
  issuerSecret: 'APP_ID_SECRET',
  keySecret: 'APP_KEY_SECRET',
  algorithm: 'RS256',
  ...more,
});

type Caller = {
  readonly tokens?: TokenCache;
  readonly system?: Parameters<typeof restSystem>[1];
  readonly secrets?: ReadonlyMap<string, string>;
  readonly nowMs?: () => number;
};

const httpOf = (auth: SystemAuth, { tokens, system, secrets = SECRETS, nowMs = () => NOW_MS }: Caller = {}) =>
  createHttp({
    system: restSystem({}, { baseUrl: `${url}/api`, auth, ...system }),
    secret: (name) => secrets.get(name),
    fetch,
    lookup: publicLookup,
    now: nowMs,
    tokens: tokens ?? createTokenCache(),
  });

const read = { method: 'GET', to: { path: 'contacts' }, label: '/contacts' } as const;
const write = { method: 'POST', to: { path: 'contacts' }, label: '/contacts', body: { name: 'Ann' } } as const;

const hidden = [...SECRETS.values(), 'access-', 'PRIVATE KEY'];

const failureOf = (reply: HttpReply) => {
  if (reply.kind !== 'failed') throw new Error(`Expected a failure, got status ${reply.status}`);
  for (const one of hidden) expect(reply.failure.reason).not.toContain(one);
  return reply.failure;
};

const bearers = (): readonly (string | undefined)[] => called.map(({ headers }) => headers.authorization);

describe('what a token endpoint is sent', () => {
  const claimsOf = (jwt: string) => {
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const verify = createVerify('sha256').update(`${header}.${payload}`);
    expect(verify.verify(publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
    const part = (encoded: string): unknown => JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    const dated = z.looseObject({ iat: z.number(), exp: z.number(), jti: z.string() });
    return { header: part(header), claims: dated.parse(part(payload)) };
  };

  test('Google: an assertion of the service account for the token URL, with scope, user and key ID', async () => {
    const scope = 'https://www.googleapis.com/auth/spreadsheets';
    const auth = jwtBearer({ subjectSecret: 'APP_USER_SECRET', keyId: 'k-1', scope });
    expect(await httpOf(auth).request(read)).toMatchObject({ kind: 'response' });
    const { form, headers } = asked[0] ?? { form: new URLSearchParams(), headers: {} };
    expect([...form.keys()]).toEqual(['grant_type', 'assertion']);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    expect(headers.authorization).toBeUndefined();
    const { header, claims } = claimsOf(form.get('assertion') ?? '');
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k-1' });
    expect(claims).toMatchObject({ iss: 'id-7f3a90cd', sub: 'ann.the.admin', aud: `${url}/token`, scope });
    const nowSeconds = NOW_MS / 1000;
    // Salesforce allows three minutes, and no server one from the future.
    expect(claims.iat).toBeLessThanOrEqual(nowSeconds);
    expect(claims.exp).toBeGreaterThan(nowSeconds + 60);
    expect(claims.exp).toBeLessThanOrEqual(nowSeconds + 180);
  });

  test('Salesforce: the audience is the login host, and each assertion has an ID of its own', async () => {
    const auth = jwtBearer({ subjectSecret: 'APP_USER_SECRET', audience: 'https://login.salesforce.com' });
    await httpOf(auth).request(read);
    await httpOf(auth).request(read);
    const [one, two] = asked.map(({ form }) => claimsOf(form.get('assertion') ?? '').claims);
    expect(one).toMatchObject({ aud: 'https://login.salesforce.com' });
    expect(one).not.toHaveProperty('scope');
    expect(one?.jti).not.toBe(two?.jti);
  });

  test('SMART on FHIR: client ID as issuer and subject, and the scope beside the assertion', async () => {
    const auth: SystemAuth = {
      kind: 'oauth-private-key-jwt',
      tokenUrl: `${url}/token`,
      clientIdSecret: 'APP_ID_SECRET',
      keySecret: 'APP_KEY_SECRET',
      algorithm: 'RS256',
      scope: 'system/*.rs',
    };
    await httpOf(auth).request(read);
    const form = asked[0]?.form ?? new URLSearchParams();
    expect(form.get('grant_type')).toBe('client_credentials');
    expect(form.get('scope')).toBe('system/*.rs');
    expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    const { claims } = claimsOf(form.get('client_assertion') ?? '');
    expect(claims).toMatchObject({ iss: 'id-7f3a90cd', sub: 'id-7f3a90cd', aud: `${url}/token` });
  });

  test('scope, audience and resource go along with client credentials', async () => {
    const more = { scope: 'a b', audience: 'https://api.example.com', resource: 'https://org.crm.dynamics.com' };
    await httpOf(clientCredentials(more)).request(read);
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({ grant_type: 'client_credentials', ...more });
  });

  test('a client without a secret sends its ID with the refresh token', async () => {
    await httpOf(refreshToken()).request(read);
    expect(Object.fromEntries(asked[0]?.form ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-90cd5b1d',
      client_id: 'id-7f3a90cd',
    });
  });

  test('G7 secrets go to the token endpoint only, and the token in its header only', async () => {
    await httpOf(clientCredentials({ clientAuth: 'body' })).request(write);
    expect(asked.map((one) => one.url)).toEqual(['/token']);
    expect(bearers()).toEqual(['Bearer access-1-e2c4']);
    const sent = called.map((request) => JSON.stringify([request.url, request.headers]));
    for (const secret of SECRETS.values()) expect(sent.join()).not.toContain(secret);
    expect(called[0]?.url).toBe('/api/contacts');
  });
});

describe('what a token endpoint answers', () => {
  const both = async (answer: Answer, timeoutMs = 10_000) => {
    onToken = answer;
    const http = httpOf(clientCredentials(), { system: { limits: { timeoutMs } } });
    const replies = { read: failureOf(await http.request(read)), write: failureOf(await http.request(write)) };
    // Nothing is sent without a token.
    expect(called).toHaveLength(0);
    return replies;
  };

  test.each<readonly [string, Answer, RegExp]>([
    ['HTML', plain('<html>Sign in, access-1</html>', 200, { 'content-type': 'text/html' }), /status 200.*"text\/html"/],
    ['nothing', plain(''), /0 bytes/],
    ['JSON without a token', json({ token: 'access-1' }), /no access_token/],
    ['a list', json([{ access_token: 'access-1' }]), /no access_token/],
    ['a token with a line break', json({ access_token: 'access-1\nX-Evil: 1' }), /no access_token/],
    ['more than anyone reads', plain(JSON.stringify({ access_token: 'x'.repeat(300_000) })), /bytes/],
  ])('status 200 with %s is malformed, and is asked for anew by the next request', async (_what, answer, seen) => {
    const replies = await both(answer);
    expect(replies).toMatchObject({ read: { kind: 'malformed' }, write: { kind: 'malformed' } });
    expect(replies.read.reason).toMatch(seen);
    expect(asked).toHaveLength(2);
  });

  test.each<readonly [string, Answer, RegExp]>([
    [
      'invalid_client',
      json({ error: 'invalid_client', error_description: 'secret-5b1d77e2' }, 401),
      /401 \(invalid_cl/,
    ],
    ['an error with status 200', json({ error: 'invalid_grant' }), /200 \(invalid_grant\)/],
    ['an error of its own', json({ error: 'secret-5b1d77e2' }, 400), /status 400;/],
    ['403', plain('', 403), /status 403/],
    ['404', plain('', 404), /status 404/],
    ['a token that is no bearer token', json({ access_token: 'access-1', token_type: 'mac' }), /no bearer token/],
    ['a redirect', plain('', 307, { location: 'https://evil.example.net/' }), /correct auth.tokenUrl/],
  ])('%s is unauthorized', async (_what, answer, seen) => {
    const replies = await both(answer);
    expect(replies).toMatchObject({ read: { kind: 'unauthorized' }, write: { kind: 'unauthorized' } });
    expect(replies.read.reason).toMatch(seen);
  });

  test.each<readonly [string, Answer]>([
    ['429', json({}, 429, { 'retry-after': '7' })],
    ['503 that asks to wait', json({}, 503, { 'retry-after': '7' })],
  ])('%s is throttled for as long as it asks', async (_what, answer) => {
    expect(await both(answer)).toMatchObject({
      read: { kind: 'throttled', retryAfterMs: 7000 },
      write: { kind: 'throttled', retryAfterMs: 7000 },
    });
  });

  test.each<readonly [string, Answer]>([
    ['500', json({}, 500)],
    ['502', plain('<html>', 502)],
    ['temporarily_unavailable', json({ error: 'temporarily_unavailable' }, 400)],
    ['a connection that breaks', (response) => void response.destroy()],
  ])('%s is unavailable, for a write too: nothing was sent', async (_what, answer) => {
    expect(await both(answer)).toMatchObject({ read: { kind: 'unavailable' }, write: { kind: 'unavailable' } });
  });

  test.each<readonly [string, Answer]>([
    ['no answer', () => undefined],
    ['an answer that never ends', (response) => void response.writeHead(200).write('{')],
  ])('%s within the time of the request is unavailable', async (_what, answer) => {
    const replies = await both(answer, 150);
    expect(replies).toMatchObject({ read: { kind: 'unavailable' }, write: { kind: 'unavailable' } });
    expect(replies.read.reason).toContain('150 ms');
  });

  test('an address in the answer is not followed', async () => {
    onToken = numbered({ instance_url: 'https://evil.example.net', expires_in: 60 });
    expect(await httpOf(clientCredentials()).request(read)).toMatchObject({ kind: 'response' });
    expect(called).toHaveLength(1);
  });

  test.each([
    ['3,600 s', { expires_in: 3600 }, 3_539_000, 3_541_000],
    ['3,600 s as text', { expires_in: '3600' }, 3_539_000, 3_541_000],
    ['no time', {}, 269_000, 271_000],
    ['a time that is none', { expires_in: 'soon' }, 269_000, 271_000],
    ['a minute', { expires_in: 60 }, 53_000, 55_000],
    ['a year', { expires_in: 31_536_000 }, 86_339_000, 86_341_000],
  ])('a token that lasts %s is used until shortly before', async (_what, more, usedAtMs, overAtMs) => {
    onToken = numbered(more);
    let laterMs = 0;
    const http = httpOf(clientCredentials(), { nowMs: () => NOW_MS + laterMs });
    await http.request(read);
    laterMs = usedAtMs;
    await http.request(read);
    expect(asked).toHaveLength(1);
    laterMs = overAtMs;
    await http.request(read);
    expect(bearers()).toEqual(['Bearer access-1-e2c4', 'Bearer access-1-e2c4', 'Bearer access-2-e2c4']);
  });

  test('a token that is over at once is used once', async () => {
    onToken = numbered({ expires_in: 0 });
    const http = httpOf(clientCredentials());
    await http.request(read);
    await http.request(read);
    expect(bearers()).toEqual(['Bearer access-1-e2c4', 'Bearer access-2-e2c4']);
  });
});

describe('a token that the API refuses', () => {
  test('is renewed once, and then the refusal stands: two requests, no more', async () => {
    onApi = json({}, 401);
    const failure = failureOf(await httpOf(clientCredentials()).request(write));
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toContain('"APP_SECRET"');
    expect(bearers()).toEqual(['Bearer access-1-e2c4', 'Bearer access-2-e2c4']);
  });

  test('is given up where no new one is to be had, with the reason of the token endpoint', async () => {
    onApi = json({}, 401);
    onToken = (response, count) => (count === 1 ? numbered() : json({}, 503))(response, count);
    const failure = failureOf(await httpOf(clientCredentials()).request(write));
    expect(failure.kind).toBe('unavailable');
    expect(failure.reason).toContain('no token from "127.0.0.1');
    expect(called).toHaveLength(1);
  });

  test('is not renewed for 403: the right is missing, and not the token', async () => {
    onApi = json({}, 403);
    expect(failureOf(await httpOf(clientCredentials()).request(read)).kind).toBe('unauthorized');
    expect(asked).toHaveLength(1);
  });
});

describe('before anything is sent', () => {
  test.each([
    ['APP_ID_SECRET', clientCredentials],
    ['APP_SECRET', clientCredentials],
    ['APP_REFRESH_TOKEN', refreshToken],
    ['APP_KEY_SECRET', jwtBearer],
  ])('a secret that is not set is named: %s', async (name, auth) => {
    const secrets = new Map([...SECRETS].filter(([one]) => one !== name));
    const failure = failureOf(await httpOf(auth(), { secrets }).request(read));
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toContain(`"${name}"`);
    expect(asked).toHaveLength(0);
  });

  test.each([
    ['a private token endpoint', 'https://10.0.0.7/token', false, /private network/],
    ['plain http to a public one', 'http://login.example.com/token', true, /plain http/],
  ])('%s is refused', async (_what, tokenUrl, allowPrivateHosts, seen) => {
    const system = { baseUrl: 'https://crm.example.com', allowPrivateHosts };
    const fetched = jest.fn<Promise<Response>, []>();
    const http = createHttp({
      system: restSystem({}, { ...system, auth: clientCredentials({ tokenUrl }) }),
      secret: (name) => SECRETS.get(name),
      fetch: fetched,
      lookup: publicLookup,
      now: () => NOW_MS,
      tokens: createTokenCache(),
    });
    const failure = failureOf(await http.request(read));
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toMatch(seen);
    expect(fetched).not.toHaveBeenCalled();
  });
});

describe('tokens that a process holds', () => {
  test.each([
    ['another environment', { system: { environment: 'production' } }],
    ['another system', { system: { name: 'erp' } }],
    ['another secret', { secrets: new Map([...SECRETS, ['APP_SECRET', 'secret-of-another']]) }],
  ] as const)('G8 %s gets a token of its own', async (_what, other) => {
    const tokens = createTokenCache();
    await httpOf(clientCredentials(), { tokens }).request(read);
    await httpOf(clientCredentials(), { tokens }).request(read);
    expect(asked).toHaveLength(1);
    await httpOf(clientCredentials(), { tokens, ...other }).request(read);
    expect(bearers().at(-1)).toBe('Bearer access-2-e2c4');
  });

  test('a failure is shared by those who wait for it, and not kept', async () => {
    onToken = (response, count) => (count === 1 ? json({}, 500) : numbered())(response, count);
    const http = httpOf(clientCredentials());
    const replies = await Promise.all([http.request(read), http.request(read), http.request(read)]);
    expect(replies.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
    expect(asked).toHaveLength(1);
    expect(await http.request(read)).toMatchObject({ kind: 'response' });
  });

  test('are bounded: of very many the oldest is asked for anew', async () => {
    const tokens = createTokenCache();
    let asks = 0;
    const ask = (): Promise<TokenReply> => {
      asks += 1;
      return Promise.resolve({ kind: 'token', token: 'x', endsAtMs: NOW_MS + 1000 });
    };
    for (let key = 0; key < 300; key += 1) await tokens.get(String(key), NOW_MS, ask);
    await tokens.get('299', NOW_MS, ask);
    expect(asks).toBe(300);
    await tokens.get('0', NOW_MS, ask);
    expect(asks).toBe(301);
  });
});
