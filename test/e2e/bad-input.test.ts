import type { PollingZap } from '../../standin/zap.ts';
import { systemContract } from '../../src/core/contract/system-contract.ts';
import { erpContract } from '../zapier/contracts.ts';
import { makeCustomers } from '../zapier/customers.ts';
import { openWorld, type World } from '../zapier/world.ts';
import { deliveryOf } from './deliveries.ts';
import { type Answer, htmlPage, json, type MoodyServer, passTo, startMoodyServer } from './moody-server.ts';

// What a Zap of the built app does with bad input from outside. What is refused within one call is in test/zapier.

const BUILD_TIMEOUT_MS = 240_000;
/** Attempts of one request with their waits take up to 20 s. */
const RETRIES_TIMEOUT_MS = 60_000;
const KEY = { sync: 'customers', stream: 'main' };

let world: World;
let source: MoodyServer;

beforeEach(async () => {
  world = await openWorld(makeCustomers(5, Date.now() - 60_000));
  source = await startMoodyServer();
}, BUILD_TIMEOUT_MS);
afterEach(async () => {
  await source.close();
  await world.close();
});

/** Puts the moody server in the place of the source; it pages by a cursor in the body. */
const useMoodySource = async (): Promise<void> => {
  const { entities, ...rest } = erpContract(source.url);
  const customer = {
    ...entities.customer,
    recordsAt: 'rows',
    paging: { style: 'cursor', param: 'page', nextAt: 'next' },
  };
  const contract = systemContract.parse({ ...rest, entities: { customer } });
  await world.admin.applySystem({ system: 'erp' }, { contract, ticket: 'CHG-2' });
};

/** A Zap that is on, under a key of its own; whoever changes `authData` types another key into the connection. */
const turnOnZap = async (storeUrl = world.storeUrl) => {
  const { key, keyId } = await world.makeKey('sync');
  const authData = { store_url: storeUrl, api_key: key };
  const report = await world.zapier.connect(authData);
  if (report.kind === 'refused') throw new Error(report.message);
  const { connection } = report;
  const zap = await world.zapier.createZap({
    name: 'customers to the CRM',
    trigger: { key: 'record_changed', inputData: { ...KEY, start: 'beginning' } },
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
    connection,
  });
  expect(await zap.turnOn()).toMatchObject({ kind: 'on' });
  return { zap, connection, authData, keyId };
};

const row = (id: string, minute: number, fields: Readonly<Record<string, unknown>> = {}): string => {
  const changedAt = new Date(Date.parse('2026-01-01T00:00:00Z') + minute * 60_000).toISOString();
  const rest = { changed_at: changedAt, mail: `person.${minute}@example.com`, name: `Person ${minute}`, ...fields };
  return `{${id === '' ? '' : `"id":${id},`}${JSON.stringify(rest).slice(1)}`;
};

const page = (rows: readonly string[], next: string | null): Answer =>
  json(`{"rows":[${rows.join(',')}],"next":${JSON.stringify(next)}}`);

const pollAndPlay = async (zap: PollingZap) => {
  const report = await zap.poll();
  await world.zapier.drain();
  return report;
};

/** External IDs on the target, copies included. */
const written = (): string[] =>
  world.systems.contacts.map((contact) => String(contact['erp_id'])).toSorted((a, b) => (a < b ? -1 : 1));
const counts = async () => (await world.admin.getStream(KEY, {})).counts;
const deadLetters = () => world.admin.listDeadLetters({}, { sync: 'customers' });
const fiveCustomers = ['C-1', 'C-2', 'C-3', 'C-4', 'C-5'];

