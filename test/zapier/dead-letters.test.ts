import { z } from 'zod';
import type { Connection } from '../../standin/connection.ts';
import { makeCustomers } from './customers.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;
const CUSTOMERS = 3;
const sync = 'taxed-customers';

let world: World;
let operator: Connection;
beforeEach(async () => {
  world = await openWorld(makeCustomers(CUSTOMERS, Date.now() - 60_000));
  operator = await world.connect('operator');
}, BUILD_TIMEOUT_MS);
afterEach(() => world.close());

/** A Zap that gives up on what the trigger brings. */
const makeZap = async (inputs: Readonly<Record<string, unknown>> = {}) => {
  const connection = await world.connect('sync');
  const inputData = {
    sync,
    delivery_id: '{{trigger.delivery_id}}',
    error_class: 'no_match',
    reason: 'No account has the number 987-65-4321',
    ...inputs,
  };
  return world.zapier.createZap({
    name: 'gives up',
    trigger: { key: 'record_changed', inputData: { sync, stream: 'main', start: 'beginning' } },
    steps: [{ kind: 'create', key: 'dead_letter_record', inputData }],
    connection,
  });
};

const giveUpAll = async () => {
  const zap = await makeZap();
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  return zap;
};

const tryStep = (kind: 'create' | 'search', key: string, inputData: object, connection = operator) =>
  world.zapier.tryStep({ kind, key, inputData: { ...inputData }, connection });

const found = async (inputData: object = {}) => {
  const tried = await tryStep('search', 'find_dead_letter', { sync, ...inputData });
  if (tried.kind !== 'success') throw new Error(`Expected to find, got ${tried.kind}`);
  return z.array(z.looseObject({ id: z.string(), external_id: z.string() })).parse(tried.results);
};

const replay = (inputData: object = {}) => tryStep('create', 'replay_dead_letters', { sync, ...inputData });

test('a Zap gives up on records, which are found with their cause and without a sensitive value', async () => {
  const zap = await giveUpAll();
  expect(zap.runs().map(({ status }) => status)).toEqual(Array.from({ length: CUSTOMERS }, () => 'success'));
  expect((await world.admin.getStream({ sync, stream: 'main' }, {})).counts).toMatchObject({ deadLettered: CUSTOMERS });
  const all = await found();
  expect(all).toHaveLength(CUSTOMERS);
  expect(await found({ external_id: 'C-2' })).toMatchObject([
    {
      external_id: 'C-2',
      stage: 'zap',
      error_class: 'no_match',
      reason: expect.stringMatching(/^No account has the number \[tax_id [0-9a-f]{16}\]$/),
      owner: 'Ada',
      replay_possible: true,
      replay_obstacle: null,
      closed_as: null,
    },
  ]);
  expect(JSON.stringify(all)).not.toMatch(/987-65-4321|private\.example/);
  expect(await found({ external_id: 'nobody' })).toEqual([]);
  expect(await found({ stage: 'write', state: 'any' })).toEqual([]);
  expect(await found({ dead_letter_id: '6f1d1c1e-0a4f-4c53-9f0e-2f6f3a9d7b11' })).toEqual([]);
  expect(await found({ dead_letter_id: all[0]?.id })).toMatchObject([{ id: all[0]?.id }]);
  expect(await found({ dead_letter_id: all[0]?.id, sync: 'customers' })).toEqual([]);
});

test('a replay is dry unless it is told otherwise; told, it delivers what the dry run showed', async () => {
  const zap = await giveUpAll();
  const dry = await replay();
  expect(dry).toMatchObject({
    kind: 'success',
    results: { dry_run: true, replayed_count: CUSTOMERS, skipped_count: 0, left_count: 0, evidence_id: null },
  });
  expect(await found()).toHaveLength(CUSTOMERS);
  expect(await zap.poll()).toMatchObject({ returned: 0 });
  const [first] = await found();
  const some = await replay({ dead_letter_ids: `${first?.id ?? ''}, `, dry_run: 'false', per_minute: '6000' });
  expect(some).toMatchObject({
    kind: 'success',
    results: { dry_run: false, replayed: [{ dead_letter_id: first?.id, external_id: first?.external_id }] },
  });
  expect(await zap.poll()).toMatchObject({ returned: 1 });
  const digest = z.object({ results: z.object({ plan_digest: z.string() }) }).parse(dry).results.plan_digest;
  expect(await replay({ dry_run: false, plan_digest: digest })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('not the one of the dry run'),
  });
  expect(await replay({ dead_letter_ids: [first?.id], stage: 'zap' })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('either IDs or the fields'),
  });
  expect(await replay({ dead_letter_ids: [first?.id] })).toMatchObject({
    results: { replayed_count: 0, skipped: [{ dead_letter_id: first?.id, obstacle: 'closed' }] },
  });
});

test('a dead letter is resolved with a reason, and waived only by a person with a ticket', async () => {
  await giveUpAll();
  const [one, two] = await found();
  const resolve = (inputData: object) =>
    tryStep('create', 'resolve_dead_letter', { reason: 'not a customer of ours', ...inputData });
  expect(await resolve({ dead_letter_id: one?.id })).toMatchObject({
    kind: 'success',
    results: { id: one?.id, closed_as: 'resolved', closed_by: 'operator-key', waived_by: null },
  });
  const waiver = { dead_letter_id: two?.id, waive: 'true', person: 'Grace Hopper' };
  expect(await resolve(waiver)).toMatchObject({ kind: 'error', shown: expect.stringContaining('"Ticket"') });
  expect(await resolve({ dead_letter_id: two?.id, person: 'Grace' })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('"Waive"'),
  });
  expect(await resolve({ ...waiver, ticket: 77 })).toMatchObject({
    kind: 'success',
    results: { closed_as: 'waived', waived_by: 'Grace Hopper', ticket: '77' },
  });
  expect(await found()).toHaveLength(CUSTOMERS - 2);
});

test('G8 a connection with the role sync gives up on records and neither replays nor resolves them', async () => {
  await giveUpAll();
  const connection = await world.connect('sync');
  const [one] = await found();
  const shown = { kind: 'error', shown: expect.stringContaining('operator, admin') };
  const input = { sync, dry_run: 'false' };
  expect(await tryStep('create', 'replay_dead_letters', input, connection)).toMatchObject(shown);
  const resolution = { dead_letter_id: one?.id, reason: 'x' };
  expect(await tryStep('create', 'resolve_dead_letter', resolution, connection)).toMatchObject(shown);
  expect(await found()).toHaveLength(CUSTOMERS);
});

test('a sample cannot be given up on, and a delivery that was written without Record JSON says that it was', async () => {
  const connection = await world.connect('sync');
  const input = { sync, reason: 'x', delivery_id: 'sample-1-5d41402abc4b2a76' };
  expect(await tryStep('create', 'dead_letter_record', input, connection)).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('sample'),
  });
  const zap = await world.zapier.createZap({
    name: 'writes',
    trigger: { key: 'record_changed', inputData: { sync, stream: 'main', start: 'beginning' } },
    steps: [{ kind: 'create', key: 'upsert_record', inputData: { sync, delivery_id: '{{trigger.delivery_id}}' } }],
    connection,
  });
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  const [run] = zap.runs();
  expect(run).toMatchObject({ status: 'success' });
  const { delivery_id } = z.looseObject({ delivery_id: z.string() }).parse(run?.item);
  expect(await tryStep('create', 'dead_letter_record', { ...input, delivery_id }, connection)).toMatchObject({
    kind: 'success',
    results: { id: delivery_id, status: 'applied', dead_letter_id: null },
  });
  expect(await found()).toEqual([]);
});
