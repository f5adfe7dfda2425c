import type { PageReply } from '../../src/core/system/entity-driver.ts';
import {
  type ConformanceClock,
  contractOf,
  driverOfVendor,
  startMs,
  type Vendor,
  writeTo,
} from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { conflict, overload, overRate, SOURCE, startNotion } from './vendors/notion/notion.ts';

const start = async (clock: ConformanceClock): Promise<Vendor> => {
  const { server, table, refused } = await startNotion({ now: () => clock.nowMs, capRows: 450 });
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'workspace',
    environment: 'pilot',
    preset: 'notion',
    baseUrl: server.url,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'NOTION_TOKEN' },
    entities: {
      page: {
        object: SOURCE,
        pageSize: 50,
        externalIdField: 'ErpId',
        codec: {
          kind: 'notion',
          types: { ErpId: 'rich_text', Name: 'title', Amount: 'number', Done: 'checkbox' },
        },
      },
    },
  });
  return {
    server,
    table,
    refused,
    system,
    entity: 'page',
    keyField: 'ErpId',
    textField: 'Name',
    textAt: 'properties.Name',
    throttled: overRate,
    isWrite: ({ method, path }) => method === 'PATCH' || path === 'v1/pages',
    stepMs: 60_000,
    overlapSeconds: 120,
    refusal: 'validation_error',
  };
};

driverConformance({
  name: 'preset notion',
  start,
  lacks: {
    'index lag': 'a query shows what was written, as far as is known',
    'long integers': 'numbers are doubles there: keep such integers in a text property',
    batches: 'a page is written by a request of its own',
    'batches that fail in part': 'a page is written by a request of its own',
  },
});

describe('Notion', () => {
  const clock: ConformanceClock = { nowMs: startMs };
  let vendor: Vendor;
  beforeEach(async () => {
    clock.nowMs = startMs;
    vendor = await start(clock);
  });
  afterEach(() => vendor.server.stop());
  const driver = () => driverOfVendor(vendor, clock, 'ErpId');

  /** Reads to the end of one scan, or to its failure. */
  const scan = async (seen: Set<string>, token: string | null = null): Promise<PageReply> => {
    const reply = await driver().readPage({ since: null, token, pageSize: 50 });
    if (reply.kind === 'failed') return reply;
    for (const { id } of reply.records) seen.add(id);
    return reply.nextToken === null ? reply : scan(seen, reply.nextToken);
  };

  test('G6 a query that gave up goes on in another window, in the same scan', async () => {
    for (let n = 0; n < 1000; n += 1) {
      const atMs = startMs - 86_400_000 + Math.floor(n / 3) * 60_000;
      vendor.table.put({ atMs, fields: { ErpId: `K${n}`, Name: 'v1' } });
    }
    const seen = new Set<string>();
    expect(await scan(seen)).toMatchObject({ kind: 'page', scan: { kind: 'complete' } });
    expect(seen.size).toBe(1000);
  });

  test('G6 more pages of one minute than a query gives fail the scan, and the cap is named', async () => {
    for (let n = 0; n < 600; n += 1) vendor.table.put({ atMs: startMs, fields: { ErpId: `K${n}`, Name: 'v1' } });
    expect(await scan(new Set())).toMatchObject({ kind: 'failed', scan: { kind: 'truncated', because: 'cap' } });
  });

  test.each([
    ['a conflict', conflict],
    ['an overload', overload],
  ])('%s wrote nothing and is tried again', async (_what, answer) => {
    vendor.server.faults.push({ kind: 'answer', answer, when: vendor.isWrite });
    const [written] = await writeTo(vendor, clock, [{ externalId: 'again', text: 'v1' }]);
    expect(written).toMatchObject({ outcome: { kind: 'confirmed', created: true }, attempts: 2 });
    expect(vendor.table.rows()).toHaveLength(1);
  });

  test('values stand in the form of their types, long text in parts, and are read back as they were', async () => {
    const fields = { ErpId: 'k', Name: 'é😀'.repeat(1500), Amount: 12.5, Done: true };
    const reply = await driver().write({ kind: 'create', fields });
    expect(reply).toMatchObject({ kind: 'written', created: true });
    const found = await driver().find('ErpId', ['k']);
    if (found.kind !== 'found') throw new Error(found.failure.reason);
    expect(found.byValue.get('k')?.[0]?.body).toEqual(fields);
    const targetId = vendor.table.rows()[0]?.id ?? '';
    await driver().write({ kind: 'update', targetId, fields: { ErpId: 'k', Name: null, Amount: null, Done: null } });
    expect(vendor.table.rows()[0]?.fields).toEqual({ ErpId: 'k', Name: '', Amount: null, Done: false });
  });

  test('a value that is not of its type is refused there, and not made to fit', async () => {
    const reply = await driver().write({ kind: 'create', fields: { ErpId: 'k', Amount: 'twelve' } });
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'rejected', status: 400 } });
    expect(vendor.table.rows()).toEqual([]);
  });
});
