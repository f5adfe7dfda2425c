import type { SystemContract } from '../../../src/core/contract/system-contract.ts';
import { createSmallStore } from './small-store.ts';
import { closeServers, problemIn, startServer } from './harness.ts';

afterEach(closeServers);

const digest = 'a'.repeat(64);
const cycle = '6f1f0f8e-52d1-4f5e-9d5c-0d9f1d8f6b11';
const pages = `/v1/cycles/${cycle}/pages`;
const json = { 'content-type': 'application/json' };

const record = {
  externalId: 'x1',
  updatedAt: '2026-01-01T00:00:00Z',
  digest,
  state: 'ready',
  payload: {},
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

test('G7 a body is refused with a pointer to each fault and without the values found there', async () => {
  const { send } = startServer(createSmallStore());
  const payload = { ...page, fence: 'hunter2', records: [record, { ...record, digest: 'hunter2' }] };
  const reply = await send('sync', { method: 'POST', url: pages, payload });
  expect(problemIn(reply)).toMatchObject({
    status: 400,
    errors: [{ pointer: '/fence' }, { pointer: '/records/1/digest', detail: expect.stringContaining('SHA-256') }],
  });
  expect(reply.body).not.toContain('hunter2');
});

test('one answer names the faults of the path and of the body', async () => {
  const { send } = startServer(createSmallStore());
  const reply = await send('sync', {
    method: 'POST',
    url: '/v1/cycles/not-a-uuid/pages',
    payload: { ...page, rows: -1 },
  });
  expect(problemIn(reply).errors).toMatchObject([
    { pointer: '/cycle', detail: expect.stringContaining('path parameter') },
    { pointer: '/rows', detail: expect.stringContaining('body') },
  ]);
});

test('a pointer escapes the slash and the tilde of a name', async () => {
  const { send } = startServer(createSmallStore());
  const contract = {
    tidemark: 'system/v1',
    name: 'crm',
    environment: 'pilot',
    baseUrl: 'https://crm.example',
    driver: 'odata',
    entities: { 'a/b~c': { set: 1 } },
  };
  const reply = await send('admin', { method: 'PUT', url: '/v1/systems/crm', payload: { contract, ticket: 'T-1' } });
  expect(problemIn(reply).errors?.map((one) => one.pointer)).toContain('/contract/entities/a~1b~0c');
});

test('a hundred faults are answered with twenty', async () => {
  const { send } = startServer(createSmallStore());
  const reply = await send('sync', {
    method: 'POST',
    url: pages,
    payload: { ...page, records: Array.from({ length: 100 }, () => 1) },
  });
  expect(problemIn(reply)).toMatchObject({ detail: 'The request has 100 faults' });
  expect(problemIn(reply).errors).toHaveLength(20);
});

test('a query is parsed into numbers and given its defaults', async () => {
  const store = createSmallStore({
    listEvidence: (_caller, _params, request) =>
      Promise.resolve({ entries: [], treeSize: request.after * 1000 + request.limit, rootHash: digest }),
  });
  const { send } = startServer(store);
  expect((await send('reader', { url: '/v1/evidence?after=7' })).json()).toMatchObject({ treeSize: 7100 });
});

test('a query parameter that nobody knows is refused rather than ignored', async () => {
  const { send } = startServer(createSmallStore());
  expect(problemIn(await send('reader', { url: '/v1/evidence?afer=7' })).errors).toMatchObject([{ pointer: '/afer' }]);
});

test.each([
  ['JSON that breaks off', '{"secretName": "hunter2', json, 'The body is not JSON'],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), json, 'The body is not UTF-8'],
  ['another content type', 'hunter2', { 'content-type': 'text/plain' }, 'application/json'],
  ['no body at all', '', json, 'The request has 1 fault'],
])('%s is a 400 problem that does not quote it', async (_what, payload, headers, words) => {
  const { send } = startServer(createSmallStore());
  const reply = await send('sync', { method: 'POST', url: pages, payload, headers });
  expect(problemIn(reply)).toMatchObject({ status: 400, detail: expect.stringContaining(words) });
  expect(reply.body).not.toContain('hunter2');
});

test('a DELETE may name a content type and send nothing', async () => {
  const { send } = startServer(createSmallStore({ revokeKey: () => Promise.resolve({ revoked: true }) }));
  expect((await send('admin', { method: 'DELETE', url: '/v1/keys/k1', headers: json })).json()).toEqual({
    revoked: true,
  });
});

test('a body nested a hundred thousand deep is refused, and the server lives on', async () => {
  const { send } = startServer(createSmallStore());
  const payload = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect((await send('sync', { method: 'POST', url: pages, payload, headers: json })).statusCode).toBe(400);
  expect((await send('sync', { url: '/healthz' })).statusCode).toBe(200);
});

test('a body over the limit is answered 413 with the limit', async () => {
  const { send } = startServer(createSmallStore(), { requestBytesMax: 1000 });
  const reply = await send('sync', { method: 'POST', url: pages, payload: { ...page, pageDigest: 'a'.repeat(1000) } });
  expect(problemIn(reply)).toMatchObject({ status: 413, detail: expect.stringContaining('1000 bytes') });
});

test('integers beyond 2^53 reach the operation with all their digits', async () => {
  let seen: unknown;
  const store = createSmallStore({
    recordPage: (_caller, _params, request) => {
      seen = request.records[0]?.payload;
      return Promise.resolve({ checkpointVersion: 1, opened: 1, unchanged: 0, late: 0 });
    },
  });
  const { send } = startServer(store);
  const payload = JSON.stringify(page).replace('"payload":{}', '"payload":{"number":9007199254740993}');
  expect((await send('sync', { method: 'POST', url: pages, payload, headers: json })).statusCode).toBe(200);
  expect(seen).toEqual({ number: '9007199254740993' });
});

test('an operation is given a contract with the defaults filled in', async () => {
  let seen: SystemContract | undefined;
  const store = createSmallStore({
    applySystem: (_caller, _params, request) => {
      seen = request.contract;
      return Promise.resolve({ version: 1, changed: true });
    },
  });
  const { send } = startServer(store);
  const contract = {
    tidemark: 'system/v1',
    name: 'crm',
    environment: 'pilot',
    baseUrl: 'https://crm.example',
    driver: 'odata',
    entities: { contact: { set: 'Contacts', idField: 'ID', updatedAtField: 'modifiedAt' } },
  };
  await send('admin', { method: 'PUT', url: '/v1/systems/crm', payload: { contract, ticket: 'T-1' } });
  expect(seen).toMatchObject({ auth: { kind: 'none' }, entities: { contact: { pageSize: 500 } } });
});
