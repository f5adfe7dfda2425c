import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import nock from 'nock';
import { z } from 'zod';
import { createHarness } from './harness.ts';

beforeAll(() => nock.disableNetConnect());
afterEach(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.disableNetConnect();
});
afterAll(() => nock.restore());

const me = { keyId: 'k1', name: 'zap', role: 'sync', environment: 'pilot', storeVersion: '1.0.0' };
const store = (): nock.Interceptor => nock('https://store.example').get('/v1/me');
const problemReply = (kind: string, status: number, more: object = {}): [number, object, Record<string, string>] => [
  status,
  { type: `urn:tidemark:problem:${kind}`, title: 'T', status, detail: 'The sync "a-b" is gone', ...more },
  { 'content-type': 'application/problem+json; charset=utf-8' },
];

test.each([502, 503, 504, 500, 429, 408])('a %d of a proxy is tried again', async (status) => {
  store().reply(status, '<h1>Bad</h1>', { 'content-type': 'text/html' });
  store().reply(200, me);
  const { client, waits } = createHarness();
  expect(await client.me({}, {})).toEqual(me);
  expect(waits).toEqual([200]);
});

test('waits grow, and never shorten what the store asks for', async () => {
  store()
    .times(2)
    .reply(...problemReply('unavailable', 503));
  store().reply(503, '', { 'retry-after': '3' });
  store().reply(200, me);
  const { client, waits } = createHarness();
  await client.me({}, {});
  expect(waits).toEqual([200, 400, 3000]);
});

test('a store that asks for a longer wait than a call lasts is not waited for', async () => {
  store().reply(503, '', { 'retry-after': '3600' });
  const { client, waits } = createHarness();
  await expect(client.me({}, {})).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('store.example answered 503'),
  });
  expect(waits).toEqual([]);
});

test('attempts end, and the error names the host and the next step', async () => {
  store()
    .times(20)
    .replyWithError(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
  const { client, waits } = createHarness({ random: 0 });
  await expect(client.me({}, {})).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(
      /store\.example could not be reached .*after 6 attempts\. Check that the store runs/,
    ),
  });
  expect(waits).toHaveLength(5);
});

test('no attempt begins that the deadline would cut off', async () => {
  store().times(20).reply(502);
  const { client, waits } = createHarness({ timeMs: 1000, random: 0.99 });
  await expect(client.me({}, {})).rejects.toMatchObject({ kind: 'unreachable' });
  expect(waits).toEqual([396]);
});

test('a call without time left sends nothing', async () => {
  const scope = store().reply(200, me);
  await expect(createHarness({ timeMs: 0 }).client.me({}, {})).rejects.toMatchObject({ kind: 'unreachable' });
  expect(scope.isDone()).toBe(false);
});

test('HTML with 200 means a wrong URL, and is not asked again', async () => {
  store().reply(200, '<html>Welcome</html>', { 'content-type': 'text/html' });
  const { client, waits } = createHarness();
  await expect(client.me({}, {})).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('no Tidemark store at that URL'),
  });
  expect(waits).toEqual([]);
});

test('JSON of another API is no reply', async () => {
  store().reply(200, { hello: 'world' });
  await expect(createHarness().client.me({}, {})).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('not known here'),
  });
});

test('a 404 that is no problem of ours means a wrong URL', async () => {
  store().reply(404, { error: 'Not Found' });
  await expect(createHarness().client.me({}, {})).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('no Tidemark store'),
  });
});

test('a redirect is not followed, so that the key goes nowhere else', async () => {
  const elsewhere = nock('https://elsewhere.example').get('/v1/me').reply(200, me);
  store().reply(302, '', { location: 'https://elsewhere.example/v1/me' });
  await expect(createHarness().client.me({}, {})).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('redirects'),
  });
  expect(elsewhere.isDone()).toBe(false);
});

const unauthorizedReplies: [string, [number, object | string, Record<string, string>]][] = [
  ['a problem', problemReply('unauthenticated', 401)],
  ['a page of a proxy', [401, 'no', { 'content-type': 'text/plain' }]],
];

test.each(unauthorizedReplies)(
  'G7 a 401 as %s says how to get a key, and not which one was tried',
  async (_as, reply) => {
    const [status, body, headers] = reply;
    store().reply(status, JSON.stringify(body), headers);
    const failed = createHarness().client.me({}, {});
    await expect(failed).rejects.toMatchObject({
      kind: 'unauthenticated',
      message: expect.stringContaining('tidemark key create'),
    });
    await expect(failed).rejects.toMatchObject({ message: expect.not.stringContaining('s3cret') });
  },
);

test.each([
  ['forbidden', 403],
  ['not_found', 404],
  ['conflict', 409],
  ['fenced', 409],
  ['too_large', 413],
  ['internal', 500],
])('the problem %s comes through as it is, at once', async (kind, status) => {
  store().reply(...problemReply(kind.replaceAll('_', '-'), status));
  const { client, waits } = createHarness();
  await expect(client.me({}, {})).rejects.toMatchObject({ kind, message: 'The sync "a-b" is gone' });
  expect(waits).toEqual([]);
});

test('the faults of a request are named by their pointers', async () => {
  store().reply(
    ...problemReply('invalid-request', 400, { errors: [{ pointer: '/fence', detail: 'body: expected int' }] }),
  );
  await expect(createHarness().client.me({}, {})).rejects.toMatchObject({
    kind: 'invalid_request',
    message: 'The sync "a-b" is gone: /fence body: expected int',
  });
});

/** Answers each request with the next of `listeners`. */
const withServer = async (
  listeners: readonly RequestListener[],
  use: (url: string) => Promise<void>,
): Promise<void> => {
  nock.enableNetConnect('127.0.0.1');
  let next = 0;
  const server = createServer((request, response) => {
    listeners[next]?.(request, response);
    next += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.int() }).parse(server.address());
  try {
    await use(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const whole: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(me));
};

test('a store that does not answer in time is unreachable', async () => {
  const silent: RequestListener = () => undefined;
  await withServer([silent], async (url) => {
    const called = createHarness({ url, timeMs: 50 }).client.me({}, {});
    await expect(called).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('did not answer in time'),
    });
  });
});

test('a store that begins its answer and then hangs is unreachable', async () => {
  const hanging: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{');
  };
  await withServer([hanging], async (url) => {
    const called = createHarness({ url, timeMs: 50 }).client.me({}, {});
    await expect(called).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('did not answer in time'),
    });
  });
});

test('a body cut short is read again', async () => {
  const cut: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write('{"keyId":');
    setImmediate(() => response.destroy());
  };
  await withServer([cut, whole], async (url) => {
    const { client, waits } = createHarness({ url });
    expect(await client.me({}, {})).toEqual(me);
    expect(waits).toHaveLength(1);
  });
});

test('JSON that breaks off inside a whole response is read again', async () => {
  const broken: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"keyId":');
  };
  await withServer([broken, whole], async (url) => {
    expect(await createHarness({ url }).client.me({}, {})).toEqual(me);
  });
});

test('a reply without an end is not read to the end', async () => {
  let sentBytes = 0;
  const endless: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    const more = (): void => {
      while (!response.destroyed) {
        sentBytes += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
    };
    more();
  };
  await withServer([endless], async (url) => {
    await expect(createHarness({ url }).client.me({}, {})).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('more than'),
    });
  });
  expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
});
