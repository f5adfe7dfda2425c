import { randomUUID } from 'node:crypto';
import { type RunningServer, spawnServer } from '../../demo/processes/spawn-server.ts';
import type { EntityDriver } from '../../src/core/system/entity-driver.ts';
import { driverOf, odataSystem, type Sweep, sweep } from './contracts.ts';

const TOKEN = 'erp-token-5b1d';
const RECORDS = 300;
const MAX_PAGE = 40;

let erp: RunningServer;

// The server's own paging is by row number, and it cuts pages to 40 rows: the worst that a real one offers.
beforeAll(async () => {
  erp = await spawnServer({
    name: 'erp',
    script: 'demo/erp/main.ts',
    args: [
      '--records',
      String(RECORDS),
      '--paging',
      'offset',
      '--max-page',
      String(MAX_PAGE),
      '--seeded-until',
      '2026-01-31T00:00:00Z',
    ],
    env: { ERP_TOKEN: TOKEN },
  });
}, 30_000);

afterAll(() => erp.stop());

const customers = (
  more: Parameters<typeof odataSystem>[0] = {},
  system: Parameters<typeof odataSystem>[1] = {},
): EntityDriver =>
  driverOf(
    odataSystem(more, {
      baseUrl: `${erp.url}/odata/v4/erp`,
      auth: { kind: 'bearer', secret: 'ERP_TOKEN' },
      ...system,
    }),
    { secret: TOKEN },
  );

const idsOf = (result: Sweep): ReadonlySet<string> => new Set(result.records.map(({ id }) => id));

const send = async (path: string, method: string, body?: object): Promise<void> => {
  const response = await fetch(`${erp.url}/odata/v4/erp/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'if-match': '*' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}`);
};

const create = async (driver: EntityDriver, fields: Record<string, string | number | null>): Promise<string> => {
  const reply = await driver.write({ kind: 'create', fields });
  if (reply.kind !== 'written' || reply.targetId === null) throw new Error(`Not created: ${JSON.stringify(reply)}`);
  expect(reply.created).toBe(true);
  return reply.targetId;
};

test.each([7, 40, 41, 1000])(
  '%i rows a page, over ties of 42 rows: every row comes, and none twice',
  async (pageSize) => {
    const result = await sweep(() => customers(), { pageSize });
    expect(result.end).toEqual({ kind: 'end' });
    expect(idsOf(result).size).toBeGreaterThanOrEqual(RECORDS);
    expect(result.records).toHaveLength(idsOf(result).size);
  },
);

test('a sweep from a time on gives that time too, and nothing earlier', async () => {
  const all = await sweep(() => customers(), { pageSize: 100 });
  const since = all.records[150]?.updatedAt;
  if (since === undefined) throw new Error('too few records');
  const result = await sweep(() => customers(), { pageSize: 100, since });
  expect(result.records.map(({ id }) => id)).toEqual(
    all.records.filter(({ updatedAt }) => updatedAt >= since).map(({ id }) => id),
  );
});

test('rows deleted and updated behind the reader hide no other row', async () => {
  const before = await sweep(() => customers(), { pageSize: 500 });
  const gone = before.records.slice(0, 4).map(({ id }) => id);
  const moved = before.records.slice(10, 14).map(({ id }) => id);
  const result = await sweep(() => customers(), {
    pageSize: 30,
    between: async (page) => {
      const [remove, touch] = [gone[page - 2], moved[page - 2]];
      if (remove !== undefined) await send(`Customers(${remove})`, 'DELETE');
      if (touch !== undefined) await send(`Customers(${touch})`, 'PATCH', { name: 'Moved' });
    },
  });
  expect(result.end).toEqual({ kind: 'end' });
  const seen = idsOf(result);
  expect([...idsOf(before)].filter((id) => !seen.has(id))).toEqual([]);
  expect(new Set(result.records.filter(({ body }) => body['name'] === 'Moved').map(({ id }) => id))).toEqual(
    new Set(moved),
  );
});

