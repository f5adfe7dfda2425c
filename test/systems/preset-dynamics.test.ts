import { contractOf, driverOfVendor, startMs, type Vendor } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { startDynamics, throttled } from './vendors/dynamics/dynamics.ts';

const start = async (clock: { nowMs: number }): Promise<Vendor> => {
  const { server, table, refused } = await startDynamics(() => clock.nowMs);
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'crm',
    environment: 'pilot',
    preset: 'dynamics',
    baseUrl: server.url,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'DATAVERSE_TOKEN' },
    entities: {
      account: { set: 'accounts', idField: 'accountid', select: ['name', 'tm_big'], pageSize: 50 },
    },
  });
  return {
    server,
    table,
    refused,
    system,
    entity: 'account',
    keyField: 'tm_erpid',
    textField: 'name',
    textAt: 'name',
    throttled,
    stepMs: 1000,
    overlapSeconds: 120,
    long: { field: 'tm_big', at: 'tm_big' },
    isWrite: ({ method }) => method === 'PATCH',
    goneId: '00000000-0000-4000-8000-999999999999',
    unfitKey: /[/#<>*%&:\\?+]/,
    refusal: '0x80040265',
  };
};

driverConformance({
  name: 'preset dynamics',
  start,
  lacks: {
    cap: 'each page is a query of its own by time and key, and none has a cap below its $top',
    'page tokens': 'read by key: next links and delta tokens are not kept',
    'several matches': 'values of an alternate key are unique',
    batches: '$batch is a multipart body; records are written one by one, six at once',
    'batches that fail in part': '$batch is a multipart body; records are written one by one, six at once',
    'index lag': 'queries read what was committed',
  },
});

test.each(['0x80072322', '0x80072321'])('protection limit %s is a throttle, whatever its status', async (code) => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    vendor.server.faults.push({
      kind: 'answer',
      answer: { status: 400, headers: { 'retry-after': '7' }, body: { error: { code, message: 'limit' } } },
    });
    const reply = await driverOfVendor(vendor, clock).readPage({ since: null, token: null, pageSize: 10 });
    expect(reply).toMatchObject({ failure: { kind: 'throttled', retryAfterMs: 7000 } });
  } finally {
    await vendor.server.stop();
  }
});

test('G2 a key that no address can hold is not sent, and the refusal says what to do', async () => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    const driver = driverOfVendor(vendor, clock, 'tm_erpid');
    const reply = await driver.write({ kind: 'upsert', externalId: 'a/b', fields: { tm_erpid: 'a/b' } });
    expect(reply).toMatchObject({ failure: { kind: 'rejected', reason: expect.stringContaining('find-then-write') } });
    expect(vendor.server.asked).toEqual([]);
  } finally {
    await vendor.server.stop();
  }
});
