import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import nock from 'nock';
import { createTokenCache } from '../../src/systems/http/token/token-cache.ts';
import { createHttp, type HttpReply, type HttpRequest } from '../../src/systems/http/http.ts';
import { listenOnLoopback } from '../../demo/processes/server-lifecycle.ts';
import { NOW_MS, publicLookup, restSystem, SECRET_VALUE } from './contracts.ts';

const HOST = 'https://crm.example.com';
const PATH = '/api/contacts';

const httpOf = (overrides: Parameters<typeof restSystem>[1] = {}, secret: string | undefined = SECRET_VALUE) =>
  createHttp({
    system: restSystem({}, { auth: { kind: 'bearer', secret: 'CRM_TOKEN' }, ...overrides }),
    secret: () => secret,
    fetch: (...args) => globalThis.fetch(...args),
    now: () => NOW_MS,
    tokens: createTokenCache(),
    lookup: publicLookup,
  });

const read: HttpRequest = {
  method: 'GET',
  to: { path: 'contacts' },
  label: '/contacts',
  query: [['email', 'ann@example.com']],
};
const write: HttpRequest = { method: 'POST', to: { path: 'contacts' }, label: '/contacts', body: { name: 'Ann' } };

const failureOf = (reply: HttpReply) => {
  if (reply.kind !== 'failed') throw new Error(`Expected a failure, got status ${reply.status}`);
  expect(reply.failure.reason).not.toContain(SECRET_VALUE);
  expect(reply.failure.reason).not.toContain('ann@example.com');
  expect(reply.failure.reason).not.toContain('Ann');
  return reply.failure;
};

const getReply = async (status: number, body: nock.Body = {}, headers: nock.ReplyHeaders = {}) => {
  nock(HOST).get(PATH).query(true).reply(status, body, headers);
  return failureOf(await httpOf().request(read));
};

const postReply = async (status: number, body: nock.Body = {}, headers: nock.ReplyHeaders = {}) => {
  nock(HOST).post(PATH).reply(status, body, headers);
  return failureOf(await httpOf().request(write));
};

beforeEach(() => {
  nock.disableNetConnect();
  nock.enableNetConnect('127.0.0.1');
});

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

// What nock puts into Node's own modules outlives this file, and the next one in the same process would put it in twice.
afterAll(() => nock.restore());

describe('what is sent', () => {
  test('a read carries path, query and secret, and comes back as parsed JSON', async () => {
    const scope = nock(HOST, { reqheaders: { authorization: `Bearer ${SECRET_VALUE}`, accept: 'application/json' } })
      .get(PATH)
      .query({ email: 'ann@example.com', q: 'a b+c&d' })
      .reply(200, [{ id: 1 }]);
    const reply = await httpOf().request({
      ...read,
      query: [
        ['email', 'ann@example.com'],
        ['q', 'a b+c&d'],
      ],
    });
    expect(reply).toMatchObject({ kind: 'response', status: 200, json: [{ id: 1 }] });
    expect(scope.isDone()).toBe(true);
  });

  test('a value with {{bundle.x}} goes out byte for byte, with a content type', async () => {
    const value = 'Hello {{bundle.x}} {{process.env.Y}} {{name}} é 💧';
    let seen = '';
    nock(HOST, { reqheaders: { 'content-type': 'application/json' } })
      .post(PATH, (body: { text: string }) => {
        seen = body.text;
        return true;
      })
      .reply(201, { id: 7 });
    await httpOf().request({ ...write, body: { text: value } });
    expect(seen).toBe(value);
  });

  test('the body is handed to fetch as bytes, never as text', async () => {
    const bodies: unknown[] = [];
    const http = createHttp({
      system: restSystem(),
      secret: () => undefined,
      fetch: (_url, init) => {
        bodies.push(init?.body);
        return Promise.resolve(Response.json({ id: 1 }));
      },
      now: () => NOW_MS,
      tokens: createTokenCache(),
      lookup: publicLookup,
    });
    await http.request(write);
    expect(bodies).toHaveLength(1);
    expect(ArrayBuffer.isView(bodies[0])).toBe(true);
  });

  test.each([
    [
      'basic',
      { kind: 'basic', usernameSecret: 'CRM_USER_SECRET', passwordSecret: 'CRM_PASSWORD_SECRET' },
      'authorization',
      `Basic ${Buffer.from(`${SECRET_VALUE}:${SECRET_VALUE}`).toString('base64')}`,
    ],
    ['header', { kind: 'header', header: 'X-Api-Key', secret: 'CRM_TOKEN' }, 'x-api-key', SECRET_VALUE],
  ] as const)('%s credentials go into their header', async (_name, auth, header, value) => {
    const scope = nock(HOST, { reqheaders: { [header]: value } })
      .get(PATH)
      .query(true)
      .reply(200, []);
    await httpOf({ auth }).request(read);
    expect(scope.isDone()).toBe(true);
  });

  test('a missing secret is unauthorized, names the variable and sends nothing', async () => {
    const scope = nock(HOST).get(PATH).query(true).reply(200, []);
    const failure = failureOf(await httpOf({}, '').request(read));
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toContain('"CRM_TOKEN"');
    expect(scope.isDone()).toBe(false);
  });

  test('a secret with a line break is refused without being quoted', async () => {
    const failure = failureOf(await httpOf({}, `${SECRET_VALUE}\nx`).request(read));
    expect(failure.kind).toBe('unauthorized');
  });
});

