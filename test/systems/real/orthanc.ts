import { z } from 'zod';
import { type RunningServer, spawnServer } from '../../../demo/processes/spawn-server.ts';
import { callJson } from './call-json.ts';
import { dicomFile } from './dicom.ts';
import type { RealSource, SourcePlace } from './real-system.ts';

const READY_MS_MAX = 60_000;
const PAGE = 250;
const SENT_AT_ONCE = 8;

const changes = z.object({
  Last: z.int(),
  Changes: z.array(z.object({ ID: z.string(), ResourceType: z.string() })),
});
const stored = z.object({ ID: z.string() });
const tagged = z.array(z.object({ ID: z.string(), MainDicomTags: z.object({ ImageComments: z.string() }) }));

const send = async (url: string, number: number, comments: string): Promise<string> => {
  const response = await fetch(`${url}/instances`, { method: 'POST', body: dicomFile(number, comments) });
  if (!response.ok) throw new Error(`Orthanc answered ${response.status} to an instance: ${await response.text()}`);
  return stored.parse(await response.json()).ID;
};

/** An Orthanc, and which instance has which of its IDs. */
export type Orthanc = { readonly server: RunningServer; readonly numbers: Map<string, number> };

export const startOrthanc = async (records: number): Promise<Orthanc> => {
  const server = await spawnServer({
    name: 'Orthanc',
    script: 'test/systems/real/fixtures/orthanc.ts',
    readyTimeoutMs: READY_MS_MAX,
  });
  const numbers = new Map<string, number>();
  const queue = Array.from({ length: records }, (_instance, index) => index + 1).values();
  const worker = async (): Promise<void> => {
    for (const number of queue) numbers.set(await send(server.url, number, `Record ${number}`), number);
  };
  await Promise.all(Array.from({ length: SENT_AT_ONCE }, worker));
  return { server, numbers };
};

export const orthancSource = ({ server: { url }, numbers }: Orthanc): RealSource => ({
  people: {
    remove: async (id) => {
      await callJson(`${url}/instances/${id}`, { method: 'DELETE' });
    },
    rename: async (id, name) => {
      await send(url, numbers.get(id) ?? 0, name);
    },
    add: async (name) => {
      const number = numbers.size + 1;
      numbers.set(await send(url, number, name), number);
    },
  },
  all: async () => {
    const { json } = await callJson(`${url}/tools/find`, {
      method: 'POST',
      body: { Level: 'Instance', Query: {}, Expand: true },
    });
    return new Map(tagged.parse(json).map(({ ID, MainDicomTags }) => [ID, MainDicomTags.ImageComments]));
  },
  async *plainPages() {
    for (let since = 0; ;) {
      const { json } = await callJson(`${url}/changes?since=${since}&limit=${PAGE}`);
      const page = changes.parse(json);
      if (page.Changes.length === 0) return;
      yield page.Changes.flatMap(({ ID, ResourceType }) => (ResourceType === 'Instance' ? [ID] : []));
      since = page.Last;
    }
  },
});

/** As docs/contracts.md shows it. */
export const orthancInstances = ({ server: { url } }: Orthanc): SourcePlace => ({
  system: {
    tidemark: 'system/v1',
    name: 'orthanc',
    environment: 'pilot',
    driver: 'rest',
    baseUrl: url,
    allowPrivateHosts: true,
    limits: { timeoutMs: 20_000 },
    entities: {
      instances: {
        path: 'changes',
        recordsAt: 'Changes',
        skipRows: ['Patient', 'Study', 'Series'].map((type) => ({ at: 'ResourceType', is: type })),
        idField: 'ID',
        updatedAtField: 'Seq',
        timestamp: 'sequence',
        paging: { style: 'sequence', sinceMeans: 'after', end: { at: 'Done', is: true } },
        sinceParam: 'since',
        pageSizeParam: 'limit',
        expand: { path: 'instances/{ID}/simplified-tags', as: 'tags' },
      },
    },
  },
  entity: 'instances',
  name: 'tags.ImageComments',
});