describe('the store', () => {
  test(
    'a store URL at which nobody listens is named when the user connects',
    async () => {
      await source.goAway();
      const report = await world.zapier.connect({ store_url: source.url, api_key: (await world.makeKey('sync')).key });
      expect(report).toMatchObject({
        kind: 'refused',
        message: expect.stringMatching(
          /^Cannot connect to the store: .*127\.0\.0\.1:\d+ could not be reached \(ECONNREFUSED\)/,
        ),
      });
    },
    RETRIES_TIMEOUT_MS,
  );

  test('G1 what was on its way when a web page took the place of the store is written once the store is back', async () => {
    source.answerWith(passTo(world.storeUrl));
    const { zap } = await turnOnZap(source.url);
    expect(await zap.poll()).toMatchObject({ kind: 'polled', started: 5 });
    source.answerWith(() => htmlPage);
    await world.zapier.drain({ isOver: () => world.zapier.counters().errors >= 5 });
    expect(zap.runs().map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'replay_scheduled'));
    expect(await zap.poll()).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('no Tidemark store at that URL'),
    });
    expect(written()).toEqual([]);
    source.answerWith(passTo(world.storeUrl));
    await world.zapier.drain();
    expect(written()).toEqual(fiveCustomers);
    expect(await counts()).toMatchObject({ open: 0, applied: 5 });
  });

  test('G1 a key that is revoked half-way expires the connection, and after a new one all is written', async () => {
    const { zap, connection, authData, keyId } = await turnOnZap();
    await zap.poll();
    await world.zapier.drain({ isOver: () => world.systems.contacts.length >= 2 });
    await world.revokeKey(keyId);
    await world.zapier.drain();
    expect(zap.runs().map(({ heldBecause }) => heldBecause)).toEqual([
      null,
      null,
      'auth_expired',
      'auth_expired',
      'auth_expired',
    ]);
    expect(zap.runs()[2]?.history.at(-1)?.outcome).toMatchObject({
      kind: 'auth_expired',
      message: expect.stringContaining('API key was not accepted'),
    });
    world.systems.customers.push({ ...makeCustomers(1, Date.now())[0], id: 'C-6' });
    expect(await zap.poll()).toMatchObject({ kind: 'failed' });
    expect(await world.zapier.reconnect(connection)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('API key was not accepted'),
    });
    authData.api_key = (await world.makeKey('sync')).key;
    expect(await world.zapier.reconnect(connection)).toMatchObject({ kind: 'connected' });
    expect(zap.replayHeld()).toBe(3);
    await world.zapier.drain();
    await pollAndPlay(zap);
    expect(written()).toEqual([...fiveCustomers, 'C-6']);
    expect(await counts()).toMatchObject({ open: 0, applied: 6, deliveries: 6 });
  });
});

describe('the fields of a step', () => {
  const upsert = async (inputData: Readonly<Record<string, unknown>>) =>
    world.zapier.tryStep({
      kind: 'create',
      key: 'upsert_record',
      inputData,
      connection: await world.connect('sync'),
    });

  test('G1 a delivery of another sync, or of none, is refused with what to map, and waits for its own step', async () => {
    const { zap } = await turnOnZap();
    await zap.poll();
    const delivery_id = zap.runs().map(deliveryOf)[0] ?? '';
    const unknown = '5f0c7c55-5e51-4a3c-8d8f-0f3d3c1f6f10';
    const wrong = [
      { sync: 'taxed-customers', delivery_id },
      { sync: 'customers', delivery_id: unknown },
    ];
    for (const inputData of wrong) {
      expect(await upsert({ ...inputData, record_json: '{}' })).toMatchObject({
        kind: 'error',
        status: 404,
        shown: expect.stringContaining('map Delivery ID from the Tidemark trigger of the same sync'),
      });
    }
    expect(written()).toEqual([]);
    await world.zapier.drain();
    expect(written()).toEqual(fiveCustomers);
    expect(await counts()).toMatchObject({ open: 0, applied: 5, deliveries: 5 });
  });

  test('a version that is no date is refused by the name of its field, without being quoted', async () => {
    const given = { sync: 'customers', external_id: 'C-9', updated_at: 'last Tuesday', record_json: '{"email":"x@y"}' };
    const outcome = await upsert(given);
    expect(outcome).toMatchObject({
      kind: 'error',
      code: 'invalid_input',
      shown: expect.stringContaining('the field "Updated At" must be a date and time in ISO 8601'),
    });
    expect(JSON.stringify(outcome)).not.toContain('Tuesday');
    expect(written()).toEqual([]);
    expect(await upsert({ ...given, updated_at: '2026-01-01T00:00:00Z' })).toMatchObject({ kind: 'success' });
    expect(written()).toEqual(['C-9']);
  });
});

