import { z } from 'zod';
import { spawnServer } from '../../demo/processes/spawn-server.ts';
import type { RunningServer } from '../../demo/processes/spawn-server.ts';

const RECORDS = 1_200;
const MASS_CHANGED = 168;
const SERVER_PAGE_MAX = 250;
const PAGES_MAX = 100;
const TOKEN = 'erp-test-token';

const customerSchema = z.looseObject({
  ID: z.uuid(),
  name: z.string(),
  modifiedAt: z.iso.datetime({ precision: 3 }),
  creditLimit: z
    .string()
    .regex(/^\d+\.\d\d$/u)
    .nullable(),
  blocked: z.boolean(),
  notes: z.string().nullable(),
});
type Customer = z.infer<typeof customerSchema>;
const pageSchema = z.object({
  '@odata.nextLink': z.string().optional(),
  '@odata.count': z.number().optional(),
  value: z.array(customerSchema),
});
const keysSchema = z.object({ '@odata.nextLink': z.string().optional(), value: z.array(z.object({ ID: z.uuid() })) });

const startErp = (paging: 'reliable' | 'offset'): Promise<RunningServer> =>
  spawnServer({
    name: `erp with ${paging} paging`,
    script: 'demo/erp/main.ts',
    args: ['--records', String(RECORDS), '--paging', paging, '--max-page', String(SERVER_PAGE_MAX), '--seed', '7'],
    env: { ERP_TOKEN: TOKEN },
  });

let reliable: RunningServer;
let offset: RunningServer;

beforeAll(async () => {
  [reliable, offset] = await Promise.all([startErp('reliable'), startErp('offset')]);
});

afterAll(async () => {
  await Promise.all([reliable.stop(), offset.stop()]);
});

const ask = (server: RunningServer, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(new URL(path, `${server.url}/odata/v4/erp/`), {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });

const readJson = async (server: RunningServer, path: string): Promise<unknown> => {
  const response = await ask(server, path);
  expect(response.status).toBe(200);
  return response.json();
};

const change = async (path: string, method: string, body: object): Promise<Customer> =>
  customerSchema.parse(await (await ask(reliable, path, { method, body: JSON.stringify(body) })).json());

const filter = (expression: string): string => `$filter=${encodeURIComponent(expression)}`;

const after = ({ modifiedAt, ID }: Customer): string =>
  filter(`modifiedAt gt ${modifiedAt} or (modifiedAt eq ${modifiedAt} and ID gt ${ID})`);

const readByKeyset = async (pageSize: number): Promise<Customer[]> => {
  const rows: Customer[] = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const last = rows.at(-1);
    const start = last === undefined ? '' : `&${after(last)}`;
    const path = `Customers?$orderby=modifiedAt,ID&$top=${pageSize}${start}`;
    const { value } = pageSchema.parse(await readJson(reliable, path));
    rows.push(...value);
    if (value.length < pageSize) return rows;
  }
  throw new Error(`Cannot read to the end within ${PAGES_MAX} pages`);
};

/** The plain loop over `@odata.nextLink`, with a row of the first page deleted after that page was read. */
const readWhileDeleting = async (server: RunningServer): Promise<Set<string>> => {
  const ids = new Set<string>();
  let deleted = '';
  let next: string | undefined = 'Customers?$select=ID&$orderby=ID';
  while (next !== undefined) {
    const page: z.infer<typeof keysSchema> = keysSchema.parse(await readJson(server, next));
    for (const { ID } of page.value) ids.add(ID);
    next = page['@odata.nextLink'];
    if (deleted === '') {
      deleted = page.value[10]?.ID ?? '';
      expect((await ask(server, `Customers(${deleted})`, { method: 'DELETE' })).status).toBe(204);
    }
  }
  // As many customers as before, for whoever counts them next.
  const restore = await ask(server, `Customers(${deleted})`, {
    method: 'PUT',
    body: '{"name":"Back again","blocked":false}',
  });
  expect(restore.status).toBe(201);
  return ids;
};

test('a read by keyset returns every customer once and in order, although one instant fills more than three pages', async () => {
  const rows = await readByKeyset(50);
  expect(rows).toHaveLength(RECORDS);
  expect(new Set(rows.map(({ ID }) => ID)).size).toBe(RECORDS);
  const keys = rows.map(({ modifiedAt, ID }) => `${modifiedAt} ${ID}`);
  expect(keys).toEqual(keys.toSorted());
  const largestTie = Math.max(
    ...[...Map.groupBy(rows, ({ modifiedAt }) => modifiedAt).values()].map((tie) => tie.length),
  );
  expect(largestTie).toBe(MASS_CHANGED);
});

