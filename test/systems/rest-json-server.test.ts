import { createServer, type Server } from 'node:http';
import jsonServer from 'json-server';
import { z } from 'zod';
import { listenOnLoopback } from '../../demo/processes/server-lifecycle.ts';
import type { SystemContract } from '../../src/core/contract/system-contract.ts';
import { driverOf, restSystem, type Sweep, sweep } from './contracts.ts';

type Contact = { readonly id: number; readonly updatedAt: string; readonly name: string; readonly erpId?: string };
type Paging = NonNullable<Parameters<typeof restSystem>[0]>['paging'];

const ROWS = 523;
const servers: Server[] = [];

/** Four rows share each update time, so that every page edge falls into a tie sooner or later. */
const tiedContacts = (count: number): readonly Contact[] =>
  Array.from({ length: count }, (_row, index) => ({
    id: ((index * 7) % count) + 1,
    updatedAt: new Date(Date.UTC(2026, 0, 1) + Math.floor(index / 4) * 1000).toISOString(),
    name: `Contact ${index}`,
  }));

const serve = async (contacts: readonly object[], clamp = Number.POSITIVE_INFINITY): Promise<string> => {
  const app = jsonServer.create();
  const router = jsonServer.router({ contacts: [...contacts] });
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const limit = url.searchParams.get('_limit');
    if (limit !== null && Number(limit) > clamp) url.searchParams.set('_limit', String(clamp));
    Object.assign(request, { url: `${url.pathname}${url.search}` });
    app(request, response);
  });
  app.use(jsonServer.defaults({ logger: false, noGzip: true, noCors: true }));
  app.use(router);
  servers.push(server);
  return listenOnLoopback(server, 0);
};

const crm = (baseUrl: string, paging: Paging, more: Parameters<typeof restSystem>[0] = {}): SystemContract =>
  restSystem(
    {
      sinceParam: 'updatedAt_gte',
      pageSizeParam: '_limit',
      params: { _sort: 'updatedAt,id', _order: 'asc,asc', ...(paging?.style === 'link' ? { _page: '1' } : {}) },
      findMany: 'repeat',
      ...(paging === undefined ? {} : { paging }),
      ...more,
    },
    { baseUrl },
  );

const offset: Paging = { style: 'offset', param: '_start' };
const keyset: Paging = { style: 'keyset' };
const idsOf = (result: Sweep): readonly number[] => result.records.map(({ id }) => Number(id));
const everyId = Array.from({ length: ROWS }, (_row, index) => index + 1);

const send = async (url: string, method: string, body?: object): Promise<void> => {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  expect(response.ok).toBe(true);
  await response.arrayBuffer();
};

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe.each([
  ['keyset', keyset],
  ['offset', offset],
  ['link', { style: 'link' }],
] as const)('reading by %s', (_name, paging) => {
  test.each([7, 100, 600])('ties over page edges are read once each, %i rows a page', async (pageSize) => {
    const url = await serve(tiedContacts(ROWS));
    const result = await sweep(() => driverOf(crm(url, paging)), { pageSize });
    expect(result.end).toEqual({ kind: 'end' });
    expect(idsOf(result).toSorted((a, b) => a - b)).toEqual(everyId);
  });

  test('a page size that the server silently cuts to 50 loses nothing', async () => {
    const url = await serve(tiedContacts(ROWS), 50);
    const result = await sweep(() => driverOf(crm(url, paging)), { pageSize: 500 });
    expect(result.end).toEqual({ kind: 'end' });
    expect(new Set(idsOf(result)).size).toBe(ROWS);
  });
});

describe.each([
  ['keyset', keyset],
  ['offset', offset],
] as const)('reading by %s while others write', (_name, paging) => {
  test('rows deleted and updated behind the reader hide no other row', async () => {
    const contacts = tiedContacts(ROWS);
    const url = await serve(contacts);
    const gone = contacts.slice(0, 8).map(({ id }) => id);
    const moved = contacts.slice(20, 24).map(({ id }) => id);
    const result = await sweep(() => driverOf(crm(url, paging)), {
      pageSize: 50,
      between: async (page) => {
        const [remove, touch] = [gone[page - 2], moved[page - 3]];
        if (remove !== undefined) await send(`${url}/contacts/${remove}`, 'DELETE');
        if (touch !== undefined) {
          await send(`${url}/contacts/${touch}`, 'PATCH', { updatedAt: '2026-02-01T00:00:00.000Z', name: 'moved' });
        }
      },
    });
    expect(result.end).toEqual({ kind: 'end' });
    const seen = new Set(idsOf(result));
    expect(everyId.filter((id) => !seen.has(id))).toEqual([]);
    expect(new Set(result.records.filter(({ body }) => body['name'] === 'moved').map(({ id }) => Number(id)))).toEqual(
      new Set(moved),
    );
  });
});