describe('the source', () => {
  const three = [row('1', 1), row('2', 2), row('3', 3)];

  beforeEach(useMoodySource);

  test(
    'G1 a source that cannot be reached fails the poll with the reason, and is read whole when it is back',
    async () => {
      source.answerWith(() => page(three, null));
      await source.goAway();
      const { zap } = await turnOnZap();
      expect(await zap.poll()).toMatchObject({ kind: 'failed', message: expect.stringContaining('ECONNREFUSED') });
      await source.comeBack();
      expect(await pollAndPlay(zap)).toMatchObject({ kind: 'polled', started: 3 });
      expect(written()).toEqual(['1', '2', '3']);
    },
    RETRIES_TIMEOUT_MS,
  );

  test(
    'G1 a web page with status 200 is not taken for an empty source',
    async () => {
      const { zap } = await turnOnZap();
      expect(await zap.poll()).toMatchObject({
        kind: 'failed',
        message: expect.stringMatching(/Cannot use the answer to .*status 200, content type "text\/html"/),
      });
      source.answerWith(() => page(three, null));
      expect(await pollAndPlay(zap)).toMatchObject({ kind: 'polled', started: 3 });
      expect(written()).toEqual(['1', '2', '3']);
    },
    RETRIES_TIMEOUT_MS,
  );

  test('G1 pages that go in a circle end the poll, and what lies behind them is written once they go on', async () => {
    const pages: Record<string, Answer> = {
      '': page([row('1', 1)], 'a'),
      a: page([row('2', 2)], 'b'),
      b: page([row('3', 3)], 'a'),
      c: page([row('4', 4)], null),
    };
    source.answerWith(({ url }) => pages[url.searchParams.get('page') ?? ''] ?? htmlPage);
    const { zap } = await turnOnZap();
    // What was read before the circle closed is handed out; a poll with nothing else to show gives the reason.
    expect(await pollAndPlay(zap)).toMatchObject({ started: 3 });
    expect(await pollAndPlay(zap)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('gave a page token that it gave before'),
    });
    pages['b'] = page([row('3', 3)], 'c');
    expect(await pollAndPlay(zap)).toMatchObject({ started: 1 });
    expect(written()).toEqual(['1', '2', '3', '4']);
    expect(await counts()).toMatchObject({ open: 0, applied: 4, deliveries: 4 });
  });

  test('G1 a page out of order is refused whole, and read when the source sorts again', async () => {
    source.answerWith(() => page(three.toReversed(), null));
    const { zap } = await turnOnZap();
    expect(await zap.poll()).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('does not sort by update time'),
    });
    expect(await counts()).toMatchObject({ open: 0, deliveries: 0 });
    source.answerWith(() => page(three, null));
    expect(await pollAndPlay(zap)).toMatchObject({ kind: 'polled', started: 3 });
    expect(written()).toEqual(['1', '2', '3']);
  });

  test('G1 a record without an ID becomes one dead letter that names its place, and the others are written', async () => {
    source.answerWith(() => page([row('1', 1), row('', 2), row('3', 3)], null));
    const { zap } = await turnOnZap();
    expect(await pollAndPlay(zap)).toMatchObject({ started: 2 });
    expect(await pollAndPlay(zap)).toMatchObject({ returned: 0 });
    expect(written()).toEqual(['1', '3']);
    expect(await deadLetters()).toMatchObject({
      total: 1,
      deadLetters: [{ reason: 'Row 2 of page 1 of the source has no usable ID', owner: 'Ada', stage: 'read' }],
    });
  });

  test('G1 a record whose version is no date becomes one dead letter, and is written once it has one', async () => {
    source.answerWith(() => page([row('1', 1), row('2', 2, { changed_at: 'last Tuesday' }), row('3', 3)], null));
    const { zap } = await turnOnZap();
    expect(await pollAndPlay(zap)).toMatchObject({ started: 2 });
    expect(written()).toEqual(['1', '3']);
    const given = await deadLetters();
    expect(given.total).toBe(1);
    expect(given.deadLetters[0]).toMatchObject({ stage: 'read', reason: expect.stringContaining('no update time') });
    expect(JSON.stringify(given)).not.toContain('Tuesday');
    source.answerWith(() => page([row('1', 1), row('2', 2), row('3', 3)], null));
    await pollAndPlay(zap);
    expect(written()).toEqual(['1', '2', '3']);
  });

  test('G1 a record of 6 MB becomes a dead letter with its size, and the others are written', async () => {
    const large = 'x'.repeat(6 * 1024 * 1024);
    source.answerWith(() => page([row('1', 1), row('2', 2, { name: large }), row('3', 3)], null));
    const { zap } = await turnOnZap();
    expect(await pollAndPlay(zap)).toMatchObject({ started: 2 });
    expect(written()).toEqual(['1', '3']);
    expect(await deadLetters()).toMatchObject({
      total: 1,
      deadLetters: [
        {
          externalId: '2',
          reason: expect.stringMatching(/^The mapped record has 62\d{5} bytes; Zapier carries at most/),
        },
      ],
    });
    expect(await counts()).toMatchObject({ open: 0, applied: 2, deadLettered: 1 });
  });

  test('G2 IDs beyond 2^53 stay two, and text in double braces goes through byte for byte', async () => {
    const name = '{{bundle.x}} {{ bundle.authData.api_key }} {{{{trigger.id}}}} "\\u0041" 🚲';
    source.answerWith(() => page([row('9007199254740992', 1), row('9007199254740993', 2, { name })], null));
    const { zap } = await turnOnZap();
    await pollAndPlay(zap);
    expect(written()).toEqual(['9007199254740992', '9007199254740993']);
    expect(world.systems.contacts.find((one) => one['erp_id'] === '9007199254740993')).toMatchObject({
      full_name: name,
    });
  });
});
