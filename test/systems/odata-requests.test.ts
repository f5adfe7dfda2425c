import fc from 'fast-check';
import nock from 'nock';
import { parseInstant } from '../../src/core/instant.ts';
import { driverOf, odataSystem, sweep } from './contracts.ts';

const HOST = 'https://erp.example.com';
const SET = '/odata/v4/erp/Customers';
const ID_1 = '11111111-1111-4111-8111-111111111111';
const ID_2 = '22222222-2222-4222-8222-222222222222';

beforeEach(() => nock.disableNetConnect());

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

// What nock puts into Node's own modules outlives this file, and the next one in the same process would put it in twice.
afterAll(() => nock.restore());

const noRows = { value: [] };

describe('reads', () => {
  test('the first page asks for time and key order from the start on, as the server writes times', async () => {
    const scope = nock(HOST, {
      reqheaders: { accept: 'application/json;IEEE754Compatible=true', 'odata-maxversion': '4.0' },
    })
      .get(SET)
      .query({ $filter: 'modifiedAt ge 2026-01-01T00:00:00.000Z', $orderby: 'modifiedAt,ID', $top: '5' })
      .reply(200, noRows);
    await driverOf(odataSystem()).readPage({ since: parseInstant('2026-01-01') ?? null, token: null, pageSize: 5 });
    expect(scope.isDone()).toBe(true);
  });

  test('the next page starts behind the last row, with its time as given, and never at the next link', async () => {
    const time = '2026-01-01T00:00:00.1234567+01:00';
    nock(HOST)
      .get(SET)
      .query({ $orderby: 'modifiedAt,ID', $top: '2' })
      .reply(200, {
        value: [{ ID: ID_1, modifiedAt: time }],
        '@odata.nextLink': 'Customers?$skiptoken=1',
      });
    const next = nock(HOST)
      .get(SET)
      .query({
        $filter: `modifiedAt gt ${time} or (modifiedAt eq ${time} and ID gt ${ID_1})`,
        $orderby: 'modifiedAt,ID',
        $top: '2',
      })
      .reply(200, { value: [{ ID: ID_2, modifiedAt: '2026-01-02T00:00:00Z' }] });
    const result = await sweep(() => driverOf(odataSystem()), { pageSize: 2 });
    expect(result.records.map(({ id }) => id)).toEqual([ID_1, ID_2]);
    expect(next.isDone()).toBe(true);
  });

  test.each([
    ['string', "O'Neil", "'O''Neil'"],
    ['number', '9223372036854775807', '9223372036854775807'],
  ] as const)('a key of type %s is written as the standard wants it', async (idType, id, literal) => {
    const time = '2026-01-01T00:00:00Z';
    nock(HOST)
      .get(SET)
      .query({ $orderby: 'modifiedAt,ID', $top: '1' })
      .reply(200, `{"value":[{"ID":${idType === 'number' ? id : JSON.stringify(id)},"modifiedAt":"${time}"}]}`);
    const next = nock(HOST)
      .get(SET)
      .query({
        $filter: `modifiedAt gt ${time} or (modifiedAt eq ${time} and ID gt ${literal})`,
        $orderby: 'modifiedAt,ID',
        $top: '1',
      })
      .reply(200, noRows);
    const result = await sweep(() => driverOf(odataSystem({ idType })), { pageSize: 1 });
    expect(result.records.map((record) => record.id)).toEqual([id]);
    expect(next.isDone()).toBe(true);
  });

  test('rows without a time do not stop the rows that have one', async () => {
    nock(HOST)
      .get(SET)
      .query({ $orderby: 'modifiedAt,ID', $top: '1' })
      .reply(200, { value: [{ ID: ID_1, modifiedAt: null }] });
    nock(HOST)
      .get(SET)
      .query({
        $filter: `modifiedAt ne null or (modifiedAt eq null and ID gt ${ID_1})`,
        $orderby: 'modifiedAt,ID',
        $top: '1',
      })
      .reply(200, noRows);
    const result = await sweep(() => driverOf(odataSystem()), { pageSize: 1 });
    expect(result.end).toEqual({ kind: 'end' });
    expect(result.unusable).toMatchObject([{ reason: 'no update time', position: 0 }]);
  });

  test('a server that compares times finer than it shows them is found out instead of read for ever', async () => {
    const same = { value: [{ ID: ID_1, modifiedAt: '2026-01-01T00:00:00Z' }] };
    nock(HOST).get(SET).query(true).times(2).reply(200, same);
    const result = await sweep(() => driverOf(odataSystem()), { pageSize: 1 });
    expect(result.end).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
  });

  test('an answer without the array of values is malformed', async () => {
    nock(HOST)
      .get(SET)
      .query(true)
      .reply(200, { d: { results: [] } });
    const reply = await driverOf(odataSystem()).readPage({ since: null, token: null, pageSize: 5 });
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
  });

  test('a next link to another host is not followed by a lookup', async () => {
    nock(HOST).get(SET).query(true).reply(200, { value: [], '@odata.nextLink': 'https://evil.example.net/x' });
    const reply = await driverOf(odataSystem()).find('number', ['1']);
    expect(reply).toMatchObject({
      kind: 'failed',
      failure: { kind: 'malformed', reason: expect.stringContaining('evil.example.net') },
    });
  });
});

