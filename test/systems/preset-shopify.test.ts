import { isJsonObject } from '../../src/core/json.ts';
import { contractOf, startMs, driverOfVendor, type Vendor } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { startShopify, throttled } from './vendors/shopify/shopify.ts';

const CAP = 400;

const start = async (clock: { nowMs: number }): Promise<Vendor> => {
  const { server, table, refused } = await startShopify({ now: () => clock.nowMs, capRows: CAP, lagMs: 20_000 });
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'shop',
    environment: 'pilot',
    preset: 'shopify',
    baseUrl: server.url,
    allowPrivateHosts: true,
    auth: { kind: 'header', header: 'X-Shopify-Access-Token', secret: 'SHOPIFY_TOKEN' },
    entities: {
      customer: {
        object: 'customers',
        externalIdField: 'erp_id',
        select: ['note', 'legacyResourceId'],
        pageSize: 50,
        windowCap: { rows: CAP, signal: 'error' },
      },
      product: { object: 'products', select: ['title'] },
    },
  });
  return {
    server,
    table,
    refused,
    system,
    entity: 'customer',
    keyField: 'erp_id',
    textField: 'note',
    textAt: 'note',
    throttled,
    stepMs: 1000,
    overlapSeconds: 120,
    long: { field: 'legacyResourceId', at: 'legacyResourceId' },
    refusal: 'INVALID',
    isWrite: ({ body }) => isJsonObject(body) && JSON.stringify(body['query']).startsWith('"mutation'),
    isPaged: ({ body }) => isJsonObject(body) && isJsonObject(body['variables']) && 'after' in body['variables'],
  };
};

driverConformance({
  name: 'preset shopify',
  start,
  lacks: {
    'several matches': 'values of an id metafield are unique',
    batches: 'customerSet and productSet take one record; bulk operations are not waited for',
    'batches that fail in part': 'customerSet and productSet take one record; bulk operations are not waited for',
    created: 'customerSet gives the customer, and not whether it is new',
  },
});

test('a throttle by cost is waited for as long as the bucket takes to refill', async () => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    vendor.server.faults.push({ kind: 'answer', answer: throttled });
    const reply = await driverOfVendor(vendor, clock).readPage({ since: null, token: null, pageSize: 50 });
    expect(reply).toMatchObject({ failure: { kind: 'throttled', retryAfterMs: 5000 } });
  } finally {
    await vendor.server.stop();
  }
});
