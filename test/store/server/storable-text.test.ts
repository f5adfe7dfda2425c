import type { InjectOptions } from 'fastify';
import { routes, type RouteName } from '../../../src/core/protocol/routes.ts';
import { closeServers, problemIn, startServer } from './harness.ts';
import { createSmallStore } from './small-store.ts';

afterEach(closeServers);

const digest = 'a'.repeat(64);
const uuid = '6f1f0f8e-52d1-4f5e-9d5c-0d9f1d8f6b11';
const at = '2026-01-01T00:00:00Z';

type Body = (text: string) => object;

const completed = (outcome: object) => ({ items: [{ intentId: uuid, fence: 1, attempts: 1, outcome }] });

const paged =
  (change: Body): Body =>
  (text) => ({
    fence: 1,
    page: 0,
    tokenDigest: null,
    pageDigest: digest,
    rows: 1,
    first: null,
    last: null,
    records: [],
    fetched: { cursor: null, token: null },
    ...change(text),
  });

const sliced =
  (change: Body): Body =>
  (text) => ({
    fence: 1,
    slice: 0,
    source: 1,
    matched: 1,
    unusable: 0,
    sourceDigest: digest,
    targetDigest: digest,
    differences: [],
    token: null,
    last: null,
    end: null,
    endReason: null,
    ...change(text),
  });

const record = (reason: string) => ({ externalId: 'x1', updatedAt: at, digest, state: 'held', payload: {}, reason });
const difference = (field: string) => ({
  externalId: 'x1',
  updatedAt: at,
  digest,
  kind: 'changed',
  fields: [field],
  payload: null,
});
const sweep = (id: string) => ({
  id: uuid,
  since: null,
  last: { updatedAt: at, id },
  trail: { tokens: 0, kept: null },
});
const edge = (contract: string) => ({ contract, keepFrom: null, bound: at, isOver: true });
const system = {
  tidemark: 'system/v1',
  name: 'crm',
  environment: 'pilot',
  baseUrl: 'https://crm.example',
  driver: 'odata',
  entities: { contact: { set: 'Contacts', idField: 'ID', updatedAtField: 'modifiedAt' } },
};

// Each text that a caller may make of what others sent, and that the database is to keep.
const texts: readonly (readonly [RouteName, string, Body])[] = [
  ['completeWrites', '/items/0/outcome/reason', (reason) => completed({ kind: 'unknown', reason })],
  ['completeWrites', '/items/0/outcome/reason', (reason) => completed({ kind: 'not_sent', reason })],
  ['completeWrites', '/items/0/outcome/reason', (reason) => completed({ kind: 'failed', errorClass: 'x', reason })],
  [
    'completeWrites',
    '/items/0/outcome/errorClass',
    (errorClass) => completed({ kind: 'failed', errorClass, reason: 'x' }),
  ],
  ['recordPage', '/records/0/reason', paged((reason) => ({ records: [record(reason)] }))],
  ['recordPage', '/first/id', paged((id) => ({ first: { updatedAt: at, id } }))],
  ['recordPage', '/last/id', paged((id) => ({ last: { updatedAt: at, id } }))],
  ['recordPage', '/fetched/cursor/id', paged((id) => ({ fetched: { cursor: { updatedAt: at, id }, token: null } }))],
  [
    'recordPage',
    '/fetched/sweep/last/id',
    paged((id) => ({ fetched: { cursor: null, token: null, sweep: sweep(id) } })),
  ],
  ['recordPage', '/edge/contract', paged((contract) => ({ edge: edge(contract) }))],
  ['emit', '/failure', (failure) => ({ fence: 1, limit: 1, bytesMax: 1, failure })],
  ['recordSlice', '/endReason', sliced((endReason) => ({ endReason }))],
  ['recordSlice', '/last/id', sliced((id) => ({ last: { updatedAt: at, id } }))],
  ['recordSlice', '/differences/0/fields/0', sliced((field) => ({ differences: [difference(field)] }))],
  [
    'openCycle',
    '/knownContract',
    (knownContract) => ({ cycleId: uuid, sync: 'people', stream: 'main', knownContract }),
  ],
  ['applySystem', '/ticket', (ticket) => ({ contract: system, ticket })],
];

const urls: Partial<Record<RouteName, string>> = {
  recordPage: `/v1/cycles/${uuid}/pages`,
  emit: `/v1/cycles/${uuid}/emit`,
  recordSlice: `/v1/reconciliations/${uuid}/slices`,
  applySystem: '/v1/systems/crm',
};

const requestOf = (name: RouteName, payload: object): InjectOptions => {
  const { method, path } = routes[name];
  return { method, url: urls[name] ?? path, payload };
};

const roleOf = (name: RouteName) => (name === 'applySystem' ? 'admin' : 'sync');

describe.each([
  ['a NUL', 'before\0after'],
  ['half of a character', 'before\ud800after'],
])('%s, which PostgreSQL cannot keep', (_what, text) => {
  test.each(texts)('in %s at %s is refused before the call begins', async (name, pointer, body) => {
    const { send } = startServer(createSmallStore());
    const reply = await send(roleOf(name), requestOf(name, body(text)));
    expect(problemIn(reply)).toMatchObject({ status: 400, errors: [{ pointer }] });
  });
});

test('the ID of a key is looked up only when it could be one', async () => {
  const { send } = startServer(createSmallStore());
  const reply = await send('admin', { method: 'DELETE', url: '/v1/keys/k%00' });
  expect(problemIn(reply)).toMatchObject({ status: 400, errors: [{ pointer: '/key' }] });
});
