import { z } from 'zod';
import { type RunningServer, spawnServer } from '../../../demo/processes/spawn-server.ts';
import { callJson } from './call-json.ts';
import type { Copies, RealSource, SourcePlace, SystemDocument, TargetPlace } from './real-system.ts';

const TOKEN = 'erp-token-of-the-test';
const READY_MS_MAX = 60_000;
/** The service's own page limit, whatever is asked for. */
const PAGE = 250;
const headers = { authorization: `Bearer ${TOKEN}` };

export const capSecrets = { ERP_TOKEN: TOKEN } as const;

const linked = z.object({ '@odata.nextLink': z.string().optional() });
const customers = z.object({ value: z.array(z.object({ ID: z.string(), name: z.string().nullable() })) });
const numbered = z.object({
  value: z.array(z.object({ ID: z.string(), customerNumber: z.string(), name: z.string().nullable() })),
});

/** @param paging what the service's own next link holds: the last key, or (CAP's default) a row number */
export const startCap = (records: number, paging: 'reliable' | 'offset'): Promise<RunningServer> =>
  spawnServer({
    name: `CAP, ${paging}`,
    script: 'demo/erp/main.ts',
    args: ['--records', String(records), '--paging', paging, '--max-page', String(PAGE)],
    env: { ERP_TOKEN: TOKEN },
    readyTimeoutMs: READY_MS_MAX,
  });

const serviceOf = (url: string): string => `${url}/odata/v4/erp`;

type Rows<T> = z.ZodType<{ value: T[] }>;

/** All rows of a set, by key. */
const allOf = async <T extends { readonly ID: string }>(url: string, set: string, schema: Rows<T>): Promise<T[]> => {
  const all: T[] = [];
  for (;;) {
    const last = all.at(-1);
    const behind = last === undefined ? '' : `&$filter=ID gt ${last.ID}`;
    const { json } = await callJson(`${serviceOf(url)}/${set}?$orderby=ID${behind}`, { headers });
    const { value } = schema.parse(json);
    if (value.length === 0) return all;
    all.push(...value);
  }
};

export const capSource = (url: string): RealSource => ({
  people: {
    remove: async (id) => {
      await callJson(`${serviceOf(url)}/Customers(${id})`, { method: 'DELETE', headers });
    },
    rename: async (id, name) => {
      await callJson(`${serviceOf(url)}/Customers(${id})`, { method: 'PATCH', headers, body: { name } });
    },
    add: async (name) => {
      await callJson(`${serviceOf(url)}/Customers`, { method: 'POST', headers, body: { name } });
    },
  },
  all: async () => new Map((await allOf(url, 'Customers', customers)).map(({ ID, name }) => [ID, name ?? ''])),
  async *plainPages() {
    let next: string | undefined = 'Customers?$select=ID,name,modifiedAt&$orderby=modifiedAt,ID';
    while (next !== undefined) {
      const { json }: { json: unknown } = await callJson(`${serviceOf(url)}/${next}`, { headers });
      yield customers.parse(json).value.map(({ ID }) => ID);
      next = linked.parse(json)['@odata.nextLink'];
    }
  },
});

const systemOf = (url: string): SystemDocument => ({
  tidemark: 'system/v1',
  name: 'cap',
  environment: 'pilot',
  driver: 'odata',
  baseUrl: serviceOf(url),
  allowPrivateHosts: true,
  auth: { kind: 'bearer', secret: 'ERP_TOKEN' },
  limits: { timeoutMs: 20_000 },
  entities: {
    customers: {
      set: 'Customers',
      idField: 'ID',
      idType: 'guid',
      updatedAtField: 'modifiedAt',
      select: ['customerNumber', 'name'],
    },
  },
});

export const capCustomers = (url: string): SourcePlace => ({
  system: systemOf(url),
  entity: 'customers',
  name: 'name',
});

export const capNumbered = (url: string): TargetPlace => ({
  system: systemOf(url),
  entity: 'customers',
  externalIdField: 'customerNumber',
  fields: [{ target: 'name', expression: '{name}' }],
});

export const capCopies = async (url: string): Promise<Copies> => {
  const byId = Map.groupBy(await allOf(url, 'Customers', numbered), ({ customerNumber }) => customerNumber);
  return new Map([...byId].map(([id, found]) => [id, found.map(({ name }) => name ?? '')]));
};
