import { parseInstant } from '../../src/core/instant.ts';
import { type JsonValue, parseJson, valueAt } from '../../src/core/json.ts';
import type { EntityDriver } from '../../src/core/system/entity-driver.ts';
import { driverOf, restSystem, sweep } from './contracts.ts';

type Entity = NonNullable<Parameters<typeof restSystem>[0]>;
type Asked = { readonly method: string; readonly url: URL; readonly headers: Headers; readonly body: string };
type Reply = JsonValue | Response;

/** A driver, and what its requests were: each is answered by `answer`. */
const api = (entity: Entity, answer: (asked: Asked) => Reply, externalIdField?: string) => {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input instanceof URL ? input.href : input, init);
    const one = {
      method: request.method,
      url: new URL(request.url),
      headers: request.headers,
      body: await request.text(),
    };
    asked.push(one);
    const reply = answer(one);
    return reply instanceof Response ? reply : Response.json(reply);
  };
  const make = (): EntityDriver =>
    driverOf(restSystem(entity), { fetch, ...(externalIdField === undefined ? {} : { externalIdField }) });
  return { asked, make, driver: make() };
};

const row = (id: number, second: number) => ({
  id,
  updatedAt: `2026-01-01T00:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}Z`,
});
const rowsOf = (count: number, perTime = 1) =>
  Array.from({ length: count }, (_row, n) => row(n + 1, Math.floor(n / perTime)));
const since = parseInstant('2026-01-01T00:00:05Z') ?? null;
const failureOf = async (reply: Promise<{ readonly kind: string; readonly failure?: unknown }>): Promise<unknown> =>
  (await reply).failure;

