import { z } from 'zod';
import { type RunningServer, spawnServer } from '../../../demo/processes/spawn-server.ts';
import { callJson } from './call-json.ts';
import type { Copies, RealSource, SourcePlace, SystemDocument, TargetPlace } from './real-system.ts';

type RestDocument = Extract<SystemDocument, { driver: 'rest' }>;
type Paging = NonNullable<RestDocument['entities'][string]['paging']>;

const READY_MS_MAX = 60_000;
const PAGE = 250;

const rows = z.array(z.object({ id: z.number(), name: z.string() }));
const contacts = z.array(z.object({ sourceId: z.string(), name: z.string() }));

export const startJsonServer = (records: number): Promise<RunningServer> =>
  spawnServer({
    name: 'json-server',
    script: 'test/systems/real/fixtures/json-server.ts',
    args: ['--records', String(records)],
    readyTimeoutMs: READY_MS_MAX,
  });

const SORT = '_sort=updatedAt,id&_order=asc,asc';

const nextOf = (link: string | null): string | undefined => /<([^>]*)>; rel="next"/.exec(link ?? '')?.[1];

const stamped = (name: string): object => ({ name, updatedAt: new Date().toISOString() });

export const jsonServerSource = (url: string): RealSource => ({
  people: {
    remove: async (id) => {
      await callJson(`${url}/records/${id}`, { method: 'DELETE' });
    },
    rename: async (id, name) => {
      await callJson(`${url}/records/${id}`, { method: 'PATCH', body: stamped(name) });
    },
    add: async (name) => {
      await callJson(`${url}/records`, { method: 'POST', body: stamped(name) });
    },
  },
  all: async () => {
    const { json } = await callJson(`${url}/records`);
    return new Map(rows.parse(json).map(({ id, name }) => [String(id), name]));
  },
  async *plainPages() {
    let next: string | undefined = `${url}/records?_page=1&_limit=${PAGE}&${SORT}`;
    while (next !== undefined) {
      const { json, headers } = await callJson(next);
      yield rows.parse(json).map(({ id }) => String(id));
      next = nextOf(headers.get('link'));
    }
  },
});

const systemOf = (url: string, entities: RestDocument['entities']): RestDocument => ({
  tidemark: 'system/v1',
  name: 'json-server',
  environment: 'pilot',
  driver: 'rest',
  baseUrl: url,
  allowPrivateHosts: true,
  limits: { timeoutMs: 20_000 },
  entities,
});

const shared = {
  idField: 'id',
  updatedAtField: 'updatedAt',
  pageSizeParam: '_limit',
  findMany: 'repeat',
  findBatchMax: 20,
} as const;

export const jsonServerRecords = (url: string, paging: Paging): SourcePlace => ({
  system: systemOf(url, {
    records: {
      ...shared,
      path: 'records',
      sinceParam: 'updatedAt_gte',
      params: { _sort: 'updatedAt,id', _order: 'asc,asc', ...(paging.style === 'link' ? { _page: '1' } : {}) },
      paging,
    },
  }),
  entity: 'records',
  name: 'name',
});

export const jsonServerContacts = (url: string): TargetPlace => ({
  system: systemOf(url, { contacts: { ...shared, path: 'contacts' } }),
  entity: 'contacts',
  externalIdField: 'sourceId',
  fields: [{ target: 'name', expression: '{name}' }],
});

export const jsonServerCopies = async (url: string): Promise<Copies> => {
  const { json } = await callJson(`${url}/contacts`);
  const byId = Map.groupBy(contacts.parse(json), ({ sourceId }) => sourceId);
  return new Map([...byId].map(([id, found]) => [id, found.map(({ name }) => name)]));
};
