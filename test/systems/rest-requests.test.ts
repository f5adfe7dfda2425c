import nock from 'nock';
import { parseInstant } from '../../src/core/instant.ts';
import { driverOf, restSystem, sweep } from './contracts.ts';

const HOST = 'https://crm.example.com';
const row = (id: number | string, second: number) => ({
  id,
  updatedAt: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`,
});

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

// What nock puts into Node's own modules outlives this file, and the next one in the same process would put it in twice.
afterAll(() => nock.restore());

describe('what the query says', () => {
  test.each([
    ['iso', '2026-01-01T00:00:00.123Z'],
    ['epoch-ms', '1767225600123'],
    ['epoch-s', '1767225600'],
  ] as const)('the start is written as %s, never later than asked', async (timestamp, text) => {
    const scope = nock(HOST).get('/api/contacts').query({ updatedAt_gte: text, order: 'updated' }).reply(200, []);
    const since = parseInstant('2026-01-01T00:00:00.1239Z') ?? null;
    await driverOf(restSystem({ timestamp, params: { order: 'updated' } })).readPage({
      since,
      token: null,
      pageSize: 5,
    });
    expect(scope.isDone()).toBe(true);
  });

  test('values joined by commas leave one with a comma of its own to a lookup apart', async () => {
    nock(HOST)
      .get('/api/contacts')
      .query({ 'filter[erpId]': 'a,b' })
      .reply(200, [
        { id: 1, erpId: 'a' },
        { id: 2, erpId: 'b' },
      ]);
    nock(HOST)
      .get('/api/contacts')
      .query({ 'filter[erpId]': 'c,d' })
      .reply(200, [{ id: 3, erpId: 'c,d' }]);
    const driver = driverOf(restSystem({ findParam: 'filter[{field}]', findMany: 'comma' }));
    const reply = await driver.find('erpId', ['a', 'b', 'c,d']);
    expect(reply.kind === 'found' && [...reply.byValue.keys()]).toEqual(['a', 'b', 'c,d']);
  });

  test('keys go into a template as JSON strings, whatever they hold, many in one request', async () => {
    const keys = ['a', 'b"],"$or":[{', '{field}{values}', 'c\\'];
    const where = JSON.stringify({ erpId: { $in: keys } });
    const rows = keys.map((erpId, id) => ({ id, erpId }));
    nock(HOST).get('/api/contacts').query({ where }).reply(200, rows);
    const system = restSystem({ findParam: 'where', findTemplate: '{"{field}":{"$in":[{values}]}}' });
    const reply = await driverOf(system).find('erpId', keys);
    expect(reply.kind === 'found' && [...reply.byValue.keys()]).toEqual(keys);
  });

  test('a template that takes one key is asked once for each', async () => {
    const get = (id: string) =>
      nock(HOST)
        .get('/api/contacts')
        .query({ q: `erpId="${id}"` });
    get('a').reply(200, [{ id: 1, erpId: 'a' }]);
    const driver = driverOf(restSystem({ findParam: 'q', findTemplate: '{field}={values}', findBatchMax: 1 }));
    expect(driver.findBatchMax).toBe(1);
    expect(await driver.find('erpId', ['a'])).toMatchObject({ kind: 'found' });
  });

  test('an API that reads one of repeated parameters only is found out', async () => {
    nock(HOST)
      .get('/api/contacts')
      .query({ erpId: ['a', 'b'] })
      .reply(200, [{ id: 2, erpId: 'b' }]);
    nock(HOST)
      .get('/api/contacts')
      .query({ erpId: 'a' })
      .reply(200, [{ id: 1, erpId: 'a' }]);
    const reply = await driverOf(restSystem({ findMany: 'repeat' })).find('erpId', ['a', 'b']);
    expect(reply).toMatchObject({
      kind: 'failed',
      failure: { kind: 'malformed', reason: expect.stringContaining('findMany') },
    });
  });

  test('a record that differs in case only is not the one asked for, and no sign of a filter ignored', async () => {
    nock(HOST)
      .get('/api/contacts')
      .query({ erpId: 'ab' })
      .reply(200, [{ id: 1, erpId: 'AB' }]);
    const reply = await driverOf(restSystem()).find('erpId', ['ab']);
    expect(reply).toEqual({ kind: 'found', byValue: new Map() });
  });

  test('a number of 19 digits is found by its digits', async () => {
    nock(HOST).get('/api/contacts').query({ id: '9223372036854775807' }).reply(200, '[{"id":9223372036854775807}]');
    const reply = await driverOf(restSystem()).readByIds(['9223372036854775807']);
    expect(reply.kind === 'found' && reply.byValue.get('9223372036854775807')?.[0]?.id).toBe('9223372036854775807');
  });
});

describe('paging by cursor', () => {
  const system = restSystem({
    recordsAt: 'data.items',
    paging: { style: 'cursor', param: 'after', nextAt: 'paging.next' },
  });
  const page = (rows: readonly object[], next?: string) => ({
    data: { items: rows },
    paging: next === undefined ? {} : { next },
  });
  const get = (query: Record<string, string>) => nock(HOST).get('/api/contacts').query(query);

  test('goes on with the cursor and the same start, over an empty page, until there is none', async () => {
    const since = parseInstant('2026-01-01T00:00:00Z');
    if (since === undefined) throw new Error('no instant');
    const start = { updatedAt_gte: '2026-01-01T00:00:00.000Z' };
    get(start).reply(200, page([row(1, 1)], 'c1'));
    get({ ...start, after: 'c1' }).reply(200, page([], 'c2'));
    get({ ...start, after: 'c2' }).reply(200, page([row(2, 2)]));
    const result = await sweep(() => driverOf(system), { pageSize: 5, since });
    expect(result.records.map(({ id }) => id)).toEqual(['1', '2']);
    expect(result.end).toEqual({ kind: 'end' });
  });

  test('an empty page that repeats its cursor is the end, a page with rows that does is malformed', async () => {
    get({}).reply(200, page([row(1, 1)], 'c1'));
    get({ after: 'c1' }).reply(200, page([], 'c1'));
    expect((await sweep(() => driverOf(system), { pageSize: 5 })).end).toEqual({ kind: 'end' });
    get({}).reply(200, page([row(1, 1)], 'c1'));
    get({ after: 'c1' }).reply(200, page([row(2, 2)], 'c1'));
    expect((await sweep(() => driverOf(system), { pageSize: 5 })).end).toMatchObject({
      kind: 'failed',
      failure: { kind: 'malformed' },
    });
  });

  test('200 with an error in the place of records is malformed, not an empty page', async () => {
    get({}).reply(200, { error: { message: 'Ann is not allowed' } });
    const reply = await driverOf(system).readPage({ since: null, token: null, pageSize: 5 });
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
    expect(JSON.stringify(reply)).not.toContain('Ann');
  });

  test('a cursor that has expired is rejected', async () => {
    get({}).reply(200, page([row(1, 1)], 'c1'));
    get({ after: 'c1' }).reply(422, { error: 'LIST_RECORDS_ITERATOR_NOT_AVAILABLE' });
    expect((await sweep(() => driverOf(system), { pageSize: 5 })).end).toMatchObject({
      failure: { kind: 'rejected', status: 422 },
    });
  });
});

describe('paging by link', () => {
  const system = restSystem({ paging: { style: 'link' } });

  test('follows relative links and stops without one', async () => {
    nock(HOST)
      .get('/api/contacts')
      .reply(200, [row(1, 1)], { link: '<?p=2>; rel="next", <?p=9>; rel=last' });
    nock(HOST)
      .get('/api/contacts')
      .query({ p: '2' })
      .reply(200, [row(2, 2)], { link: '</api/contacts?p=3>; rel="next"' });
    nock(HOST)
      .get('/api/contacts')
      .query({ p: '3' })
      .reply(200, [row(3, 3)], { link: '<https://crm.example.com/api/contacts?p=1>; rel="first"' });
    const result = await sweep(() => driverOf(system), { pageSize: 5 });
    expect(result.records.map(({ id }) => id)).toEqual(['1', '2', '3']);
    expect(result.end).toEqual({ kind: 'end' });
  });

  test.each(['<https://evil.example.net/contacts?p=2>; rel="next"', '<<<; rel='])(
    'a link header of %s is malformed, and nothing is sent elsewhere',
    async (link) => {
      const elsewhere = nock('https://evil.example.net').get('/contacts').query(true).reply(200, []);
      nock(HOST)
        .get('/api/contacts')
        .reply(200, [row(1, 1)], { link });
      expect((await sweep(() => driverOf(system), { pageSize: 5 })).end).toMatchObject({
        failure: { kind: 'malformed' },
      });
      expect(elsewhere.isDone()).toBe(false);
    },
  );
});

describe('writes', () => {
  const native = restSystem({ write: { mode: 'upsert', path: 'contacts/ext/{externalId}' } });

  test.each([
    [201, true],
    [200, false],
  ])('an upsert answered with %i says whether it created', async (status, created) => {
    nock(HOST).put('/api/contacts/ext/a%2Fb%20c%3F').reply(status, { id: 5 });
    const driver = driverOf(native);
    expect(driver.nativeUpsert).toBe(true);
    expect(await driver.write({ kind: 'upsert', externalId: 'a/b c?', fields: {} })).toEqual({
      kind: 'written',
      targetId: '5',
      created,
    });
  });

  test('an upsert answered with 204 says nothing', async () => {
    nock(HOST).put('/api/contacts/ext/x').reply(204);
    expect(await driverOf(native).write({ kind: 'upsert', externalId: 'x', fields: {} })).toEqual({
      kind: 'written',
      targetId: null,
      created: null,
    });
  });

  test('an upsert that several records match is rejected', async () => {
    nock(HOST).put('/api/contacts/ext/x').reply(300, ['/a', '/b']);
    expect(await driverOf(native).write({ kind: 'upsert', externalId: 'x', fields: {} })).toMatchObject({
      failure: { kind: 'rejected', status: 300 },
    });
  });

  test('an external ID stands in no reason', async () => {
    nock(HOST).put('/api/contacts/ext/ann%40example.com').reply(422, { message: 'ann@example.com' });
    const reply = await driverOf(native).write({
      kind: 'upsert',
      externalId: 'ann@example.com',
      fields: { email: 'ann@example.com' },
    });
    expect(reply).toMatchObject({
      failure: { kind: 'rejected', reason: 'Cannot PUT /contacts/ext/{externalId} of system "crm": status 422' },
    });
  });

  test.each(['.', '..', '\uD800'])('a key of %j never becomes a path', async (id) => {
    const driver = driverOf(native);
    expect(await driver.write({ kind: 'upsert', externalId: id, fields: {} })).toMatchObject({
      failure: { kind: 'rejected' },
    });
    expect(await driver.write({ kind: 'update', targetId: id, fields: {} })).toMatchObject({
      failure: { kind: 'rejected' },
    });
  });

  test('200 with an error and no record is unknown: only the target can tell', async () => {
    nock(HOST).post('/api/contacts').reply(200, { success: false, error: 'quota for Ann' });
    const reply = await driverOf(restSystem()).write({ kind: 'create', fields: {} });
    expect(reply).toMatchObject({ failure: { kind: 'unknown', answered: true } });
    expect(JSON.stringify(reply)).not.toContain('Ann');
  });
});

test('an entity that the contract does not have is named with those that it has', () => {
  expect(() => driverOf({ ...restSystem(), entities: {} })).toThrow(
    'Cannot use entity "" of system "crm": the contract has (none)',
  );
});

test('changes of an entity without sinceParam cannot be read', async () => {
  const since = parseInstant('2026-01-01T00:00:00Z') ?? null;
  const reply = await driverOf(restSystem({ sinceParam: undefined, paging: { style: 'link' } })).readPage({
    since,
    token: null,
    pageSize: 5,
  });
  expect(reply).toMatchObject({ kind: 'failed', failure: { reason: expect.stringContaining('sinceParam') } });
});
