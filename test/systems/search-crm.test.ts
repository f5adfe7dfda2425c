import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { SystemContract } from '../../src/core/contract/system-contract.ts';
import { contractOf } from './conformance-world.ts';
import { driverOf, sweep } from './contracts.ts';
import { driverConformance } from './driver-conformance.ts';
import { startSearchCrm, tooMany } from './vendors/search-crm.ts';
import type { VendorServer } from './vendors/vendor-server.ts';
import type { VendorTable } from './vendors/vendor-table.ts';

const FILE = path.join('contracts', 'examples', 'search-crm.yaml');
const BASE_MS = Date.parse('2026-01-01T00:00:00.000Z');

const systemAt = (baseUrl: string): SystemContract =>
  contractOf({
    ...z.record(z.string(), z.unknown()).parse(parse(readFileSync(FILE, 'utf8'))),
    baseUrl,
    allowPrivateHosts: true,
  });

driverConformance({
  name: 'the example of a search by POST',
  start: async (at) => {
    const vendor = await startSearchCrm({ now: () => at.nowMs, cutRows: 400 });
    const contract = systemAt(vendor.server.url);
    const { person } = contract.driver === 'rest' ? contract.entities : {};
    if (contract.driver !== 'rest' || person === undefined) throw new Error('The example has no entity "person"');
    const windowCap = { rows: 400, signal: { at: 'data.cut', is: true } };
    return {
      ...vendor,
      system: { ...contract, entities: { person: { ...person, pageSize: 50, windowCap } } },
      entity: 'person',
      keyField: 'erpId',
      textField: 'name',
      textAt: 'fields.name',
      throttled: tooMany,
      stepMs: 1,
      overlapSeconds: 120,
      long: { field: 'big', at: 'fields.big' },
      refusal: 'INVALID',
      isWrite: ({ method, path: place }) => method === 'PATCH' || place === 'people',
    };
  },
  lacks: {
    batches: 'the API writes one record a request',
    'batches that fail in part': 'the API writes one record a request',
    'index lag': 'a search sees what was written',
  },
});

describe('a search by POST', () => {
  let table: VendorTable;
  let server: VendorServer;
  let system: SystemContract;

  beforeEach(async () => {
    ({ server, table } = await startSearchCrm({ now: () => BASE_MS, cutRows: 1000 }));
    system = systemAt(server.url);
  });

  afterEach(() => server.stop());

  const driver = () => driverOf(system, { externalIdField: 'erpId' });
  const fill = (count: number, perTime: number): void => {
    for (let n = 0; n < count; n += 1) {
      table.put({ atMs: BASE_MS + Math.floor(n / perTime), fields: { erpId: `E${n}`, name: `Name ${n}` } });
    }
  };

  test('a search that is cut at 1,000 rows goes on in new windows, and none of its rows is lost', async () => {
    fill(2345, 3);
    const result = await sweep(driver, { pageSize: 100 });
    expect(result.end).toEqual({ kind: 'end' });
    expect(new Set(result.records.map(({ id }) => id)).size).toBe(2345);
    const first = server.asked[0]?.body;
    expect(first).toMatchObject({ limit: 100, columns: ['erpId', 'email', 'name'] });
    expect(first).not.toHaveProperty('where');
    expect(first).not.toHaveProperty('cursor');
  });

  test('one update time that fills a window is named as the cap, and not taken for the end', async () => {
    fill(1200, 5000);
    const result = await sweep(driver, { pageSize: 100 });
    expect(result.end).toMatchObject({
      kind: 'failed',
      failure: { kind: 'malformed', reason: expect.stringContaining('windowCap of 1000') },
      scan: { kind: 'truncated', because: 'cap' },
    });
  });

  test('an end whose count disagrees is unstable, and one whose count agrees is complete', async () => {
    fill(150, 1);
    const quiet = driver();
    const first = await quiet.readPage({ since: null, token: null, pageSize: 100 });
    if (first.kind !== 'page') throw new Error(first.failure.reason);
    expect(first.scan).toBeUndefined();
    const last = await quiet.readPage({ since: null, token: first.nextToken, pageSize: 100 });
    expect(last).toMatchObject({ nextToken: null, scan: { kind: 'complete' } });
    // One row of the first page goes, and all behind it move up by one.
    table.remove('p-00001');
    const moved = await quiet.readPage({ since: null, token: first.nextToken, pageSize: 100 });
    expect(moved).toMatchObject({ nextToken: null, scan: { kind: 'unstable', because: 'count_disagrees' } });
  });

  test('records are found by a field inside the fields, and by ID as the source gives them', async () => {
    fill(3, 1);
    const found = await driver().find('erpId', ['E1', 'E2', 'nobody']);
    if (found.kind !== 'found') throw new Error(found.failure.reason);
    expect([...found.byValue.keys()]).toEqual(['E1', 'E2']);
    expect(found.byValue.get('E1')).toEqual([{ id: 'p-00002', body: { erpId: 'E1', name: 'Name 1' }, version: '1' }]);
    const byId = await driver().readByIds(['p-00003']);
    if (byId.kind !== 'found') throw new Error(byId.failure.reason);
    const body = byId.byValue.get('p-00003')?.[0]?.body;
    expect(body === undefined ? undefined : driver().toRecord(body)?.id).toBe('p-00003');
  });

  test('a create carries its idempotency key, and an update says which version it is about', async () => {
    const made = await driver().write({ kind: 'create', fields: { erpId: 'E1' }, writeId: 'w-1' });
    expect(made).toEqual({ kind: 'written', targetId: 'p-00001', created: true });
    expect(server.asked.at(-1)?.headers['idempotency-key']).toBe('w-1');
    const update = { kind: 'update', targetId: 'p-00001', fields: { erpId: 'E1', name: 'New' } } as const;
    expect(await driver().write({ ...update, version: '1' })).toMatchObject({ kind: 'written', created: false });
    expect(await driver().write({ ...update, version: '1' })).toMatchObject({
      kind: 'failed',
      failure: { kind: 'rejected', because: 'conflict' },
    });
    expect(await driver().write({ ...update, targetId: 'p-9' })).toEqual({ kind: 'missing' });
    await driver().write(update);
    expect(server.asked.at(-1)?.headers).not.toHaveProperty('if-match');
  });

  test('a refusal that asks to wait in its body is waited for as long as it says', async () => {
    server.faults.push({ kind: 'answer', answer: tooMany });
    expect(await driver().readPage({ since: null, token: null, pageSize: 5 })).toMatchObject({
      failure: { kind: 'throttled', retryAfterMs: 7000, reason: expect.stringContaining('TOO_MANY') },
    });
  });

  test('a token that expired is rejected, by which reading begins again at the mark', async () => {
    fill(20, 1);
    const first = await driver().readPage({ since: null, token: null, pageSize: 5 });
    server.faults.push({ kind: 'answer', answer: { status: 500, body: { error: { code: 'CURSOR_EXPIRED' } } } });
    const token = first.kind === 'page' ? first.nextToken : null;
    expect(await driver().readPage({ since: null, token, pageSize: 5 })).toMatchObject({
      failure: { kind: 'rejected' },
    });
  });
});