describe('lookups', () => {
  test('whatever the values hold, one comparison each is asked, and no URL grows beyond its limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }), { minLength: 1, maxLength: 50 }),
        async (values) => {
          const asked: string[] = [];
          const fetchAll: typeof fetch = (input) => {
            const url = new URL(input instanceof Request ? input.url : input);
            expect(url.href.length).toBeLessThan(8000);
            const filter = url.searchParams.get('$filter') ?? '';
            const literals = filter.match(/'(?:[^']|'')*'/g) ?? [];
            expect(literals.map((literal) => `number eq ${literal}`).join(' or ')).toBe(filter);
            asked.push(...literals.map((literal) => literal.slice(1, -1).replaceAll("''", "'")));
            return Promise.resolve(Response.json(noRows));
          };
          await driverOf(odataSystem(), { fetch: fetchAll }).find('number', values);
          expect(asked).toEqual(values);
        },
      ),
    );
  });

  test('a GUID is found in whatever case the server writes it', async () => {
    nock(HOST)
      .get(SET)
      .query(true)
      .reply(200, { value: [{ ID: ID_1.replaceAll('1', 'a') }] });
    const asked = ID_1.replaceAll('1', 'A');
    const reply = await driverOf(odataSystem()).readByIds([asked]);
    expect(reply.kind === 'found' && [...reply.byValue.keys()]).toEqual([asked]);
  });

  test('rows that nobody asked for are a filter ignored', async () => {
    nock(HOST)
      .get(SET)
      .query(true)
      .reply(200, { value: [{ ID: ID_1, number: '2' }] });
    expect(await driverOf(odataSystem()).find('number', ['1'])).toMatchObject({
      failure: { kind: 'malformed', reason: expect.stringContaining('filter ignored') },
    });
  });
});

describe('writes', () => {
  const target = odataSystem({ write: { mode: 'alternate-key' } });
  const driver = () => driverOf(target, { externalIdField: 'erpId' });
  const path = `${SET}(erpId='O''Neil%2F1')`;

  test.each([
    [201, { ID: ID_1 }, { targetId: ID_1, created: true }],
    [200, { ID: ID_1 }, { targetId: ID_1, created: false }],
    [204, '', { targetId: ID_2, created: null }],
  ])('an upsert by alternate key answered with %i says what it knows', async (status, body, known) => {
    const scope = nock(HOST, { reqheaders: { prefer: 'return=representation' } })
      .patch(path, { name: 'Ann' })
      .reply(status, body, { 'odata-entityid': `${HOST}${SET}(${ID_2})` });
    expect(driver().nativeUpsert).toBe(true);
    const reply = await driver().write({
      kind: 'upsert',
      externalId: "O'Neil/1",
      fields: { erpId: "O'Neil/1", name: 'Ann' },
    });
    expect(reply).toEqual({ kind: 'written', ...known });
    expect(scope.isDone()).toBe(true);
  });

  test('an update carries If-Match, so that it never creates', async () => {
    const scope = nock(HOST, { reqheaders: { 'if-match': '*' } })
      .patch(`${SET}(${ID_1})`)
      .reply(412, {});
    expect(await driver().write({ kind: 'update', targetId: ID_1, fields: { name: 'Ann' } })).toEqual({
      kind: 'missing',
    });
    expect(scope.isDone()).toBe(true);
  });

  test('the ID of a created record is taken from the header where there is no body', async () => {
    nock(HOST)
      .post(SET)
      .reply(204, '', { 'odata-entityid': `${HOST}${SET}(${ID_1})` });
    expect(await driver().write({ kind: 'create', fields: {} })).toEqual({
      kind: 'written',
      targetId: ID_1,
      created: true,
    });
  });

  test('a refusal gives the code of the error and nothing of its message', async () => {
    nock(HOST)
      .post(SET)
      .reply(400, { error: { code: '0x80040237', message: "A record with number 'Ann' exists" } });
    const reply = await driver().write({ kind: 'create', fields: {} });
    expect(reply).toMatchObject({
      failure: { kind: 'rejected', status: 400, reason: expect.stringContaining('(0x80040237)') },
    });
    expect(JSON.stringify(reply)).not.toContain('Ann');
  });

  test('a key that is no GUID is not sent', async () => {
    expect(await driver().write({ kind: 'update', targetId: "x' or '1", fields: {} })).toMatchObject({
      failure: { kind: 'rejected' },
    });
  });
});