describe('what comes back', () => {
  test('an ID beyond 2^53 keeps its digits', async () => {
    nock(HOST).get(PATH).query(true).reply(200, '[{"id":9007199254740993}]', { 'content-type': 'application/json' });
    expect(await httpOf().request(read)).toMatchObject({ json: [{ id: '9007199254740993' }] });
  });

  test.each([
    [
      'HTML with 200',
      '<html>Sign in, Ann</html>',
      'text/html; charset=utf-8',
      /status 200, content type "text\/html", \d+ bytes/,
    ],
    ['an empty body', '', 'application/json', /0 bytes/],
    ['JSON that ends early', '[{"id":1},{"i', 'application/json', /13 bytes that are not JSON/],
    ['text that is not UTF-8', Buffer.from([0x22, 0xe9, 0x22]), 'application/json', /not JSON/],
  ])('a read answered with %s is malformed', async (_name, body, type, reason) => {
    const failure = await getReply(200, body, { 'content-type': type });
    expect(failure.kind).toBe('malformed');
    expect(failure.reason).toMatch(reason);
    expect(failure.reason).not.toContain('Sign in');
  });

  test.each([
    ['HTML', '<html>ok</html>'],
    ['JSON that ends early', '{"id":'],
  ])('a write answered with 200 and %s is unknown, and over on the other side', async (_name, body) => {
    expect(await postReply(200, body)).toMatchObject({ kind: 'unknown', answered: true });
  });

  test('a write answered with 204 and nothing is a response', async () => {
    nock(HOST).post(PATH).reply(204);
    expect(await httpOf().request(write)).toMatchObject({ kind: 'response', status: 204, json: undefined });
  });

  test('a write answered with 202 is unknown and may still be coming', async () => {
    expect(await postReply(202, { id: 1 })).toMatchObject({ kind: 'unknown', answered: false });
  });

  test('a read answered with 202 is not there yet', async () => {
    expect(await getReply(202, [])).toMatchObject({ kind: 'unavailable' });
  });

  test('a status the caller asked for comes back whatever its body', async () => {
    nock(HOST).patch(`${PATH}/1`).reply(404, '<html>');
    const reply = await httpOf().request({ ...write, method: 'PATCH', to: { path: 'contacts/1' }, answers: [404] });
    expect(reply).toMatchObject({ kind: 'response', status: 404, json: undefined });
  });
});