test('only the fields asked for are read, key and time always among them', async () => {
  const reply = await customers({ select: ['name'] }).readPage({ since: null, token: null, pageSize: 1 });
  expect(reply.kind === 'page' && Object.keys(reply.records[0]?.body ?? {}).toSorted()).toEqual([
    'ID',
    'modifiedAt',
    'name',
  ]);
});

test('decimals come digit for digit', async () => {
  const driver = customers();
  const id = await create(driver, { name: 'Exact', creditLimit: 1234567890123.45 });
  const reply = await driver.readByIds([id]);
  expect(reply.kind === 'found' && reply.byValue.get(id)?.[0]?.body['creditLimit']).toBe('1234567890123.45');
});

describe('lookups', () => {
  test('as many values as a call takes are found, copies included, values with quotes too', async () => {
    const driver = customers({ findBatchMax: 200 });
    const number = `O'Neil & "Sons" ${'%'}`;
    const copies = [await create(driver, { customerNumber: number }), await create(driver, { customerNumber: number })];
    const values = Array.from({ length: 199 }, (_value, index) => String(100_001 + index));
    const reply = await driver.find('customerNumber', [...values, number]);
    if (reply.kind === 'failed') throw new Error(reply.failure.reason);
    expect(
      reply.byValue
        .get(number)
        ?.map(({ id }) => id)
        .toSorted(),
    ).toEqual(copies.toSorted());
    // Four customers were deleted above.
    expect(reply.byValue.size).toBeGreaterThanOrEqual(196);
  });

  test('records are read by their IDs, and what is no GUID is not there', async () => {
    const driver = customers();
    const id = await create(driver, { name: 'By ID' });
    const reply = await driver.readByIds([id, randomUUID(), "x' or 1 eq 1", '1) or (1 eq 1']);
    expect(reply.kind === 'found' && [...reply.byValue.keys()]).toEqual([id]);
  });

  test('a field that does not exist is rejected with the code of the error only', async () => {
    const reply = await customers().find('nonsense', ['Ann']);
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'rejected', status: 400 } });
    expect(JSON.stringify(reply)).not.toContain('Ann');
  });
});

describe('writes', () => {
  test('text goes in and comes out as it was', async () => {
    const driver = customers();
    const notes = 'Hello {{bundle.x}} {{name}} \u{1F4A7} "quoted" \\ \n';
    const id = await create(driver, { notes });
    expect(await driver.write({ kind: 'update', targetId: id, fields: { name: 'Ann' } })).toEqual({
      kind: 'written',
      targetId: id,
      created: false,
    });
    const reply = await driver.readByIds([id]);
    expect(reply.kind === 'found' && reply.byValue.get(id)?.[0]?.body).toMatchObject({ notes, name: 'Ann' });
  });

  test('an update of a record that is gone is missing, and creates nothing', async () => {
    const driver = customers();
    const id = randomUUID();
    expect(await driver.write({ kind: 'update', targetId: id, fields: { name: 'Ann' } })).toEqual({ kind: 'missing' });
    const reply = await driver.readByIds([id]);
    expect(reply.kind === 'found' && reply.byValue.size).toBe(0);
  });

  test('an entity that demands a condition for a change takes the update', async () => {
    const orders = customers({ set: 'Orders' });
    const id = await create(orders, { orderNumber: 'T-1' });
    expect(await orders.write({ kind: 'update', targetId: id, fields: { status: 'open' } })).toMatchObject({
      kind: 'written',
    });
    expect(await orders.write({ kind: 'update', targetId: randomUUID(), fields: { status: 'open' } })).toEqual({
      kind: 'missing',
    });
  });

  test('a wrong token is unauthorized', async () => {
    const reply = await driverOf(
      odataSystem({}, { baseUrl: `${erp.url}/odata/v4/erp`, auth: { kind: 'bearer', secret: 'ERP_TOKEN' } }),
      { secret: 'wrong-token' },
    ).readPage({ since: null, token: null, pageSize: 1 });
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'unauthorized' } });
    expect(JSON.stringify(reply)).not.toContain('wrong-token');
  });
});
