import { createSmallStore } from './small-store.ts';
import { closeServers, problemIn, startServer } from './harness.ts';

afterEach(closeServers);

const evidence = { entries: [], treeSize: 0, rootHash: '0'.repeat(64) };

test('a request without a key is answered 401 with the scheme to use', async () => {
  const { app } = startServer(createSmallStore());
  const reply = await app.inject({ url: '/v1/me' });
  expect(problemIn(reply)).toMatchObject({ status: 401, type: 'urn:tidemark:problem:unauthenticated' });
  expect(reply.headers['www-authenticate']).toContain('Bearer');
});

test.each(['Bearer wrong', 'Basic dGRtOnRkbQ==', 'Bearer', `Bearer ${'x'.repeat(300)}`, 'Bearer a b'])(
  'the header %p opens nothing',
  async (authorization) => {
    const { app } = startServer(createSmallStore());
    expect((await app.inject({ url: '/v1/me', headers: { authorization } })).statusCode).toBe(401);
  },
);

test('a body is not read for a caller without a key', async () => {
  const { app } = startServer(createSmallStore());
  const reply = await app.inject({
    method: 'POST',
    url: '/v1/keys',
    headers: { 'content-type': 'application/json' },
    payload: '{"broken"',
  });
  expect(reply.statusCode).toBe(401);
});

test('G8 a role that may not call is refused before the operation runs, and the refusal is recorded', async () => {
  let ran = false;
  const store = createSmallStore({
    createKey: () => {
      ran = true;
      return Promise.resolve({ keyId: 'k', key: 'secret', environment: 'pilot' });
    },
  });
  const { send } = startServer(store);
  const reply = await send('operator', {
    method: 'POST',
    url: '/v1/keys',
    payload: { name: 'zap-key', role: 'admin', expiresAt: null },
  });
  expect(problemIn(reply)).toMatchObject({ status: 403, detail: expect.stringContaining('"operator"') });
  expect(ran).toBe(false);
  expect(store.refused).toMatchObject([{ caller: { keyId: 'key-operator' }, route: 'POST /v1/keys' }]);
});

test('G8 a refusal that cannot be recorded is a failure, not a quiet 403', async () => {
  const store = createSmallStore({}, { recordRefusal: () => Promise.reject(new Error('disk full')) });
  const { send } = startServer(store);
  const reply = await send('reader', {
    method: 'POST',
    url: '/v1/keys',
    payload: { name: 'zap-key', role: 'admin', expiresAt: null },
  });
  expect(reply.statusCode).toBe(500);
});

test('a role of the route is let through with its own caller', async () => {
  const store = createSmallStore({
    listEvidence: (caller) => Promise.resolve(caller.role === 'auditor' ? evidence : { ...evidence, headSequence: 9 }),
  });
  const { send } = startServer(store);
  expect((await send('auditor', { url: '/v1/evidence' })).json()).toEqual(evidence);
});

test.each(['/healthz', '/readyz', '/v1/openapi.json'])('%s needs no key', async (url) => {
  const { app } = startServer(createSmallStore());
  expect((await app.inject({ url })).statusCode).toBe(200);
});

test('a path that is no operation is a 404 problem, with or without a key', async () => {
  const { app, send } = startServer(createSmallStore());
  expect(problemIn(await app.inject({ url: '/v1/nothing' })).status).toBe(404);
  expect(problemIn(await send('admin', { method: 'DELETE', url: '/v1/me' })).status).toBe(404);
});

test.each([
  ['/v1/dead-letters/replays', {}],
  ['/v1/dead-letters/6f1d1c1e-0a4f-4c53-9f0e-2f6f3a9d7b11/resolution', {}],
  ['/v1/held/1/waiver', {}],
])('G8 only an operator or an admin may POST %s', async (url, payload) => {
  const { send } = startServer(createSmallStore());
  const statuses = await Promise.all(
    (['reader', 'auditor', 'sync', 'approver', 'operator', 'admin'] as const).map(
      async (role) => (await send(role, { method: 'POST', url, payload })).statusCode,
    ),
  );
  expect(statuses).toEqual([403, 403, 403, 403, 400, 400]);
});
