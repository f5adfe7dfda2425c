import { z } from 'zod';
import { customersContract } from './contracts.ts';
import { makeCustomers } from './customers.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;
const CUSTOMERS = 5;

const item = z.looseObject({
  id: z.string(),
  delivery_id: z.string(),
  external_id: z.string(),
  updated_at: z.string(),
  record_json: z.string(),
  record: z.record(z.string(), z.unknown()),
});

let world: World;
beforeEach(async () => {
  world = await openWorld(makeCustomers(CUSTOMERS, Date.now() - 60_000));
}, BUILD_TIMEOUT_MS);
afterEach(() => world.close());

const delivery = '{{trigger.delivery_id}}';
const recordJson = '{{trigger.record_json}}';

/** A Zap that upserts what the trigger brings. */
const makeZap = async (
  sync: string,
  inputs: Readonly<Record<string, unknown>> = {},
  start = 'beginning',
  trigger: Readonly<Record<string, unknown>> = {},
) => {
  const connection = await world.connect('sync');
  return world.zapier.createZap({
    name: `${sync} to the CRM`,
    trigger: { key: 'record_changed', inputData: { sync, stream: 'main', start, ...trigger } },
    steps: [
      {
        kind: 'create',
        key: 'upsert_record',
        inputData: { sync, delivery_id: delivery, record_json: recordJson, ...inputs },
      },
    ],
    connection,
  });
};

const counts = async (sync: string) => (await world.admin.getStream({ sync, stream: 'main' }, {})).counts;

test('every record goes to the target once, with what was sealed on the way, and a second poll has nothing more', async () => {
  const zap = await makeZap('taxed-customers');
  expect(await zap.turnOn()).toEqual({ kind: 'on', keysStored: 0 });
  expect(await zap.poll()).toMatchObject({ kind: 'polled', returned: CUSTOMERS, started: CUSTOMERS });
  await world.zapier.drain();
  expect(zap.runs().map(({ status }) => status)).toEqual(Array.from({ length: CUSTOMERS }, () => 'success'));
  expect(world.systems.contacts).toHaveLength(CUSTOMERS);
  const second = world.systems.contacts.find((one) => one['erp_id'] === 'C-2');
  // Double braces and long integers are what Zapier's own client would have eaten.
  expect(second).toMatchObject({
    full_name: 'Person 2 {{bundle.inputData.sync}}',
    credit: '9007199254740993',
    tax_id: '987-65-4321',
  });
  expect(await counts('taxed-customers')).toMatchObject({ open: 0, applied: CUSTOMERS });
  expect(await zap.poll()).toMatchObject({ kind: 'polled', returned: 0 });
});

test('a change made while the Zap was off is delivered after it is on again', async () => {
  const zap = await makeZap('customers');
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  await zap.turnOff();
  const [first] = world.systems.customers;
  world.systems.customers.splice(0, 1, {
    ...first,
    name: 'Ada again',
    changed_at: new Date(Date.now() - 1000).toISOString(),
  });
  await zap.turnOn();
  expect(await zap.poll()).toMatchObject({ returned: 1, started: 1 });
  await world.zapier.drain();
  expect(world.systems.contacts.find((one) => one['erp_id'] === 'C-1')).toMatchObject({ full_name: 'Ada again' });
  expect(world.systems.contacts).toHaveLength(CUSTOMERS);
});

test('a Zap that starts now leaves the records that are there alone', async () => {
  const zap = await makeZap('customers', {}, 'now');
  await zap.turnOn();
  expect(await zap.poll()).toMatchObject({ returned: 0 });
});

test('a Zap that starts at a date reads the records changed since', async () => {
  const [, , third] = world.systems.customers;
  const zap = await makeZap('customers', {}, 'date', { start_at: String(third?.['changed_at']) });
  await zap.turnOn();
  expect(await zap.poll()).toMatchObject({ returned: 3 });
});

test('a Zap whose stream field is left empty works on the stream main', async () => {
  const zap = await makeZap('customers', {}, 'beginning', { stream: '' });
  await zap.turnOn();
  await zap.poll();
  expect(await counts('customers')).toMatchObject({ open: CUSTOMERS });
});