test('a plain loop over the same offsets does lose rows, so that the test above could fail', async () => {
  const contacts = tiedContacts(ROWS);
  const url = await serve(contacts);
  const seen = new Set<number>();
  for (let start = 0; start < ROWS; start += 50) {
    const response = await fetch(`${url}/contacts?_sort=updatedAt,id&_order=asc,asc&_start=${start}&_limit=50`);
    for (const { id } of z.array(z.object({ id: z.number() })).parse(await response.json())) seen.add(id);
    await send(`${url}/contacts/${contacts[start / 50]?.id ?? 0}`, 'DELETE');
  }
  expect(seen.size).toBeLessThan(ROWS);
});

test('rows without an ID or a time are named by place and digest, and do not stop the page', async () => {
  const url = await serve([
    { id: 1, updatedAt: '2026-01-01T00:00:00Z' },
    { id: '', updatedAt: '2026-01-01T00:00:01Z' },
    { id: 3, updatedAt: '2026-01-01T00:00:02Z' },
    { id: 4, updatedAt: null },
  ]);
  const result = await sweep(() => driverOf(crm(url, keyset, { sinceParam: 'updatedAt_gte' })), { pageSize: 10 });
  expect(result.end).toEqual({ kind: 'end' });
  expect(idsOf(result)).toEqual([1, 3]);
  expect(new Set(result.unusable.map(({ reason }) => reason))).toEqual(new Set(['no usable ID', 'no update time']));
  expect(result.unusable.every(({ digest }) => /^[\da-f]{64}$/.test(digest))).toBe(true);
});

test('the creation time stands in where the update time is empty', async () => {
  const url = await serve([
    { id: 1, updatedAt: null, createdAt: '2026-01-01T00:00:00Z' },
    { id: 2, updatedAt: '2026-01-02T00:00:00Z', createdAt: '2026-01-01T00:00:00Z' },
  ]);
  const system = crm(url, keyset, { createdAtField: 'createdAt', params: { _sort: 'createdAt,id' } });
  const reply = await driverOf(system).readPage({ since: null, token: null, pageSize: 10 });
  if (reply.kind !== 'page') throw new Error(reply.failure.reason);
  expect(reply.records.map(({ id, updatedAt }) => [id, updatedAt.slice(0, 10)])).toEqual([
    ['1', '2026-01-01'],
    ['2', '2026-01-02'],
  ]);
});

