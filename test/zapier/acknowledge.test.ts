import { deliveryOf } from '../e2e/deliveries.ts';
import { makeCustomers } from './customers.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;
const CUSTOMERS = 3;
const KEY = { sync: 'customers', stream: 'main' };

let world: World;
/** What the other app was given. */
let cards: unknown[];
beforeEach(async () => {
  cards = [];
  world = await openWorld(makeCustomers(CUSTOMERS, Date.now() - 60_000));
}, BUILD_TIMEOUT_MS);
afterEach(() => world.close());

/** A Zap whose records are written by an action of another app; the step after it tells what became of them. */
const makeZap = async (inputs: Readonly<Record<string, unknown>>) => {
  const connection = await world.connect('sync');
  const zap = await world.zapier.createZap({
    name: 'customers to another app',
    trigger: { key: 'record_changed', inputData: { ...KEY, start: 'beginning' } },
    steps: [
      {
        kind: 'other_app',
        key: 'create_card',
        inputData: { title: '{{trigger.external_id}}' },
        perform: ({ title }) => {
          cards.push(title);
          return Promise.resolve({ kind: 'success', output: { id: `card-${String(title)}` } });
        },
      },
      {
        kind: 'create',
        key: 'acknowledge_delivery',
        inputData: { sync: 'customers', delivery_id: '{{trigger.delivery_id}}', ...inputs },
      },
    ],
    connection,
  });
  expect(await zap.turnOn()).toMatchObject({ kind: 'on' });
  return zap;
};

const tryStep = async (inputData: Readonly<Record<string, unknown>>) =>
  world.zapier.tryStep({
    kind: 'create',
    key: 'acknowledge_delivery',
    inputData: { sync: 'customers', outcome: 'applied', ...inputData },
    connection: await world.connect('sync'),
  });

const status = () => world.admin.getStream(KEY, {});

test('G4 a Zap that writes with an action of another app settles each record, and the checkpoint moves to the last', async () => {
  const zap = await makeZap({ outcome: 'applied', target_id: '{{step1.id}}' });
  expect(await zap.poll()).toMatchObject({ kind: 'polled', started: CUSTOMERS });
  await world.zapier.drain();
  expect(zap.runs().map((run) => run.status)).toEqual(Array.from({ length: CUSTOMERS }, () => 'success'));
  expect(zap.runs()[0]?.history.at(-1)?.outcome).toMatchObject({
    kind: 'success',
    output: { status: 'applied', external_id: 'C-1', target_id: 'card-C-1', sync: 'customers' },
  });
  expect(cards).toEqual(['C-1', 'C-2', 'C-3']);
  const { counts, checkpoint } = await status();
  expect(counts).toMatchObject({ open: 0, applied: CUSTOMERS });
  expect(checkpoint.committed?.id).toBe('C-3');
  expect(world.systems.requests.filter((one) => one.includes('contacts'))).toEqual([]);
});

test('G5 a run that is replayed finds its record applied', async () => {
  const zap = await makeZap({ outcome: 'applied' });
  await zap.poll();
  await world.zapier.drain();
  const [deliveryId] = zap.runs().map(deliveryOf);
  expect(await tryStep({ delivery_id: deliveryId })).toMatchObject({
    kind: 'success',
    results: { status: 'already_applied', external_id: 'C-1' },
  });
});

test('one that failed becomes a dead letter with the reason that was mapped, as far as it can be kept', async () => {
  const zap = await makeZap({ outcome: 'failed', reason: `Not a customer any more\0 ${'x'.repeat(2000)}` });
  await zap.poll();
  await world.zapier.drain();
  const { deadLetters, total } = await world.admin.listDeadLetters({}, { sync: 'customers' });
  expect(total).toBe(CUSTOMERS);
  expect(deadLetters[0]).toMatchObject({ stage: 'zap', owner: 'Ada' });
  expect(deadLetters[0]?.reason).toMatch(/^Not a customer any more {2}x{900,}$/);
  expect(deadLetters[0]?.reason).toHaveLength(1000);
  expect((await status()).counts).toMatchObject({ open: 0, deadLettered: CUSTOMERS });
});

test('G1 a delivery that is not there, or that a sample carries, is refused with what to do, and what waits still waits', async () => {
  const zap = await makeZap({ outcome: 'applied' });
  await zap.poll();
  expect(await tryStep({ delivery_id: '5f0c7c55-5e51-4a3c-8d8f-0f3d3c1f6f10' })).toMatchObject({
    kind: 'error',
    status: 404,
    shown: expect.stringContaining('map Delivery ID from the Tidemark trigger of the same sync'),
  });
  expect(await tryStep({ delivery_id: 'sample-1-abc' })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('Skip this test and turn the Zap on'),
  });
  expect(await tryStep({ delivery_id: 'ada@private.example' })).toMatchObject({
    kind: 'error',
    shown: expect.not.stringContaining('private.example'),
  });
  expect(await tryStep({ delivery_id: '' })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('"Delivery ID"'),
  });
  expect((await status()).counts).toMatchObject({ open: CUSTOMERS, applied: 0 });
});

test('an outcome that is neither, and a failure without a reason, are refused with what to fill in', async () => {
  const delivery = { delivery_id: '5f0c7c55-5e51-4a3c-8d8f-0f3d3c1f6f10' };
  expect(await tryStep({ ...delivery, outcome: 'skipped' })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('the field "Outcome" must be one of: applied, failed'),
  });
  expect(await tryStep({ ...delivery, outcome: 'failed' })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('the field "Reason" must be filled in'),
  });
});
