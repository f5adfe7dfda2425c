import { z } from 'zod';
import { type RunningServer, spawnServer } from '../../../demo/processes/spawn-server.ts';
import { callJson } from './call-json.ts';
import type { RealSource, SourcePlace } from './real-system.ts';

const READY_MS_MAX = 60_000;
const PAGE = 250;

const document = z.object({ _id: z.string(), _rev: z.string(), name: z.string() });
const allDocuments = z.object({ rows: z.array(z.object({ doc: document })) });
const changes = z.object({ last_seq: z.int(), results: z.array(z.object({ id: z.string() })) });

/** A CouchDB with a database `people` of so many documents. */
export const startCouchdb = async (records: number): Promise<RunningServer> => {
  const server = await spawnServer({
    name: 'CouchDB',
    script: 'test/systems/real/fixtures/couchdb.ts',
    readyTimeoutMs: READY_MS_MAX,
  });
  await callJson(`${server.url}/people`, { method: 'PUT' });
  const docs = Array.from({ length: records }, (_document, index) => ({ _id: `p${index}`, name: `Record ${index}` }));
  await callJson(`${server.url}/people/_bulk_docs`, { method: 'POST', body: { docs } });
  return server;
};

const revisionOf = async (url: string, id: string): Promise<string> => {
  const { json } = await callJson(`${url}/people/${id}`);
  return document.parse(json)._rev;
};

export const couchdbSource = (url: string): RealSource => ({
  people: {
    remove: async (id) => {
      await callJson(`${url}/people/${id}?rev=${await revisionOf(url, id)}`, { method: 'DELETE' });
    },
    rename: async (id, name) => {
      const body = { _rev: await revisionOf(url, id), name };
      await callJson(`${url}/people/${id}`, { method: 'PUT', body });
    },
    add: async (name) => {
      await callJson(`${url}/people`, { method: 'POST', body: { name } });
    },
  },
  all: async () => {
    const { json } = await callJson(`${url}/people/_all_docs?include_docs=true`);
    return new Map(allDocuments.parse(json).rows.map(({ doc }) => [doc._id, doc.name]));
  },
  async *plainPages() {
    for (let since = 0; ;) {
      const { json } = await callJson(`${url}/people/_changes?since=${since}&limit=${PAGE}`);
      const page = changes.parse(json);
      if (page.results.length === 0) return;
      yield page.results.map(({ id }) => id);
      since = page.last_seq;
    }
  },
});

/** As docs/contracts.md shows it. */
export const couchdbPeople = (url: string): SourcePlace => ({
  system: {
    tidemark: 'system/v1',
    name: 'couchdb',
    environment: 'pilot',
    driver: 'rest',
    baseUrl: url,
    allowPrivateHosts: true,
    limits: { timeoutMs: 20_000 },
    entities: {
      people: {
        path: 'people/_changes',
        recordsAt: 'results',
        idField: 'id',
        updatedAtField: 'seq',
        timestamp: 'sequence',
        paging: { style: 'sequence', sinceMeans: 'after' },
        params: { include_docs: 'true' },
        sinceParam: 'since',
        pageSizeParam: 'limit',
        deletedWhen: { at: 'deleted', is: true },
        requests: {
          readByIds: {
            path: 'people/_changes',
            query: { filter: '_doc_ids', doc_ids: '[{values}]', include_docs: 'true' },
            quote: 'json',
          },
        },
      },
    },
  },
  entity: 'people',
  name: 'doc.name',
});