describe('lookups', () => {
  const linked = (count: number): readonly Contact[] =>
    tiedContacts(count).map((row) => ({ ...row, erpId: `E-${row.id}` }));

  const found = async (system: SystemContract, values: readonly string[], field = 'erpId') => {
    const reply = await driverOf(system).find(field, values);
    return reply.kind === 'failed'
      ? reply.failure
      : Object.fromEntries([...reply.byValue].map(([value, records]) => [value, records.map(({ id }) => id)]));
  };

  test('several keys are found in one call, copies included, and what is not there is left out', async () => {
    const url = await serve([...linked(30), { id: 99, updatedAt: '2026-01-01T00:00:00Z', name: 'copy', erpId: 'E-2' }]);
    expect(await found(crm(url, offset), ['E-1', 'E-2', 'E-404'])).toEqual({ 'E-1': ['1'], 'E-2': ['99', '2'] });
    expect(await found(crm(url, offset, { findMany: 'none' }), ['E-2'])).toEqual({ 'E-2': ['99', '2'] });
  });

  test('one key a call is all that an API without lists takes', async () => {
    const driver = driverOf(crm(await serve([]), offset, { findMany: 'none' }));
    expect(driver.findBatchMax).toBe(1);
    await expect(driver.find('erpId', ['a', 'b'])).rejects.toThrow(RangeError);
    await expect(driver.find('erpId', [''])).rejects.toThrow(RangeError);
  });

  test('records are read by their IDs', async () => {
    const reply = await driverOf(crm(await serve(linked(30)), keyset)).readByIds(['3', '4', '31']);
    expect(reply.kind === 'found' && [...reply.byValue.keys()].toSorted()).toEqual(['3', '4']);
  });

  // json-server ignores a filter on a field that no row has, and answers with everything.
  test('a filter that is ignored over a handful of rows finds nothing, because those are all the rows', async () => {
    const url = await serve(tiedContacts(3));
    expect(await found(crm(url, keyset), ['E-1'])).toEqual({});
    expect(await found(crm(url, offset), ['E-1'])).toEqual({});
  });

  test('a filter that is ignored over many rows is malformed where nobody can tell whether there are more', async () => {
    const url = await serve(tiedContacts(60));
    expect(await found(crm(url, keyset), ['E-1'])).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('filter ignored'),
    });
  });

  test('a filter that is ignored over many rows finds nothing once all of them were read', async () => {
    const url = await serve(tiedContacts(60), 25);
    expect(await found(crm(url, offset), ['E-1'])).toEqual({});
  });

  test('an answer that fills a page is malformed instead of missing copies', async () => {
    const url = await serve(linked(30));
    const values = Array.from({ length: 20 }, (_value, index) => `E-${index + 1}`);
    expect(await found(crm(url, keyset, { pageSize: 20 }), values)).toMatchObject({ kind: 'malformed' });
    expect(await found(crm(url, offset, { pageSize: 20 }), values)).toHaveProperty('E-20', ['20']);
  });

  test('an answer that the server cut to its own page size is malformed instead of missing records', async () => {
    const url = await serve(linked(60), 15);
    const values = Array.from({ length: 18 }, (_value, index) => `E-${index + 1}`);
    expect(await found(crm(url, keyset), values)).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('left out'),
    });
    expect(await found(crm(url, offset), values)).toHaveProperty('E-18', ['18']);
  });

  // Express turns a parameter repeated more than 20 times into something that matches no row.
  test('a list that the server does not understand is malformed instead of finding nothing', async () => {
    const url = await serve(linked(60));
    const values = Array.from({ length: 40 }, (_value, index) => `E-${index + 1}`);
    expect(await found(crm(url, keyset), values)).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('findBatchMax'),
    });
  });

  test('a list of which nothing is there finds nothing', async () => {
    expect(await found(crm(await serve(linked(60)), keyset), ['E-101', 'E-102', 'E-103'])).toEqual({});
  });
});

describe('writes', () => {
  test('a record is created, updated in part, and missing once deleted', async () => {
    const url = await serve([]);
    const driver = driverOf(crm(url, keyset));
    expect(driver.nativeUpsert).toBe(false);
    const created = await driver.write({
      kind: 'create',
      fields: { erpId: 'E-1', name: 'Hello {{bundle.x}}', city: 'Bern' },
    });
    expect(created).toEqual({ kind: 'written', targetId: '1', created: true });
    expect(await driver.write({ kind: 'update', targetId: '1', fields: { name: 'Ann' } })).toEqual({
      kind: 'written',
      targetId: '1',
      created: false,
    });
    const reply = await driver.find('erpId', ['E-1']);
    expect(reply.kind === 'found' && reply.byValue.get('E-1')?.[0]?.body).toMatchObject({ name: 'Ann', city: 'Bern' });
    await send(`${url}/contacts/1`, 'DELETE');
    expect(await driver.write({ kind: 'update', targetId: '1', fields: { name: 'Ann' } })).toEqual({ kind: 'missing' });
  });

  test('PUT replaces the whole record when the contract says so', async () => {
    const url = await serve([{ id: 1, updatedAt: '2026-01-01T00:00:00Z', city: 'Bern' }]);
    const driver = driverOf(crm(url, keyset, { write: { mode: 'find-then-write', updateMethod: 'PUT' } }));
    await driver.write({ kind: 'update', targetId: '1', fields: { name: 'Ann' } });
    const reply = await driver.readByIds(['1']);
    expect(reply.kind === 'found' && reply.byValue.get('1')?.[0]?.body).toEqual({ id: 1, name: 'Ann' });
  });
});
