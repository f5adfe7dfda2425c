import { contractOf, driverOfVendor, startMs, type Vendor } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { KEY, startSheets, throttled } from './vendors/google-sheets/google-sheets.ts';

const start = async (clock: { nowMs: number }): Promise<Vendor> => {
  const { server, table, refused } = await startSheets(() => clock.nowMs);
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'sheet',
    environment: 'pilot',
    preset: 'google-sheets',
    baseUrl: server.url,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'GOOGLE_TOKEN' },
    entities: {
      customer: { object: 'file-1', sheet: 'My Customers', idField: KEY, updatedAtField: 'Updated' },
    },
  });
  return {
    server,
    table,
    refused,
    system,
    entity: 'customer',
    keyField: KEY,
    textField: 'Name',
    textAt: 'Name',
    throttled,
    stepMs: 1,
    overlapSeconds: 120,
    isWrite: ({ method }) => method !== 'GET',
    refusal: 'FAILED_PRECONDITION',
  };
};

driverConformance({
  name: 'preset google-sheets',
  start,
  lacks: {
    cap: 'the whole sheet is one answer; limits.responseBytesMax ends what is too large',
    'page tokens': 'there are no pages',
    batches: 'rows are found by a reading of their own before each write',
    'batches that fail in part': 'rows are found by a reading of their own before each write',
    'long integers': 'cells are numbers of 15 digits; longer ones are kept as text',
    'index lag': 'values are read as they stand',
  },
});

test('G2 a row that moves while it is written is told, by the record that was written over', async () => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    for (const key of ['a', 'b', 'c']) vendor.table.put({ atMs: startMs, fields: { [KEY]: key, Name: 'v1' } });
    vendor.server.faults.push({
      kind: 'lose',
      when: ({ method }) => {
        if (method === 'PUT') vendor.table.remove('a');
        return false;
      },
    });
    const driver = driverOfVendor(vendor, clock, KEY);
    const reply = await driver.write({ kind: 'update', targetId: 'b', fields: { [KEY]: 'b', Name: 'v2' } });
    expect(reply).toMatchObject({ failure: { because: 'conflict', reason: expect.stringContaining('row 3 moved') } });
    expect(vendor.table.rows().map(({ id, fields }) => [id, fields[KEY], fields['Name']])).toEqual([
      ['b', 'b', 'v1'],
      ['c', 'c', 'v2'],
    ]);
  } finally {
    await vendor.server.stop();
  }
});

test('what looks like a formula is written as text, and what is not mapped stays', async () => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    vendor.table.put({ atMs: startMs, fields: { [KEY]: 'a', Name: 'v1', Note: 'mine' } });
    const driver = driverOfVendor(vendor, clock, KEY);
    await driver.write({ kind: 'update', targetId: 'a', fields: { [KEY]: 'a', Name: '=1+1' } });
    expect(vendor.table.rows()[0]?.fields).toEqual({ [KEY]: 'a', Name: '=1+1', Note: 'mine' });
    const reply = await driver.write({ kind: 'create', fields: { [KEY]: 'b', Nowhere: 'v1' } });
    expect(reply).toMatchObject({ failure: { kind: 'rejected', reason: expect.stringContaining('no column') } });
    expect(vendor.table.rows()).toHaveLength(1);
  } finally {
    await vendor.server.stop();
  }
});
