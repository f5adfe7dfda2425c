import { contractOf, driverOfVendor, startMs, type Vendor } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { KEY, startStripe, throttled } from './vendors/stripe/stripe.ts';

const SEARCH_LAG_MS = 60_000;

const start = async (clock: { nowMs: number }): Promise<Vendor> => {
  const { server, table, refused } = await startStripe({ now: () => clock.nowMs, searchLagMs: SEARCH_LAG_MS });
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'billing',
    environment: 'pilot',
    preset: 'stripe',
    baseUrl: server.url,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'STRIPE_SECRET_KEY' },
    entities: {
      customer: { object: 'customers', pageSize: 50 },
      change: { object: 'customer-events', pageSize: 50 },
    },
  });
  return {
    server,
    table,
    refused,
    system,
    entity: 'customer',
    sourceEntity: 'change',
    findLagMs: SEARCH_LAG_MS,
    keyField: KEY,
    textField: 'description',
    textAt: 'data.object.description',
    throttled,
    stepMs: 1000,
    overlapSeconds: 120,
    // Windows are halved down from 30 days.
    quietPolls: 9,
    isWrite: ({ method }) => method === 'POST',
    isPaged: ({ query }) => query.has('created[lt]'),
    refusal: 'parameter_invalid_string_blank',
  };
};

driverConformance({
  name: 'preset stripe',
  start,
  lacks: {
    cap: 'events have no cap but their age, which the scan of a beginning says',
    'long integers': 'amounts are well below 2^53, and metadata are text',
    'index lag': 'events are listed as they happen; the search lags, which look-ups wait for here',
    batches: 'one object a request',
    'batches that fail in part': 'one object a request',
    'read-back': 'the search does not show what was just written: a create is repeated under its idempotency key',
    'read by ID': 'an object has no time of its last change, and events cannot be asked for by object',
  },
});

test('G6 a scan from the beginning says that older changes are forgotten', async () => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    vendor.table.put({ atMs: startMs - 31 * 86_400_000, fields: { [KEY]: 'old', description: 'v1' } });
    vendor.table.put({ atMs: startMs - 86_400_000, fields: { [KEY]: 'new', description: 'v1' } });
    const reply = await driverOfVendor({ ...vendor, entity: 'change' }, clock).readPage({
      since: null,
      token: null,
      pageSize: 50,
    });
    expect(reply).toMatchObject({ kind: 'page', nextToken: null, scan: { kind: 'truncated' } });
  } finally {
    await vendor.server.stop();
  }
});

test('G2 a create under an external ID that was used for another content is a conflict, and makes no second one', async () => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    const driver = driverOfVendor(vendor, clock, KEY);
    const fields = (description: string) => ({ metadata: { erp_id: 'Ünïcödé' }, description });
    const first = await driver.write({ kind: 'create', fields: fields('v1') });
    expect(await driver.write({ kind: 'create', fields: fields('v1') })).toEqual(first);
    expect(await driver.write({ kind: 'create', fields: fields('v2') })).toMatchObject({
      failure: { kind: 'rejected', because: 'conflict' },
    });
    expect(vendor.table.rows()).toHaveLength(1);
  } finally {
    await vendor.server.stop();
  }
});
