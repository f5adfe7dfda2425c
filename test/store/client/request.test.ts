import nock from 'nock';
import { createHarness } from './harness.ts';

beforeAll(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => nock.restore());

const digest = 'a'.repeat(64);
const me = { keyId: 'k1', name: 'zap', role: 'sync', environment: 'pilot', storeVersion: '1.0.0' };

test('a call carries the key, the caller and JSON bytes', async () => {
  const scope = nock('https://store.example', {
    reqheaders: {
      authorization: 'Bearer tdm_k1_s3cret',
      'user-agent': 'tidemark-test/1',
      'content-type': 'application/json',
    },
  })
    .post('/v1/keys', { name: 'zap-key', role: 'sync', expiresAt: null })
    .reply(200, { keyId: 'k2', key: 'tdm_k2_x', environment: 'pilot' });
  expect(await createHarness().client.createKey({}, { name: 'zap-key', role: 'sync', expiresAt: null })).toMatchObject({
    keyId: 'k2',
  });
  expect(scope.isDone()).toBe(true);
});

test('a path parameter cannot leave its place in the path', async () => {
  const scope = nock('https://store.example').delete('/v1/keys/..%2Fsyncs%3Fa%3D1').reply(200, { revoked: true });
  await createHarness().client.revokeKey({ key: '../syncs?a=1' }, {});
  expect(scope.isDone()).toBe(true);
});

test('an empty path parameter is refused before anything is sent', async () => {
  await expect(createHarness().client.revokeKey({ key: '' }, {})).rejects.toMatchObject({ kind: 'invalid_request' });
});

test('the request of a GET goes into the query, without what is left out', async () => {
  const scope = nock('https://store.example')
    .get('/v1/dead-letters')
    .query({ sync: 'erp-customers' })
    .reply(200, { deadLetters: [], total: 0, nextAfter: null, contractVersion: '1.1.1' });
  await createHarness().client.listDeadLetters({}, { sync: 'erp-customers' });
  expect(scope.isDone()).toBe(true);
});

test('a store under a path of a proxy is called under it', async () => {
  const scope = nock('https://proxy.example').get('/tidemark/v1/me').reply(200, me);
  await createHarness({ url: 'https://proxy.example/tidemark/' }).client.me({}, {});
  expect(scope.isDone()).toBe(true);
});

test('a reply is parsed: instants in the one form, long integers with all digits, unknown members gone', async () => {
  const body = `{"items":[{"deliveryId":"d1","externalId":"x","updatedAt":"2026-01-01T01:00:00+01:00","digest":"${digest}","attempt":1,"route":"target",
    "openedAt":"2026-01-01","deadlineAt":"2026-01-02","payload":{"n":9007199254740993},"later":1}],"waiting":0}`;
  nock('https://store.example')
    .post(/\/emit$/)
    .reply(200, body, { 'content-type': 'application/json' });
  const cycle = '6f1f0f8e-52d1-4f5e-9d5c-0d9f1d8f6b11';
  const { items } = await createHarness().client.emit({ cycle }, { fence: 1, limit: 1, bytesMax: 1, failure: null });
  expect(items).toEqual([
    expect.objectContaining({ updatedAt: '2026-01-01T00:00:00.000000000Z', payload: { n: '9007199254740993' } }),
  ]);
  expect(items[0]).not.toHaveProperty('later');
});

test('a body that the store would refuse for its size is not sent', async () => {
  const cycle = '6f1f0f8e-52d1-4f5e-9d5c-0d9f1d8f6b11';
  const record = {
    externalId: 'x',
    updatedAt: '2026-01-01',
    digest,
    state: 'ready' as const,
    payload: { text: 'a'.repeat(13_000_000) },
    reason: null,
  };
  const page = {
    fence: 1,
    page: 0,
    tokenDigest: null,
    pageDigest: digest,
    rows: 1,
    first: null,
    last: null,
    records: [record],
    fetched: { cursor: null, token: null },
  };
  await expect(createHarness().client.recordPage({ cycle }, page)).rejects.toMatchObject({ kind: 'too_large' });
});

const errorFrom = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

test.each([
  ['store.example', /not a URL/],
  ['ftp://store.example', /"ftp:": use https/],
  ['http://store.example', /unencrypted/],
  ['http://10.store.example', /unencrypted/],
  ['http://127.0.0.1.evil.example', /unencrypted/],
  ['http://localhost.evil.example', /unencrypted/],
  ['http://8.8.8.8', /unencrypted/],
  ['https://me:pw@store.example', /password/],
  ['https://store.example/?key=1', /query/],
])('the URL %s is refused with what to change', (url, words) => {
  expect(errorFrom(() => createHarness({ url }))).toMatchObject({
    kind: 'invalid_request',
    message: expect.stringMatching(words),
  });
});

test.each([
  'http://localhost:8400',
  'http://127.0.0.1:8400',
  'http://[::1]:8400',
  'http://10.1.2.3',
  'http://192.168.0.9',
  'http://172.20.0.2',
  'http://[fd00::1]',
  'http://store.internal',
])('plain http is taken on a private way: %s', async (url) => {
  const scope = nock(url).get('/v1/me').reply(200, me);
  await createHarness({ url }).client.me({}, {});
  expect(scope.isDone()).toBe(true);
});

test.each(['', 'tdm k1', 'tdm_k1\nx', 'tdm_k1_ü'])('G7 the key %p is refused without being quoted', (key) => {
  expect(errorFrom(() => createHarness({ key }))).toMatchObject({
    kind: 'unauthenticated',
    message: expect.not.stringContaining('tdm'),
  });
});