describe('what a status means', () => {
  test.each([
    ['429 with seconds', 429, { 'retry-after': '7' }, 7000],
    ['429 with a date', 429, { 'retry-after': 'Sun, 01 Mar 2026 12:01:30 GMT' }, 90_000],
    ['429 with RateLimit only', 429, { ratelimit: '"requests";r=0;t=58' }, 58_000],
    ['429 with RateLimit-Reset', 429, { 'ratelimit-reset': '12' }, 12_000],
    ['429 with a reset in epoch seconds', 429, { 'x-ratelimit-reset': String(NOW_MS / 1000 + 20) }, 20_000],
    ['429 with nothing', 429, {}, 30_000],
    ['429 that asks for a week', 429, { 'retry-after': '604800' }, 900_000],
    ['429 that asks for no time', 429, { 'retry-after': '0' }, 1000],
    ['503 with Retry-After', 503, { 'retry-after': '3' }, 3000],
  ])('%s is throttled for a read', async (_name, status, headers, retryAfterMs) => {
    expect(await getReply(status, {}, headers)).toMatchObject({ kind: 'throttled', retryAfterMs });
  });

  test('of a write only 429 says that nothing was executed; a 503 with Retry-After may come from a gateway', async () => {
    const headers = { 'Retry-After': '2' };
    expect(await postReply(429, {}, headers)).toMatchObject({ kind: 'throttled', retryAfterMs: 2000 });
    expect(await postReply(503, {}, headers)).toMatchObject({ kind: 'unknown', answered: false });
  });

  test('403 that asks to wait is throttled, for reads and writes: it was refused before anything was executed', async () => {
    const headers = { 'retry-after': '5' };
    expect(await getReply(403, {}, headers)).toMatchObject({ kind: 'throttled', retryAfterMs: 5000 });
    expect(await postReply(403, {}, headers)).toMatchObject({ kind: 'throttled', retryAfterMs: 5000 });
  });

  test('429 with the time in its body is throttled for that time', async () => {
    expect(await getReply(429, { error: { retry_after: 4 } })).toMatchObject({ kind: 'throttled', retryAfterMs: 4000 });
  });

  test.each([401, 403])('%i is unauthorized and names the secret', async (status) => {
    const failure = await getReply(status);
    expect(failure.kind).toBe('unauthorized');
    expect(failure.reason).toContain('CRM_TOKEN');
  });

  test.each([400, 404, 409, 422])('%i is rejected', async (status) => {
    expect(await postReply(status, { message: 'Ann is taken' })).toMatchObject({ kind: 'rejected', status });
  });

  test.each([
    [500, true],
    [502, false],
    [503, false],
    [504, false],
  ])('%i leaves a read unavailable and a write unknown (answered: %p)', async (status, answered) => {
    expect(await getReply(status)).toMatchObject({ kind: 'unavailable' });
    expect(await postReply(status)).toMatchObject({ kind: 'unknown', answered });
  });
});

describe('where requests go', () => {
  test('a redirect to another host is refused and the credentials are not sent there', async () => {
    const elsewhere = nock('https://evil.example.net').get('/').reply(200, []);
    const failure = await getReply(302, '', { location: 'https://evil.example.net/' });
    expect(failure).toMatchObject({ kind: 'rejected', status: 302 });
    expect(failure.reason).toContain('redirects are not followed');
    expect(elsewhere.isDone()).toBe(false);
  });

  test('a redirect on the same host is refused too', async () => {
    expect(await getReply(307, '', { location: '/api/other' })).toMatchObject({ kind: 'rejected', status: 307 });
  });

  test('a write answered with 303 is unknown, for that may mean that it is done', async () => {
    expect(await postReply(303, '', { location: '/api/contacts/1' })).toMatchObject({ kind: 'unknown' });
  });

  test.each([
    'https://evil.example.net/x',
    '//evil.example.net/x',
    'http://crm.example.com/api',
    'https://u:p@crm.example.com/',
  ])('a link to %s is refused before anything is sent', async (url) => {
    const fetched = jest.fn<Promise<Response>, []>();
    const http = createHttp({
      system: restSystem(),
      secret: () => undefined,
      fetch: fetched,
      now: () => NOW_MS,
      tokens: createTokenCache(),
      lookup: publicLookup,
    });
    const failure = failureOf(await http.request({ method: 'GET', to: { url }, label: '/contacts' }));
    expect(failure.kind).toBe('malformed');
    expect(fetched).not.toHaveBeenCalled();
  });

  test.each([
    'https://localhost/',
    'https://127.1/',
    'https://2130706433/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/',
    'https://172.20.0.1/',
    'https://[fd00::1]/',
    'https://db.internal/',
    'https://crm/',
    'http://crm.example.com/',
  ])('a base URL of %s needs allowPrivateHosts', (baseUrl) => {
    expect(() => httpOf({ baseUrl, allowPrivateHosts: false })).toThrow(/Cannot call system "crm"/);
    expect(() => httpOf({ baseUrl, allowPrivateHosts: true })).not.toThrow();
  });

  test('public hosts that only look private are called', () => {
    for (const baseUrl of [
      'https://172.15.0.1/',
      'https://100.128.0.1/',
      'https://10.example.com/',
      'https://[2001:4860::1]/',
    ]) {
      expect(() => httpOf({ baseUrl, allowPrivateHosts: false })).not.toThrow();
    }
  });
});

