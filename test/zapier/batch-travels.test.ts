import { z } from 'zod';
import { makeCustomers } from './customers.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;
const CUSTOMERS = 120;

const batch = z.looseObject({
  count: z.number(),
  records: z.array(z.looseObject({ delivery_id: z.string(), external_id: z.string(), record_json: z.string() })),
});

let world: World;
beforeEach(async () => {
  world = await openWorld(makeCustomers(CUSTOMERS, Date.now() - 600_000));
}, BUILD_TIMEOUT_MS);
afterEach(() => world.close());

const makeZap = async (sync: string, records: unknown) => {
  const connection = await world.connect('sync');
  return world.zapier.createZap({
    name: `${sync} in batches`,
    trigger: { key: 'record_batch', inputData: { sync, stream: 'main', start: 'beginning' } },
    steps: [{ kind: 'create', key: 'upsert_records', inputData: { sync, records } }],
    connection,
  });
};

const mapped = { delivery_id: '{{trigger.records[]delivery_id}}', record_json: '{{trigger.records[]record_json}}' };

const counts = async (sync: string) => (await world.admin.getStream({ sync, stream: 'main' }, {})).counts;

test('G1 G2 a hundred records travel in one run, sealed values with them, and a replay of the run writes nothing', async () => {
  const zap = await makeZap('taxed-customers', mapped);
  expect(await zap.turnOn()).toEqual({ kind: 'on', keysStored: 0 });
  expect(await zap.poll()).toMatchObject({ kind: 'polled', returned: 2, started: 2 });
  const sizes = zap.runs().map(({ item }) => batch.parse(item).count);
  expect(sizes.toSorted((a, b) => a - b)).toEqual([CUSTOMERS - 100, 100]);
  await world.zapier.drain();
  expect(zap.runs().map(({ status }) => status)).toEqual(['success', 'success']);
  expect(world.systems.contacts).toHaveLength(CUSTOMERS);
  expect(world.systems.contacts.find((one) => one['erp_id'] === 'C-2')).toMatchObject({
    full_name: 'Person 2 {{bundle.inputData.sync}}',
    credit: '9007199254740993',
    tax_id: '987-65-4321',
  });
  expect(await counts('taxed-customers')).toMatchObject({ open: 0, applied: CUSTOMERS });
  expect(await zap.poll()).toMatchObject({ kind: 'polled', returned: 0 });
});

test('a line that names no record stops the step before anything is written, and says which line it is', async () => {
  const zap = await makeZap('customers', [{ record_json: '{"full_name":"Nobody"}' }]);
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  const [run] = zap.runs();
  expect(JSON.stringify(run?.history)).toMatch(/in record 1, nothing says which record this is/);
  expect(world.systems.contacts).toHaveLength(0);
  expect(await counts('customers')).toMatchObject({ open: CUSTOMERS });
});
