import { makeCustomers } from './customers.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;
const HOUR_MS = 3_600_000;
const CUSTOMERS = 4;

const realNow = Date.now;
let aheadMs = 0;
let world: World;
beforeEach(async () => {
  aheadMs = 0;
  // The store of the world reads the clock of this process; the app runs in others.
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs);
  world = await openWorld(makeCustomers(CUSTOMERS, realNow() - 60_000));
}, BUILD_TIMEOUT_MS);
afterEach(async () => {
  jest.restoreAllMocks();
  await world.close();
});

const makeZap = async (stream = 'main') =>
  world.zapier.createZap({
    name: 'customers to the CRM',
    trigger: { key: 'record_changed', inputData: { sync: 'customers', stream, start: 'beginning' } },
    steps: [
      {
        kind: 'create',
        key: 'upsert_record',
        inputData: {
          sync: 'customers',
          delivery_id: '{{trigger.delivery_id}}',
          record_json: '{{trigger.record_json}}',
        },
      },
    ],
    connection: await world.connect('sync'),
  });

const say = (...words: readonly string[]): unknown => expect.stringMatching(new RegExp(words.join('.*')));

test('a copy of a Zap cannot be switched on beside it, and can under a stream of its own', async () => {
  const zap = await makeZap();
  await zap.turnOn();
  const copy = await makeZap();
  expect(await copy.turnOn()).toMatchObject({
    kind: 'refused',
    message: say(
      'Stream "main" of sync "customers"',
      `Zap ${zap.id} already`,
      'stream name of its own',
      'nothing is lost',
    ),
  });
  expect(await (await makeZap('copy')).turnOn()).toMatchObject({ kind: 'on' });
  expect(await zap.poll()).toMatchObject({ kind: 'polled', started: CUSTOMERS });
});

test('the same Zap is switched off and on again without a wait', async () => {
  const zap = await makeZap();
  await zap.turnOn();
  await zap.poll();
  await zap.turnOff();
  expect(await zap.turnOn()).toMatchObject({ kind: 'on' });
  expect(await zap.poll()).toMatchObject({ kind: 'polled' });
});

test('G1 of two Zaps that are on, one is refused and the other is told once, and every record is written once', async () => {
  const first = await makeZap();
  await first.turnOn();
  await first.poll();
  await world.zapier.drain();
  aheadMs = HOUR_MS;
  const second = await makeZap();
  expect(await second.turnOn()).toMatchObject({ kind: 'on' });
  world.systems.customers.push(...makeCustomers(CUSTOMERS + 1, realNow()).slice(CUSTOMERS));
  expect(await first.poll()).toMatchObject({
    kind: 'failed',
    message: say('Cannot poll sync "customers"', `Zap ${second.id} polls stream "main" already`, 'Nothing is lost'),
  });
  expect(await second.poll()).toMatchObject({
    kind: 'failed',
    message: say(`Zap ${first.id} wants stream "main" too`, 'this Zap goes on with its next poll'),
  });
  expect(await second.poll()).toMatchObject({ kind: 'polled', started: 1 });
  await world.zapier.drain();
  expect(await first.poll()).toMatchObject({ kind: 'failed' });
  expect(await second.poll()).toMatchObject({ kind: 'polled' });
  expect(world.systems.contacts.map((one) => one['erp_id'])).toEqual(['C-1', 'C-2', 'C-3', 'C-4', 'C-5']);
  aheadMs += 24 * HOUR_MS;
  await second.turnOff();
  expect(await first.poll()).toMatchObject({ kind: 'polled' });
});

test('a poll of which Zapier does not say the Zap is served as before', async () => {
  await (await makeZap()).turnOn();
  const { authData } = await world.connect('sync');
  const connection = await world.connect('sync');
  const inputData = { sync: 'customers' };
  const meta = {
    isBulkRead: false,
    isFillingDynamicDropdown: false,
    isLoadingSample: false,
    isPopulatingDedupe: false,
    isTestingAuth: false,
    limit: -1,
    page: 0,
    timezone: null,
    inputFields: {},
  };
  const outcome = await world.zapier.invoke({
    method: 'triggers.record_changed.operation.perform',
    bundle: { authData, inputData, inputDataRaw: inputData, meta },
    connection,
    zapId: null,
  });
  expect(outcome).toMatchObject({ kind: 'success', results: { length: CUSTOMERS } });
});