describe('a connection that breaks', () => {
  const servers: Server[] = [];

  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    return listenOnLoopback(server, 0);
  };

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const both = async (baseUrl: string, limits = {}) => {
    const http = httpOf({ baseUrl, limits });
    return { read: failureOf(await http.request(read)), write: failureOf(await http.request(write)) };
  };

  test('nobody listening is unavailable for writes too: nothing was sent', async () => {
    const server = createServer();
    const url = await listenOnLoopback(server, 0);
    await new Promise((resolve) => server.close(resolve));
    expect(await both(url)).toMatchObject({ read: { kind: 'unavailable' }, write: { kind: 'unavailable' } });
  });

  test('a host name that does not exist is unavailable for writes too', async () => {
    nock('https://crm.example.com')
      .post(PATH)
      .replyWithError(
        Object.assign(new Error(`getaddrinfo ENOTFOUND ${SECRET_VALUE}`), {
          code: 'ENOTFOUND',
          syscall: 'getaddrinfo',
        }),
      );
    const failure = failureOf(await httpOf().request(write));
    expect(failure.kind).toBe('unavailable');
    expect(failure.reason).toContain('ENOTFOUND');
  });

  test('a connection closed without an answer is unavailable for a read and unknown for a write', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(await both(url)).toMatchObject({
      read: { kind: 'unavailable' },
      write: { kind: 'unknown', answered: false },
    });
  });

  test('a body cut short of its length is malformed for a read and unknown for a write', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('[{"id":1}', () => response.destroy());
    });
    const { read: seenRead, write: seenWrite } = await both(url);
    expect(seenRead).toMatchObject({ kind: 'malformed' });
    expect(seenRead.reason).toMatch(/cut off after \d+ bytes/);
    expect(seenWrite).toMatchObject({ kind: 'unknown', answered: true });
  });

  test('a server that sends headers and then hangs is cut off by the time-out', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('[');
    });
    const { read: seenRead, write: seenWrite } = await both(url, { timeoutMs: 150 });
    expect(seenRead).toMatchObject({ kind: 'unavailable' });
    expect(seenRead.reason).toContain('150 ms');
    expect(seenWrite.kind).toBe('unknown');
  });

  test('a server that never answers is unavailable for a read and unknown for a write', async () => {
    const url = await serve(() => undefined);
    expect(await both(url, { timeoutMs: 150 })).toMatchObject({
      read: { kind: 'unavailable' },
      write: { kind: 'unknown', answered: false },
    });
  });

  test('a response over the limit is dropped, with a length announced or without', async () => {
    const announced = await serve((_request, response) => response.end(JSON.stringify('x'.repeat(5000))));
    const streamed = await serve((_request, response) => {
      response.write('"');
      response.write('x'.repeat(5000));
      response.end('"');
    });
    for (const url of [announced, streamed]) {
      const { read: seenRead, write: seenWrite } = await both(url, { responseBytesMax: 2000 });
      expect(seenRead).toMatchObject({ kind: 'malformed' });
      expect(seenRead.reason).toContain('2000 bytes');
      expect(seenWrite).toMatchObject({ kind: 'unknown' });
    }
  });

  test('a compressed response counts by what it unpacks to', async () => {
    const { gzipSync } = await import('node:zlib');
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
      response.end(gzipSync(JSON.stringify('x'.repeat(500_000))));
    });
    const { read: seenRead } = await both(url, { responseBytesMax: 10_000 });
    expect(seenRead).toMatchObject({ kind: 'malformed' });
  });

  test('the server is reachable at all, so that the tests above break for their own reasons', async () => {
    const url = await serve((_request, response) => response.end('[]'));
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(resolve));
    });
    expect(await httpOf({ baseUrl: url }).request(read)).toMatchObject({ kind: 'response', json: [] });
  });
});
