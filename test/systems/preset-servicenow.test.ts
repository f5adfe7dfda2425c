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
import { overRate, startServiceNow } from './vendors/servicenow/servicenow.ts';

const start = async (clock: ConformanceClock): Promise<Vendor & { readonly hidden: Set<string> }> => {
  const { server, table, refused, hidden } = await startServiceNow(() => clock.nowMs);
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'instance',
    environment: 'pilot',
    preset: 'servicenow',
    baseUrl: server.url,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'SERVICENOW_TOKEN' },
    entities: {
      customer: {
        object: 'u_customer',
        writeObject: 'u_customer_staging',
        externalIdField: 'u_erp_id',
        select: ['u_name', 'u_big'],
        pageSize: 50,
      },
    },
  });
  return {
    server,
    table,
    refused,
    hidden,
    system,
    entity: 'customer',
    keyField: 'u_erp_id',
    textField: 'u_name',
    textAt: 'u_name',
    throttled: overRate,
    isWrite: ({ method }) => method !== 'GET',
    stepMs: 1000,
    overlapSeconds: 120,
    long: { field: 'u_big', at: 'u_big' },
    refusal: 'error',
  };
};

driverConformance({
  name: 'preset servicenow',
  start,
  lacks: {
    cap: 'each page is a query of its own, and none has a cap below its sysparm_limit',
    'page tokens': 'read by key: no offset and no link is followed',
    'index lag': 'the Table API reads what was committed',
    'several matches': 'an import changes one of them and does not say so: give the column a unique index',
    batches: 'an import of several is answered before they are transformed',
    'batches that fail in part': 'an import of several is answered before they are transformed',
  },
});

describe('ServiceNow', () => {
  const clock: ConformanceClock = { nowMs: startMs };
  let vendor: Awaited<ReturnType<typeof start>>;
  beforeEach(async () => {
    clock.nowMs = startMs;
    vendor = await start(clock);
  });
  afterEach(() => vendor.server.stop());
  const fill = (count: number): void => {
    for (let n = 0; n < count; n += 1) {
      vendor.table.put({ atMs: startMs - 3_600_000, fields: { u_erp_id: `K${n}`, u_name: 'v1' } });
    }
  };
  const shownIds = () => vendor.table.rows().flatMap(({ id }) => (vendor.hidden.has(id) ? [] : [id]));

  test.each([
    'K1^NQu_erp_id!=',
    'K1^ORDERBYu_name',
    'a^^b',
    'javascript:gs.getUserID()',
    ' JavaScript:new GlideRecord("u_customer").deleteMultiple()',
  ])('the key %s does not come into an encoded query, and nothing is found or sent', async (key) => {
    fill(3);
    for (const keys of [[key], ['K0', key]]) {
      const reply = await driverOfVendor(vendor, clock, 'u_erp_id').find('u_erp_id', keys);
      expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'rejected', status: 0 } });
    }
    expect(vendor.server.asked).toEqual([]);
  });

  test('a look-up by a column that does not exist fails, although every row answers it', async () => {
    fill(40);
    const reply = await driverOfVendor(vendor, clock, 'u_erp').find('u_erp', ['K1']);
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
  });

  test('G1 rows hidden from the user make pages short, and none of the others is lost', async () => {
    fill(260);
    for (const [index, { id }] of vendor.table.rows().entries()) if (index % 3 === 0) vendor.hidden.add(id);
    const handed = await (await readerOf(vendor, clock)).quiet();
    expect(handed.map(({ id }) => id).toSorted()).toEqual(shownIds().toSorted());
  });

  test('G6 a page of hidden rows only, with more behind it, is not taken for the end', async () => {
    fill(260);
    for (const { id } of vendor.table
      .rows()
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(60, 160)) {
      vendor.hidden.add(id);
    }
    await expect((await readerOf(vendor, clock)).poll()).rejects.toThrow('Link header says that more follows');
  });

  test('an import that changes nothing is ignored there, and is a write that was done', async () => {
    await writeTo(vendor, clock, [{ externalId: 'same', text: 'v1' }]);
    const [again] = await writeTo(vendor, clock, [{ externalId: 'same', text: 'v1' }]);
    expect(again?.outcome).toEqual({
      kind: 'confirmed',
      targetId: vendor.table.rows()[0]?.id,
      created: false,
      readBack: false,
    });
  });
});