describe('a Bundle, as FHIR gives it', () => {
  const entity: Entity = {
    path: 'Patient',
    idField: 'id',
    updatedAtField: 'meta.lastUpdated',
    recordsAt: 'entry',
    rowAt: 'resource',
    skipRows: [{ at: 'search.mode', is: 'outcome' }],
    versionAt: 'meta.versionId',
    sinceParam: undefined,
    requests: {
      list: { path: 'Patient', query: { _lastUpdated: 'ge{since}', _sort: '_lastUpdated', _count: '{pageSize}' } },
      find: { path: 'Patient', query: { identifier: 'urn:erp|{value}' }, quote: 'fhir' },
      update: { method: 'PUT', path: 'Patient/{id}', headers: { 'If-Match': 'W/"{version}"' }, body: '{fields}' },
      upsert: {
        method: 'PUT',
        path: 'Patient',
        query: { identifier: 'urn:erp|{externalId}' },
        body: '{fields}',
        quote: 'fhir',
      },
    },
    paging: { style: 'link', nextAt: 'link[relation=next].url' },
    write: { mode: 'upsert' },
    errors: { several: [{ status: 412 }] },
  };
  const patient = (id: string, second: number) => ({
    resource: { id, meta: { lastUpdated: row(1, second).updatedAt, versionId: '7' }, ext: id },
  });

  test('is read by its next link, without what is no record', async () => {
    const { asked, make } = api(entity, ({ url }) =>
      url.searchParams.has('page')
        ? { entry: [patient('b', 2), { resource: { resourceType: 'OperationOutcome' }, search: { mode: 'outcome' } }] }
        : {
            entry: [patient('a', 1)],
            link: [
              { relation: 'self', url: 'https://crm.example.com/api/Patient' },
              { relation: 'next', url: 'https://crm.example.com/api/Patient?page=2' },
            ],
          },
    );
    const result = await sweep(make, { pageSize: 5, ...(since === null ? {} : { since }) });
    expect(result.end).toEqual({ kind: 'end' });
    expect(result.records.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(result.unusable).toEqual([]);
    expect(asked[0]?.url.searchParams.get('_lastUpdated')).toBe('ge2026-01-01T00:00:05.000Z');
  });

  test('several matches are told from other refusals, and a token takes no bar or comma of a key', async () => {
    const { asked, driver } = api(entity, () => new Response('{}', { status: 412 }));
    const reply = driver.write({ kind: 'upsert', externalId: 'a|b,c', fields: {} });
    expect(await failureOf(reply)).toMatchObject({ kind: 'rejected', because: 'several_matches' });
    expect(asked[0]?.url.searchParams.get('identifier')).toBe(String.raw`urn:erp|a\|b\,c`);
  });

  test('an update carries the version that was found', async () => {
    const { asked, driver } = api(entity, () => ({ id: 'a' }));
    await driver.write({ kind: 'update', targetId: 'a', fields: {}, version: '7' });
    expect(asked[0]?.headers.get('if-match')).toBe('W/"7"');
  });
});

describe('GraphQL, as Shopify answers', () => {
  const upsert =
    'mutation ($id: ID!, $in: Input!) { customerSet(id: $id, input: $in) { customer { id } userErrors { code } } }';
  const entity: Entity = {
    path: 'graphql.json',
    recordsAt: 'data.customers.edges',
    rowAt: 'node',
    requests: {
      list: {
        method: 'POST',
        path: 'graphql.json',
        body: {
          query: 'query ($n: Int!, $c: String, $q: String) { customers(first: $n, after: $c, query: $q) { edges } }',
          variables: { n: '{pageSize}', c: '{cursor}', q: "updated_at:>='{since}'" },
        },
      },
      upsert: {
        method: 'POST',
        path: 'graphql.json',
        body: { query: upsert, variables: { id: '{externalId}', in: '{fields}' } },
      },
    },
    paging: {
      style: 'cursor',
      nextAt: 'data.customers.pageInfo.endCursor',
      end: { at: 'data.customers.pageInfo.hasNextPage', is: false },
    },
    write: { mode: 'upsert' },
    written: { recordAt: 'data.customerSet.customer' },
    errors: {
      codeAt: ['errors.0.extensions.code', 'data.customerSet.userErrors.0.code'],
      refusedWhen: [{ at: 'data.customerSet.userErrors' }],
      failedWhen: [{ at: 'errors' }],
      throttled: [{ code: 'THROTTLED' }],
      retryAfterSeconds: 2,
    },
  };
  const write = { kind: 'upsert', externalId: '"}){x}', fields: { name: 'n' } } as const;

  test('is read by its cursor until it says that there is no more, also where it gives another', async () => {
    const { asked, make } = api(entity, ({ body }) => {
      const isLast = body.includes('"c":"c1"');
      const edges = [{ node: row(isLast ? 2 : 1, isLast ? 2 : 1) }];
      return { data: { customers: { edges, pageInfo: { hasNextPage: !isLast, endCursor: isLast ? 'c2' : 'c1' } } } };
    });
    const result = await sweep(make, { pageSize: 5, ...(since === null ? {} : { since }) });
    expect(result.records.map(({ id }) => id)).toEqual(['1', '2']);
    expect(asked.map(({ body }) => valueAt(parseJson(body), 'variables'))).toEqual([
      { n: 5, q: "updated_at:>='2026-01-01T00:00:05.000Z'" },
      { n: 5, c: 'c1', q: "updated_at:>='2026-01-01T00:00:05.000Z'" },
    ]);
  });

  test('a key travels as a variable', async () => {
    const { asked, driver } = api(entity, () => ({
      data: { customerSet: { customer: { id: 'gid' }, userErrors: [] } },
    }));
    expect(await driver.write(write)).toEqual({ kind: 'written', targetId: 'gid', created: false });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      query: upsert,
      variables: { id: write.externalId, in: { name: 'n' } },
    });
  });

  test.each([
    [
      'errors of the user refuse',
      { data: { customerSet: { userErrors: [{ code: 'TAKEN' }] } } },
      { kind: 'rejected', status: 200, reason: expect.stringContaining('TAKEN') },
    ],
    [
      'a throttle is one',
      { errors: [{ extensions: { code: 'THROTTLED' } }] },
      { kind: 'throttled', retryAfterMs: 2000 },
    ],
    ['any other error leaves it unknown', { errors: [{ message: 'x' }] }, { kind: 'unknown', answered: true }],
  ])('with status 200, %s', async (_what, answer, failure) => {
    expect(await failureOf(api(entity, () => answer).driver.write(write))).toMatchObject(failure);
  });

  test('an error with status 200 is no empty page', async () => {
    const answer = { errors: [{ message: 'x' }], data: { customers: { edges: [], pageInfo: { hasNextPage: false } } } };
    const read = api(entity, () => answer).driver.readPage({ since: null, token: null, pageSize: 5 });
    expect(await failureOf(read)).toMatchObject({ kind: 'unavailable' });
  });
});