test('a cursor on the change time alone loses customers at a page edge inside a tie', async () => {
  const rows = await readByKeyset(100);
  const edge = rows.findIndex((row, index) => index % 100 === 99 && rows[index + 1]?.modifiedAt === row.modifiedAt);
  const { modifiedAt } = rows[edge] ?? { modifiedAt: 'no tie at an edge' };
  const next = pageSchema.parse(
    await readJson(reliable, `Customers?$orderby=modifiedAt,ID&$top=1&${filter(`modifiedAt gt ${modifiedAt}`)}`),
  );
  expect(next.value[0]?.ID).not.toBe(rows[edge + 1]?.ID);
});

test('a request without the right token is refused with 401', async () => {
  const path = `${reliable.url}/odata/v4/erp/Customers?$top=1`;
  expect((await fetch(path)).status).toBe(401);
  expect((await fetch(path, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
  expect((await ask(reliable, 'Customers?$top=1')).status).toBe(200);
});

test('a PATCH takes its change time from the server, not from the client, and leaves the other fields alone', async () => {
  const [before] = (await readByKeyset(SERVER_PAGE_MAX)).slice(3);
  const sentAtMs = Date.now();
  const patched = await change(`Customers(${before?.ID})`, 'PATCH', {
    name: 'Renamed',
    modifiedAt: '2001-01-01T00:00:00.000Z',
  });
  expect(Date.parse(patched.modifiedAt)).toBeGreaterThanOrEqual(sentAtMs);
  expect(patched).toMatchObject({
    ...before,
    name: 'Renamed',
    modifiedAt: patched.modifiedAt,
    modifiedBy: 'privileged',
  });
  const changes = pageSchema.parse(
    await readJson(reliable, `Customers?${filter(`modifiedAt ge ${patched.modifiedAt}`)}`),
  );
  expect(changes.value.map(({ ID }) => ID)).toEqual([patched.ID]);
});

test('a PATCH of a customer that does not exist answers 404 and makes none, a PUT makes one', async () => {
  const path = 'Customers(11111111-2222-4333-8444-555555555555)';
  const body = { name: 'Put here', blocked: false };
  expect((await ask(reliable, path, { method: 'PATCH', body: JSON.stringify(body) })).status).toBe(404);
  expect((await ask(reliable, path)).status).toBe(404);
  expect((await ask(reliable, path, { method: 'PUT', body: JSON.stringify(body) })).status).toBe(201);
  expect((await ask(reliable, path, { method: 'DELETE' })).status).toBe(204);
});

test('notes with braces, quotes and emoji and a limit of fifteen digits come back as they were sent', async () => {
  const notes = '{{bundle.inputData.x}} "quoted" \'single\' C:\\new\u200b 👩‍👩‍👧 e\u0301';
  const made = await change('Customers', 'POST', {
    name: 'Hard',
    notes,
    creditLimit: '9999999999999.99',
    blocked: true,
  });
  expect(await readJson(reliable, `Customers(${made.ID})`)).toMatchObject({
    notes,
    creditLimit: '9999999999999.99',
    blocked: true,
  });
  await ask(reliable, `Customers(${made.ID})`, { method: 'DELETE' });
});

test('some seeded customers have template braces in their notes, no credit limit, or are blocked', async () => {
  for (const trait of [
    "contains(notes,'{{')",
    'creditLimit eq null',
    'blocked eq true',
    'creditLimit gt 9999999999000',
  ]) {
    const { value } = pageSchema.parse(await readJson(reliable, `Customers?$top=1&${filter(trait)}`));
    expect({ trait, found: value.length }).toEqual({ trait, found: 1 });
  }
});

test('the server’s page limit holds against a larger $top, and a nextLink tells of it', async () => {
  const page = pageSchema.parse(await readJson(reliable, 'Customers?$top=1000&$count=true'));
  expect(page.value).toHaveLength(SERVER_PAGE_MAX);
  expect(page['@odata.count']).toBe(RECORDS);
  expect(page['@odata.nextLink']).toMatch(/^Customers\?.*skiptoken=/u);
});

test('offset paging loses a customer when one before it is deleted between two pages, reliable paging loses none', async () => {
  const byKey = await readWhileDeleting(reliable);
  const byOffset = await readWhileDeleting(offset);
  expect(byKey.size).toBe(RECORDS);
  expect(byOffset.size).toBe(RECORDS - 1);
});

test('an order is changed only by who names the version it read', async () => {
  const orderPage = z.object({ value: z.array(z.object({ ID: z.uuid(), '@odata.etag': z.string() })).length(1) });
  const [order] = orderPage.parse(await readJson(reliable, 'Orders?$top=1')).value;
  const patch = (etag: string | null): Promise<Response> =>
    fetch(`${reliable.url}/odata/v4/erp/Orders(${order?.ID})`, {
      method: 'PATCH',
      body: '{"status":"invoiced"}',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/json',
        ...(etag === null ? {} : { 'if-match': etag }),
      },
    });
  expect((await patch(null)).status).toBe(428);
  expect((await patch(order?.['@odata.etag'] ?? '')).status).toBe(200);
  expect((await patch(order?.['@odata.etag'] ?? '')).status).toBe(412);
});