test('a poll whose source fails still hands out what was read before, and says in the console that reading ended', async () => {
  const key = { sync: 'customers', stream: 'main' };
  const zap = await makeZap('customers');
  await zap.turnOn();
  const cycle = { cycle: '5f0c7c55-5e51-4a3c-8d8f-0f3d3c1f6f10' };
  const opened = await world.admin.openCycle({}, { cycleId: cycle.cycle, ...key, knownContract: null });
  if (opened.kind !== 'opened') throw new Error(`The stream is ${opened.kind}`);
  const digest = 'a'.repeat(64);
  const record = {
    externalId: 'C-77',
    updatedAt: '2026-01-01T00:00:00Z',
    digest,
    state: 'ready',
    payload: { email: 'x@example.com' },
    reason: null,
  } as const;
  const page = {
    page: 0,
    tokenDigest: null,
    pageDigest: digest,
    rows: 1,
    first: null,
    last: null,
    records: [record],
    fetched: { cursor: null, token: null },
  };
  await world.admin.recordPage(cycle, { fence: opened.fence, ...page });
  await world.admin.emit(cycle, { fence: opened.fence, limit: 0, bytesMax: 0, failure: null });
  world.systems.breakSource = 401;
  expect(await zap.poll()).toMatchObject({ kind: 'polled', returned: 1 });
  const lines = world.zapier.logs().map(({ message }) => message);
  expect(lines).toContainEqual(
    expect.stringMatching(/^Poll [0-9a-f-]+: 0 pages, 1 items, 0 left for later, reading ended early \(unauthorized\)/),
  );
  expect(JSON.stringify(lines)).not.toContain('x@example.com');
});

test('a field that the Zap sets wins over Record JSON, in its true type', async () => {
  const zap = await makeZap('customers', {
    field__tags: '["vip"]',
    field__credit: '9007199254740995',
    field__tier: '',
  });
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  expect(world.systems.contacts[0]).toMatchObject({ tags: ['vip'], credit: '9007199254740995', tier: 'gold' });
});

test('samples have the shape of deliveries, hide what is sensitive, and leave no trace in the store', async () => {
  const connection = await world.connect('sync');
  const report = await world.zapier.sample({
    key: 'record_changed',
    inputData: { sync: 'taxed-customers' },
    connection,
  });
  if (report.kind === 'failed') throw new Error(report.message);
  const samples = z.array(item).parse(report.records);
  expect(samples).toHaveLength(3);
  expect(new Set(samples.map(({ id }) => id)).size).toBe(3);
  for (const one of samples) {
    expect(one.id).toMatch(/^sample-/);
    expect(one.record).toMatchObject({ tax_id: '[sealed by Tidemark]' });
    expect(JSON.parse(one.record_json)).toEqual(one.record);
  }
  const { syncs } = await world.admin.listSyncs({}, {});
  expect(syncs.find(({ name }) => name === 'taxed-customers')?.streams).toEqual([]);
});

test('a sample can be written as a test when External ID and Updated At are mapped, and the later delivery changes nothing', async () => {
  const connection = await world.connect('sync');
  const report = await world.zapier.sample({ key: 'record_changed', inputData: { sync: 'customers' }, connection });
  if (report.kind === 'failed') throw new Error(report.message);
  const sample = z.array(item).parse(report.records)[0];
  const inputData = { ...sample, sync: 'customers' };
  const tried = await world.zapier.tryStep({ kind: 'create', key: 'upsert_record', inputData, connection });
  expect(tried).toMatchObject({
    kind: 'success',
    results: { status: 'created', external_id: 'C-1', delivery_id: null },
  });
  const zap = await makeZap('customers');
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  expect(world.systems.contacts).toHaveLength(CUSTOMERS);
  expect(world.systems.requests.filter((one) => one.startsWith('PATCH'))).toEqual([]);
});