describe('a window that is cut', () => {
  const CAP = 40;
  const listing: Entity = { sinceParam: 'since', pageSizeParam: 'limit' };
  const at = (url: URL, name: string): number => Number(url.searchParams.get(name) ?? 0);
  const serve =
    (all: readonly ReturnType<typeof row>[], cut: 'refuse' | 'stop') =>
    ({ url }: Asked): Reply => {
      const start = at(url, 'skip') + at(url, 'cursor');
      const size = at(url, 'limit');
      if (cut === 'refuse' && start + size > CAP) return Response.json({ error: 'too deep' }, { status: 400 });
      const from = url.searchParams.get('since') ?? '';
      const rows = all.filter(({ updatedAt }) => updatedAt >= from.replace('.000Z', 'Z'));
      const seen = rows.slice(0, CAP);
      const end = Math.min(start + size, seen.length);
      return { rows: seen.slice(start, end), total: seen.length, ...(end < seen.length ? { next: end } : {}) };
    };
  const cursor: Entity = {
    ...listing,
    recordsAt: 'rows',
    paging: { style: 'cursor', param: 'cursor', nextAt: 'next' },
  };
  const offset: Entity = { ...listing, recordsAt: 'rows', paging: { style: 'offset', param: 'skip' } };

  test.each([
    ['by cursor, with an error', { ...cursor, windowCap: { rows: CAP, signal: 'error' } }, 'refuse', 7],
    ['by cursor, silently', { ...cursor, windowCap: { rows: CAP, signal: 'error' } }, 'stop', 10],
    [
      'by cursor, by a count that stands still',
      { ...cursor, totalAt: 'total', windowCap: { rows: CAP, signal: 'plateau' } },
      'stop',
      10,
    ],
    ['by offset', { ...offset, windowCap: { rows: CAP, signal: 'error' } }, 'refuse', 7],
  ] satisfies [string, Entity, 'refuse' | 'stop', number][])(
    '%s, goes on in the next',
    async (_how, entity, cut, pageSize) => {
      const all = rowsOf(130, 3);
      const { make } = api(entity, serve(all, cut));
      const result = await sweep(make, { pageSize });
      expect(result.end).toEqual({ kind: 'end' });
      expect(new Set(result.records.map(({ id }) => id)).size).toBe(130);
    },
  );

  test.each([
    ['all its rows share one time', { ...cursor, windowCap: { rows: CAP, signal: 'error' } }, /share one update time/],
    [
      'no list can begin at a time',
      { ...cursor, sinceParam: undefined, windowCap: { rows: CAP, signal: 'error' } },
      /without \{since\}/,
    ],
    ['offsets cannot pass it', { ...offset, windowCap: { rows: CAP, signal: 'error' } }, /share one update time/],
  ] satisfies [string, Entity, RegExp][])('fails and names the cap where %s', async (_why, entity, reason) => {
    const { make } = api(entity, serve(rowsOf(60, 60), 'stop'));
    const { end } = await sweep(make, { pageSize: 10 });
    expect(end).toMatchObject({ kind: 'failed', scan: { kind: 'truncated', because: 'cap' } });
    expect(end.kind === 'failed' ? end.failure.reason : '').toMatch(reason);
    expect(end.kind === 'failed' ? end.failure.reason : '').toContain('windowCap of 40');
  });
});

