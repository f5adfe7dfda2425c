import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { DatabaseBusyError } from '../../../src/store/sql/database/database-error.ts';
import { createSmallStore } from './small-store.ts';
import { closeServers, problemIn, startServer } from './harness.ts';

afterEach(closeServers);

const me = { keyId: 'k1', name: 'zap', role: 'sync', environment: 'pilot', storeVersion: '1.2.3' } as const;

test('members that the protocol does not know do not leave the store', async () => {
  const { send } = startServer(createSmallStore({ me: () => Promise.resolve({ ...me, secretHash: 'hunter2' }) }));
  expect((await send('sync', { url: '/v1/me' })).json()).toEqual(me);
});

test('instants leave in the one form', async () => {
  const checkpoint = {
    version: 0,
    startAt: '2026-01-01T01:00:00+01:00',
    fetched: { cursor: null, token: null },
    committed: null,
  };
  const { send } = startServer(createSmallStore({ openStream: () => Promise.resolve({ created: true, checkpoint }) }));
  const reply = await send('sync', {
    method: 'PUT',
    url: '/v1/streams/customers/zap-1',
    payload: { start: { kind: 'now' } },
  });
  expect(reply.json()).toMatchObject({ checkpoint: { startAt: '2026-01-01T00:00:00.000000000Z' } });
});

test('a reply that breaks the protocol is a failure of the store', async () => {
  const { send, lines } = startServer(
    createSmallStore({ me: () => Promise.resolve({ ...me, keyId: JSON.parse('17') }) }),
  );
  expect(problemIn(await send('sync', { url: '/v1/me' })).status).toBe(500);
  expect(lines.join('')).toContain('keyId');
});

test('G7 an unexpected failure shows an error ID, under which the log has the cause', async () => {
  const failure = Object.assign(new Error('relation "obligation" does not exist'), {
    detail: 'Key (external_id)=(hunter2)',
  });
  const { send, lines } = startServer(createSmallStore({ me: () => Promise.reject(failure) }));
  const reply = await send('sync', { url: '/v1/me' });
  const { detail, status } = problemIn(reply);
  const errorId = /error ID (\S+)$/.exec(detail)?.[1] ?? 'none';
  expect({ status, header: reply.headers['x-request-id'] }).toEqual({ status: 500, header: errorId });
  expect(reply.body).not.toContain('obligation');
  expect(lines.filter((line) => line.includes(errorId)).join('')).toContain('relation');
  expect(lines.join('')).not.toContain('hunter2');
});

test('G7 neither keys nor bodies nor queries reach the log', async () => {
  const { send, lines } = startServer(createSmallStore());
  await send('reader', { url: '/v1/dead-letters?sync=hunter2-sync' });
  await send('admin', {
    method: 'POST',
    url: '/v1/keys',
    payload: { name: 'hunter2', role: 'admin', expiresAt: null },
  });
  const logged = lines.join('');
  expect(logged).toContain('"route":"/v1/keys"');
  expect(logged).toContain('"keyId":"key-admin"');
  expect(logged).not.toMatch(/hunter2|tdm_/);
});

test.each([
  ['not_found', 404, null],
  ['conflict', 409, null],
  ['fenced', 409, null],
  ['forbidden', 403, null],
  ['too_large', 413, null],
  ['unavailable', 503, '2'],
  ['unreachable', 503, '2'],
] as const)('the store error %s is answered %d', async (kind, status, retryAfter) => {
  const { send } = startServer(
    createSmallStore({ me: () => Promise.reject(new StoreError(kind, 'Stream "zap-1" says no')) }),
  );
  const reply = await send('sync', { url: '/v1/me' });
  expect(problemIn(reply)).toMatchObject({ status, detail: 'Stream "zap-1" says no' });
  expect(reply.headers['retry-after'] ?? null).toBe(retryAfter);
});

test.each([
  ['no connection was free', new DatabaseBusyError('busy')],
  ['the server was shut down', Object.assign(new Error('terminating connection'), { code: '57P01' })],
  ['a deadlock', Object.assign(new Error('deadlock detected'), { code: '40P01' })],
])('a database that cannot work now is a 503 to try again: %s', async (_what, failure) => {
  const { send, lines } = startServer(createSmallStore({ me: () => Promise.reject(failure) }));
  const reply = await send('sync', { url: '/v1/me' });
  expect(problemIn(reply).status).toBe(503);
  expect(reply.headers['retry-after']).toBe('2');
  expect(lines.join('')).toContain(failure.message);
});

test.each(['/healthz', '/v1/me', '/nowhere'])(
  'the reply of %s may be neither stored nor sniffed nor framed',
  async (url) => {
    const { app } = startServer(createSmallStore());
    expect((await app.inject({ url })).headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
  },
);

test('a store whose database fails is alive and not ready', async () => {
  const { app, lines } = startServer(
    createSmallStore({}, { ping: () => Promise.reject(new Error('connection refused')) }),
  );
  expect((await app.inject({ url: '/healthz' })).json()).toEqual({ status: 'alive', version: '1.2.3' });
  expect(problemIn(await app.inject({ url: '/readyz' })).status).toBe(503);
  expect(lines.join('')).toContain('connection refused');
});

test('a store whose database hangs is not ready', async () => {
  const { app } = startServer(createSmallStore({}, { ping: () => new Promise(() => undefined) }), {
    readyTimeoutMs: 20,
  });
  expect(problemIn(await app.inject({ url: '/readyz' })).status).toBe(503);
});