test('a sample of a sync with sensitive fields is refused as a write: the mark would overwrite the true value', async () => {
  const connection = await world.connect('sync');
  const report = await world.zapier.sample({
    key: 'record_changed',
    inputData: { sync: 'taxed-customers' },
    connection,
  });
  if (report.kind === 'failed') throw new Error(report.message);
  const sample = z.array(item).parse(report.records)[0];
  const inputData = { ...sample, sync: 'taxed-customers' };
  const tried = await world.zapier.tryStep({ kind: 'create', key: 'upsert_record', inputData, connection });
  expect(tried).toMatchObject({ kind: 'error', shown: expect.stringContaining('sealed') });
  expect(world.systems.contacts).toEqual([]);
});

test('a reconciliation says matched after all is delivered, and names what is missing once it is gone from the target', async () => {
  const zap = await makeZap('customers');
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  const connection = await world.connect('sync');
  const ask = () =>
    world.zapier.tryStep({
      kind: 'search',
      key: 'reconcile',
      inputData: { sync: 'customers', repair: 'false' },
      connection,
    });
  expect(await ask()).toMatchObject({
    kind: 'success',
    results: [
      {
        verdict: 'matched',
        state: 'finished',
        source_count: CUSTOMERS,
        matched_count: CUSTOMERS,
        coverage_percent: 100,
      },
    ],
  });
  world.systems.contacts.splice(
    world.systems.contacts.findIndex((one) => one['erp_id'] === 'C-3'),
    1,
  );
  expect(await ask()).toMatchObject({
    kind: 'success',
    results: [
      {
        verdict: 'mismatched',
        missing: ['C-3'],
        differences: [{ external_id: 'C-3', kind: 'missing', fields: '', disposition: 'confirmed' }],
      },
    ],
  });
});

test('a reconciliation looks at the window that its fields give', async () => {
  const connection = await world.connect('sync');
  const ask = (window: Readonly<Record<string, unknown>>) =>
    world.zapier.tryStep({ kind: 'search', key: 'reconcile', inputData: { sync: 'customers', ...window }, connection });
  await world.admin.openStream({ sync: 'customers', stream: 'main' }, { start: { kind: 'now' } });
  const at = (place: number): string => String(world.systems.customers[place]?.['changed_at']);
  expect(await ask({ from: at(1), to: at(3) })).toMatchObject({
    results: [{ source_count: 3, missing_count: 3, verdict: 'mismatched' }],
  });
  expect(await ask({ window_hours: 2 })).toMatchObject({ results: [{ source_count: CUSTOMERS }] });
  expect(await ask({ from: at(1), window_hours: 2 })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('both'),
  });
  expect(await ask({ to: at(1) })).toMatchObject({ kind: 'error', shown: expect.stringContaining('"From"') });
  expect(await ask({ from: at(3), to: at(1) })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('not after'),
  });
});

test('the editor lists syncs and streams, and offers the fields of the contract with their labels', async () => {
  const connection = await world.connect('sync');
  const step = { kind: 'create', key: 'upsert_record', inputData: { sync: 'taxed-customers' }, connection } as const;
  expect(await world.zapier.choices(step, 'sync')).toMatchObject({
    choices: [
      { value: 'customers', label: 'Customers (erp customer to crm contact)' },
      { value: 'taxed-customers', label: 'Taxed customers (erp customer to crm contact)' },
    ],
  });
  const report = await world.zapier.fields(step);
  if (report.kind === 'failed') throw new Error(report.message);
  const own = report.fields.filter(({ key }) => key.startsWith('field__'));
  expect(own.map(({ key, label, type }) => [key, label, type])).toEqual([
    ['field__email', 'E-mail', 'string'],
    ['field__full_name', 'full_name', 'string'],
    ['field__credit', 'credit', 'string'],
    ['field__tags', 'tags', 'text'],
    ['field__tier', 'tier', 'string'],
    ['field__tax_id', 'Tax ID', 'string'],
  ]);
  expect(own.every(({ helpText }) => helpText !== undefined && helpText !== '')).toBe(true);
  await (await makeZap(customersContract.name)).turnOn();
  const search = { kind: 'search', key: 'reconcile', inputData: { sync: customersContract.name }, connection } as const;
  expect(await world.zapier.choices(search, 'stream')).toMatchObject({ choices: [{ value: 'main', label: 'main' }] });
});