describe('other ways to page', () => {
  const pages =
    (all: readonly ReturnType<typeof row>[]) =>
    ({ url }: Asked) => {
      const page = Number(url.searchParams.get('page'));
      const size = Number(url.searchParams.get('size'));
      return { rows: all.slice((page - 1) * size, page * size), total: all.length };
    };
  const entity: Entity = { recordsAt: 'rows', pageSizeParam: 'size', paging: { style: 'page', param: 'page' } };

  test('numbered pages are read until one is empty, and are not proven to be all', async () => {
    const { make, asked } = api(entity, pages(rowsOf(7)));
    const result = await sweep(make, { pageSize: 3 });
    expect(result.records).toHaveLength(7);
    expect(asked.map(({ url }) => url.searchParams.get('page'))).toEqual(['1', '2', '3', '4']);
    const token = JSON.stringify({ style: 'page', since: null, place: '9', empty: 0 });
    expect(await make().readPage({ since: null, token, pageSize: 3 })).toMatchObject({
      nextToken: null,
      scan: { kind: 'unstable', because: 'page_numbers' },
    });
  });

  test('a short page that is not the last brings doubt at once, and a count that agrees takes it away at no end', async () => {
    const { make } = api({ ...entity, totalAt: 'total' }, pages(rowsOf(7)));
    const first = await make().readPage({ since: null, token: null, pageSize: 3 });
    expect(first).not.toHaveProperty('scan');
    const short = api(entity, () => ({ rows: rowsOf(2) }));
    expect(await short.driver.readPage({ since: null, token: null, pageSize: 3 })).toMatchObject({
      nextToken: expect.any(String),
      scan: { kind: 'unstable', because: 'short_page' },
    });
  });

  test('a whole list is put in order, and begins where it is asked to', async () => {
    const { make, asked } = api({ sinceParam: undefined, paging: { style: 'whole' } }, () => [
      row(1, 9),
      row(2, 3),
      row(3, 5),
    ]);
    const result = await sweep(make, { pageSize: 1, ...(since === null ? {} : { since }) });
    expect(result.records.map(({ id }) => id)).toEqual(['3', '1']);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['sql-s', '2026-01-01 00:00:05'],
    ['iso-s', '2026-01-01T00:00:05Z'],
    ['epoch-s', '1767225605'],
  ] as const)('a filter takes its start as %s where rows are written otherwise', async (sinceAs, text) => {
    const { asked, driver } = api({ sinceAs }, () => []);
    await driver.readPage({ since, token: null, pageSize: 5 });
    expect(asked[0]?.url.searchParams.get('updatedAt_gte')).toBe(text);
  });

  test('a tie asked for with each page goes on behind a row whose time is finer than the filter', async () => {
    const all = ['000', '0001', '0002', '0009'].map((fraction, n) => ({
      id: n + 1,
      updatedAt: `2026-01-01T00:00:00.${fraction}Z`,
    }));
    const list = { path: 'contacts', query: { since: '{since}', after: '{afterId}', limit: '{pageSize}' } };
    const together: Entity = { requests: { list }, paging: { style: 'keyset', tie: 'together' } };
    const { make } = api(together, ({ url }) => {
      const from = (url.searchParams.get('since') ?? '').slice(0, 23);
      const after = Number(url.searchParams.get('after') ?? 0);
      const rest = all.filter((one) => `${one.updatedAt.slice(0, -1)}000`.slice(0, 23) >= from && one.id > after);
      return rest.slice(0, Number(url.searchParams.get('limit')));
    });
    expect((await sweep(make, { pageSize: 2 })).records.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
    const stuck = api(together, () => all.slice(0, 2));
    expect((await sweep(stuck.make, { pageSize: 2 })).end).toMatchObject({
      failure: { kind: 'malformed', reason: expect.stringContaining('{afterId} is ignored') },
    });
  });
});

describe('looking up by a text for each value', () => {
  test('a formula holds each key in its own quotes, and keys are told apart by their rows', async () => {
    const find = {
      path: 'records',
      query: { filterByFormula: 'OR({each})', offset: '{cursor}' },
      quote: 'airtable' as const,
      each: { text: '{{field}}={value}', join: ',' },
    };
    const keys = ['a', 'b"),TRUE(),("', '{field}'];
    const { asked, driver } = api(
      {
        recordsAt: 'records',
        fieldsAt: 'fields',
        requests: { find },
        paging: { style: 'cursor', nextAt: 'offset', param: 'offset' },
      },
      ({ url }) =>
        url.searchParams.has('offset')
          ? { records: [{ id: 'r2', fields: { Key: keys[2] ?? '' } }] }
          : { records: keys.slice(0, 2).map((key, n) => ({ id: `r${n}`, fields: { Key: key } })), offset: 'o/1"' },
    );
    const reply = await driver.find('Key', keys);
    expect(reply.kind === 'found' && [...reply.byValue.keys()]).toEqual(keys);
    expect(asked[0]?.url.searchParams.get('filterByFormula')).toBe(
      String.raw`OR({Key}="a",{Key}="b\"),TRUE(),(\"",{Key}="{field}")`,
    );
    expect(asked[1]?.url.searchParams.get('offset')).toBe('o/1"');
  });

  test('an error beside the rows that is no missing record fails the look-up', async () => {
    const find = {
      method: 'POST' as const,
      path: 'read',
      body: { ids: '{values}' },
      errors: { at: 'errors', codeAt: 'code', missing: ['NONE'] },
    };
    const entity: Entity = { recordsAt: 'rows', requests: { find } };
    const asking = (code: string) => api(entity, () => ({ rows: [], errors: [{ code }] })).driver.find('erpId', ['a']);
    expect(await asking('NONE')).toMatchObject({ kind: 'found' });
    expect(await failureOf(asking('BUSY'))).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('BUSY'),
    });
  });
});
