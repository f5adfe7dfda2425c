import type { SystemFailure } from '../../src/core/system/failure.ts';
import {
  type ConformanceClock,
  contractOf,
  driverOfVendor,
  readerOf,
  startMs,
  type Vendor,
  writeTo,
} from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { overRate, startZendesk } from './vendors/zendesk/zendesk.ts';

const start = async (clock: ConformanceClock): Promise<Vendor> => {
  const { server, table, refused } = await startZendesk(() => clock.nowMs);
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'support',
    environment: 'pilot',
    preset: 'zendesk',
    baseUrl: server.url,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'ZENDESK_TOKEN' },
    entities: { user: { object: 'users', pageSize: 50 } },
  });
  return {
    server,
    table,
    refused,
    system,
    entity: 'user',
    keyField: 'external_id',
    textField: 'name',
    textAt: 'name',
    throttled: overRate,
    isWrite: ({ method }) => method !== 'GET',
    stepMs: 1000,
    overlapSeconds: 120,
    refusal: 'RecordInvalid',
  };
};

driverConformance({
  name: 'preset zendesk',
  start,
  lacks: {
    cap: 'an export by cursor goes on to the end of its stream',
    'long integers': 'numbers of user fields are decimals there: keep such integers in a text field',
    'several matches': 'an external ID is that of one user: a second one cannot be made',
    batches: 'upserts of many are jobs, which end later: one user is written at a time',
    'batches that fail in part': 'upserts of many are jobs, which end later: one user is written at a time',
  },
});

describe('Zendesk', () => {
  const clock: ConformanceClock = { nowMs: startMs };
  let vendor: Vendor;
  beforeEach(async () => {
    clock.nowMs = startMs;
    vendor = await start(clock);
  });
  afterEach(() => vendor.server.stop());

  test('G2 a key that is that of another user but for its case is refused, and the other user is as before', async () => {
    await writeTo(vendor, clock, [{ externalId: 'Key-A', text: 'v1' }]);
    const [other] = await writeTo(vendor, clock, [{ externalId: 'key-a', text: 'v2' }]);
    expect(other?.outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('in another case') });
    expect(vendor.table.rows().map(({ fields }) => fields)).toEqual([{ external_id: 'Key-A', name: 'v1' }]);
    const [again] = await writeTo(vendor, clock, [{ externalId: 'Key-A', text: 'v3' }]);
    expect(again?.outcome).toMatchObject({ kind: 'confirmed', created: false });
  });

  test('a look-up whose filter was ignored is a failure, for the list it got may be one page of many', async () => {
    const users = Array.from({ length: 100 }, (_row, n) => ({ id: n, external_id: `K${n}` }));
    vendor.server.faults.push({ kind: 'answer', answer: { body: { users, next_page: null, count: 100 } } });
    const reply = await driverOfVendor(vendor, clock, 'external_id').find('external_id', ['wanted']);
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
  });

  test('the eleventh page within a minute is throttled, and its place is good a minute later', async () => {
    for (let n = 0; n < 600; n += 1) {
      vendor.table.put({ atMs: startMs - 3_600_000 + n * 1000, fields: { external_id: `K${n}`, name: 'v1' } });
    }
    const driver = driverOfVendor(vendor, clock);
    const seen = new Set<string>();
    const readOn = async (from: string | null): Promise<{ token: string | null; failure: SystemFailure | null }> => {
      const reply = await driver.readPage({ since: null, token: from, pageSize: 50 });
      if (reply.kind === 'failed') return { token: from, failure: reply.failure };
      for (const { id } of reply.records) seen.add(id);
      return reply.nextToken === null ? { token: null, failure: null } : readOn(reply.nextToken);
    };
    const first = await readOn(null);
    expect(first.failure).toMatchObject({ kind: 'throttled', retryAfterMs: 43_000 });
    // Each page begins with the row that the one before ended with.
    expect(seen.size).toBe(491);
    clock.nowMs += 60_000;
    expect(await readOn(first.token)).toEqual({ token: null, failure: null });
    expect(seen.size).toBe(600);
  });

  test('G1 what the last minute left out is handed out once it is a minute old', async () => {
    const reader = await readerOf(vendor, clock);
    vendor.table.put({ atMs: startMs - 90_000, fields: { external_id: 'old', name: 'v1' } });
    vendor.table.put({ atMs: startMs - 30_000, fields: { external_id: 'young', name: 'v1' } });
    const first = await reader.poll();
    const second = await reader.poll();
    const ids = vendor.table.rows().map(({ id }) => id);
    expect([first, second].map((handed) => handed.map(({ id }) => id))).toEqual([[ids[0]], [ids[1]]]);
  });
});
