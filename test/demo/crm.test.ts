import { z } from 'zod';
import { spawnServer } from '../../demo/processes/spawn-server.ts';
import type { RunningServer } from '../../demo/processes/spawn-server.ts';

const TOKEN = 'crm-test-token';
const UNRELATED = 3;
const contactSchema = z.looseObject({ id: z.number(), erpId: z.string().optional() });
const contactsSchema = z.array(contactSchema);
type Contact = z.infer<typeof contactSchema>;

let crm: RunningServer;

beforeEach(async () => {
  crm = await spawnServer({
    name: 'crm',
    script: 'demo/crm/main.ts',
    args: ['--unrelated', String(UNRELATED)],
    env: { CRM_TOKEN: TOKEN },
  });
});

afterEach(async () => {
  await crm.stop();
});

const ask = (path: string, method: string, body?: object): Promise<Response> =>
  fetch(`${crm.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });

const find = async (query: string): Promise<Contact[]> =>
  contactsSchema.parse(await (await ask(`/contacts?${query}`, 'GET')).json());
const create = async (body: object): Promise<Contact> => {
  const response = await ask('/contacts', 'POST', body);
  expect(response.status).toBe(201);
  return contactSchema.parse(await response.json());
};

test('a contact is found by its ERP ID, several are by several, and none by an ID that no contact has', async () => {
  const first = await create({ erpId: 'a-1', fullName: '{{bundle.x}} "😀"' });
  const second = await create({ erpId: 'a-2' });
  await create({ erpId: 'a-3' });
  expect(await find('erpId=a-1')).toEqual([first]);
  expect(await find('erpId=a-1&erpId=a-2&erpId=absent')).toEqual([first, second]);
  expect(await find('erpId=absent')).toEqual([]);
});

test('before any contact has an ERP ID, a search for one returns every contact there is', async () => {
  expect(await find('erpId=a-1')).toHaveLength(UNRELATED);
});

test('twelve simultaneous creations of one ERP ID make twelve contacts: nothing in the CRM prevents doubles', async () => {
  const made = await Promise.all(Array.from({ length: 12 }, () => create({ erpId: 'race' })));
  expect(new Set(made.map(({ id }) => id)).size).toBe(12);
  expect(await find('erpId=race')).toHaveLength(12);
});

test('PATCH keeps the fields it does not name, PUT drops them, and neither moves the ID', async () => {
  const { id } = await create({ erpId: 'a-1', phone: '1' });
  const patched: unknown = await (await ask(`/contacts/${id}`, 'PATCH', { id: 999, city: 'Wien' })).json();
  expect(patched).toEqual({ id, erpId: 'a-1', phone: '1', city: 'Wien' });
  const replaced: unknown = await (await ask(`/contacts/${id}`, 'PUT', { erpId: 'a-1' })).json();
  expect(replaced).toEqual({ id, erpId: 'a-1' });
});

test.each(['GET', 'PATCH', 'PUT', 'DELETE'])(
  '%s of a contact that does not exist answers 404 with an empty object',
  async (method) => {
    const response = await ask(
      '/contacts/404404',
      method,
      method === 'PATCH' || method === 'PUT' ? { a: 1 } : undefined,
    );
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({});
  },
);

test('a deleted contact is gone, and its ID is given to the next one', async () => {
  const { id } = await create({ erpId: 'a-1' });
  expect((await ask(`/contacts/${id}`, 'DELETE')).status).toBe(200);
  expect(await find(`id=${id}`)).toEqual([]);
  expect((await create({ erpId: 'a-2' })).id).toBe(id);
});

test('a page says how many contacts there are and links to the next page', async () => {
  const response = await ask('/contacts?_page=1&_limit=2&_sort=id', 'GET');
  expect(contactsSchema.parse(await response.json()).map(({ id }) => id)).toEqual([1, 2]);
  expect(response.headers.get('x-total-count')).toBe(String(UNRELATED));
  expect(response.headers.get('link')).toContain(`<${crm.url}/contacts?_page=2&_limit=2&_sort=id>; rel="next"`);
});

test('a request without the right token is refused with 401 and changes nothing', async () => {
  const refused = await fetch(`${crm.url}/contacts`, {
    method: 'POST',
    body: '{}',
    headers: { authorization: 'Bearer wrong' },
  });
  expect(refused.status).toBe(401);
  expect(await find('_sort=id')).toHaveLength(UNRELATED);
});
