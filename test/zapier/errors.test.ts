import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Connection } from '../../standin/connection.ts';
import type { Outcome } from '../../standin/outcome.ts';
import { makeCustomers, privateValues } from './customers.ts';
import { systemToken } from './two-systems.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;

let world: World;
let connection: Awaited<ReturnType<World['connect']>>;
const outcomes: Outcome[] = [];

beforeEach(async () => {
  world = await openWorld(makeCustomers(3, Date.now() - 60_000));
  connection = await world.connect('sync');
  outcomes.length = 0;
}, BUILD_TIMEOUT_MS);
afterEach(() => world.close());

/** A record as a user would map it, full of what may not be shown. */
const [email, name, taxId, tag] = privateValues;
const privateRecord = JSON.stringify({ email, full_name: name, tax_id: taxId, tags: [tag] });

const invoke = async (
  method: string,
  inputData: Readonly<Record<string, unknown>>,
  by: Pick<Connection, 'authData'> | null = null,
) => {
  const [kind, key] = method.split(' ');
  const outcome = await world.zapier.invoke({
    method: `${kind}.${key}.operation.perform`,
    bundle: {
      authData: (by ?? connection).authData,
      inputData,
      inputDataRaw: inputData,
      meta: {
        isBulkRead: false,
        isFillingDynamicDropdown: false,
        isLoadingSample: false,
        isPopulatingDedupe: false,
        isTestingAuth: false,
        limit: -1,
        page: 0,
        timezone: null,
        inputFields: {},
      },
    },
    connection,
    zapId: null,
  });
  outcomes.push(outcome);
  return outcome;
};

const upsertInput = {
  sync: 'customers',
  external_id: 'C-9',
  updated_at: '2026-01-01T00:00:00Z',
  record_json: privateRecord,
};

/** Nothing of the record, the key or the secrets of the systems in what left the app, neither as an error nor as a log line. */
const expectNoLeak = (): void => {
  expect(world.zapier.logsDropped()).toBe(0);
  const text = JSON.stringify([outcomes, world.zapier.logs()]);
  const leaked = [...privateValues, connection.key, systemToken].filter((value) => text.includes(value));
  expect(leaked).toEqual([]);
};

const expectWellFormed = (outcome: Outcome): void => {
  if (outcome.kind !== 'error') throw new Error(`Expected an error, got ${outcome.kind}`);
  const said = outcome.name === 'HaltedError' || outcome.name === 'ExpiredAuthError' ? outcome.message : outcome.shown;
  expect(said).toMatch(/^(Cannot |The )/);
  expect(said).not.toMatch(/\.$/);
  expect(said.length).toBeLessThanOrEqual(250);
};

const listen = async (status: number, type: string, body: string): Promise<{ url: string; server: Server }> => {
  const server = createServer(
    (_request, response) => void response.writeHead(status, { 'content-type': type }).end(body),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = z
    .custom<AddressInfo>((value) => typeof value === 'object' && value !== null)
    .parse(server.address());
  return { url: `http://127.0.0.1:${port}`, server };
};

const elsewhere = (url: string): Pick<Connection, 'authData'> => ({
  authData: { store_url: url, api_key: connection.key },
});

describe('G7 whatever fails, no record value, key or secret leaves the app in an error or a log line', () => {
  test('a record that the target refuses halts its run, although the target quotes the whole record', async () => {
    world.systems.refuseWrites = 422;
    const outcome = await invoke('creates upsert_record', upsertInput);
    expect(outcome).toMatchObject({ kind: 'error', effect: 'halted', message: expect.stringContaining('422') });
    expectWellFormed(outcome);
    expectNoLeak();
  });

  test('a record that fails validation halts its run and names the field', async () => {
    const record = JSON.stringify({ email: 'Ada Lovelace-Byron', tags: [tag] });
    const outcome = await invoke('creates upsert_record', { ...upsertInput, record_json: record });
    expect(outcome).toMatchObject({
      kind: 'error',
      effect: 'halted',
      message: expect.stringContaining('email does not match the pattern'),
    });
    expectWellFormed(outcome);
    expectNoLeak();
  });

  test('Record JSON that is broken, or no object, is refused without being quoted', async () => {
    for (const broken of [`${privateRecord},`, `["${email ?? ''}"]`, `"${name ?? ''}"`]) {
      const outcome = await invoke('creates upsert_record', { ...upsertInput, record_json: broken });
      expect(outcome).toMatchObject({
        kind: 'error',
        effect: 'errored',
        code: 'invalid_input',
        shown: expect.stringContaining('Record JSON'),
      });
      expectWellFormed(outcome);
    }
    expectNoLeak();
  });

  test('values that were mapped into the wrong fields are not quoted', async () => {
    const wrong = {
      sync: name,
      delivery_id: taxId?.repeat(20),
      external_id: email,
      updated_at: name,
      record_json: privateRecord,
    };
    const outcome = await invoke('creates upsert_record', wrong);
    expect(outcome).toMatchObject({
      kind: 'error',
      code: 'invalid_input',
      shown: expect.stringContaining('the field "Sync"'),
    });
    expectWellFormed(outcome);
    const strange = await invoke('creates upsert_record', { ...upsertInput, delivery_id: email });
    expect(strange).toMatchObject({
      kind: 'error',
      code: 'invalid_input',
      shown: expect.stringContaining('"Delivery ID"'),
    });
    const reconciled = await invoke('searches reconcile', {
      sync: 'customers',
      from: name,
      window_hours: email,
      repair: taxId,
    });
    expect(reconciled).toMatchObject({ kind: 'error', code: 'invalid_input' });
    expectNoLeak();
  });

  test('a mark of a sealed value inside other text is refused: it would be written as it stands', async () => {
    const record = JSON.stringify({ email, full_name: 'tax ID [sealed by Tidemark]' });
    const outcome = await invoke('creates upsert_record', { ...upsertInput, record_json: record });
    expect(outcome).toMatchObject({ kind: 'error', code: 'invalid_input', shown: expect.stringContaining('sealed') });
    expect(world.systems.contacts).toEqual([]);
    expectNoLeak();
  });

  test('a store that is down leaves the run errored, to be replayed', async () => {
    const outcome = await invoke('creates upsert_record', upsertInput, elsewhere('http://127.0.0.1:1'));
    expect(outcome).toMatchObject({
      kind: 'error',
      effect: 'errored',
      status: 503,
      shown: expect.stringContaining('127.0.0.1:1'),
    });
    expectWellFormed(outcome);
    expectNoLeak();
  });

  test('a store URL that leads to a web page says so', async () => {
    const { url, server } = await listen(200, 'text/html', `<h1>Welcome ${name ?? ''}</h1>`);
    const outcome = await invoke('creates upsert_record', upsertInput, elsewhere(url));
    server.close();
    expect(outcome).toMatchObject({
      kind: 'error',
      effect: 'errored',
      shown: expect.stringContaining('no Tidemark store at that URL'),
    });
    expectWellFormed(outcome);
    expectNoLeak();
  });

  test('a target that throttles puts the run off, and says for how long', async () => {
    world.systems.refuseWrites = 429;
    const outcome = await invoke('creates upsert_record', upsertInput);
    expect(outcome).toMatchObject({ kind: 'error', effect: 'throttled' });
    if (outcome.kind !== 'error') throw new Error(outcome.kind);
    expect(outcome.delaySeconds).toBeGreaterThanOrEqual(5);
    expectWellFormed(outcome);
    expectNoLeak();
  });
});

describe('what a failure does to the Zap', () => {
  test('a key that was revoked expires the connection, wherever it is noticed', async () => {
    await world.revokeKey(connection.keyId);
    for (const method of ['triggers record_changed', 'creates upsert_record', 'searches reconcile']) {
      const outcome = await invoke(method, upsertInput);
      expect(outcome).toMatchObject({
        kind: 'error',
        effect: 'expired_auth',
        message: expect.stringContaining('API key'),
      });
      expectWellFormed(outcome);
    }
    expectNoLeak();
  });

  test('a key without the role is told which role it needs', async () => {
    const reader = await world.connect('reader');
    const outcome = await invoke('creates upsert_record', upsertInput, reader);
    expect(outcome).toMatchObject({
      kind: 'error',
      effect: 'errored',
      status: 403,
      shown: expect.stringMatching(/one of: sync, operator, admin.*one of these roles/),
    });
    expectWellFormed(outcome);
  });

  test('an unknown sync, and a stream that nobody made, are named', async () => {
    const unknown = await invoke('creates upsert_record', { ...upsertInput, sync: 'no-such-sync' });
    expect(unknown).toMatchObject({ kind: 'error', status: 404, shown: expect.stringContaining('no-such-sync') });
    expectWellFormed(unknown);
    const stream = await invoke('triggers record_changed', { sync: 'customers', stream: 'nobody' });
    expect(stream).toMatchObject({ kind: 'error', status: 404, shown: expect.stringContaining('nobody') });
    expectWellFormed(stream);
  });

  test('a poll whose source refuses its secret fails: an empty answer would hide it', async () => {
    await world.admin.openStream({ sync: 'customers', stream: 'main' }, { start: { kind: 'beginning' } });
    world.systems.breakSource = 401;
    const outcome = await invoke('triggers record_changed', { sync: 'customers' });
    expect(outcome).toMatchObject({
      kind: 'error',
      effect: 'errored',
      code: 'system_unauthorized',
      shown: expect.stringContaining('erp'),
    });
    expectWellFormed(outcome);
    expectNoLeak();
  });

  test('a poll beside one that is at work hands out nothing and fails nothing', async () => {
    await world.admin.openStream({ sync: 'customers', stream: 'main' }, { start: { kind: 'beginning' } });
    const cycleId = '5f0c7c55-5e51-4a3c-8d8f-0f3d3c1f6f10';
    await world.admin.openCycle({}, { cycleId, sync: 'customers', stream: 'main', knownContract: null });
    expect(await invoke('triggers record_changed', { sync: 'customers' })).toEqual({ kind: 'success', results: [] });
  });

  test('a step that names no record is told how to', async () => {
    const nothing = await invoke('creates upsert_record', {
      sync: 'customers',
      delivery_id: '',
      external_id: null,
      record_json: '{}',
    });
    expect(nothing).toMatchObject({ kind: 'error', shown: expect.stringContaining('Map Delivery ID') });
    const sample = await invoke('creates upsert_record', {
      sync: 'customers',
      delivery_id: 'sample-1-abc',
      record_json: '{}',
    });
    expect(sample).toMatchObject({ kind: 'error', shown: expect.stringContaining('turn the Zap on') });
  });

  test('a start at a date needs the date', async () => {
    const outcome = await world.zapier.createZap({
      name: 'dated',
      trigger: { key: 'record_changed', inputData: { sync: 'customers', start: 'date' } },
      steps: [],
      connection,
    });
    expect(await outcome.turnOn()).toMatchObject({ kind: 'refused', message: expect.stringContaining('Start At') });
  });
});

describe('connecting', () => {
  const refusal = async (authData: Readonly<Record<string, unknown>>): Promise<string> => {
    const report = await world.zapier.connect(authData);
    return report.kind === 'refused' ? report.message : `connected as ${report.connection.label}`;
  };

  test('the label shows key, environment and role', () => {
    expect(connection.label).toBe('sync-key (pilot, sync)');
  });

  test('a wrong key, a wrong URL and a URL that would send the key in clear are each told apart', async () => {
    const { url: page, server } = await listen(200, 'text/html', '<h1>Welcome</h1>');
    const wrongKey = await refusal({ store_url: world.storeUrl, api_key: `${connection.key.slice(0, -4)}abcd` });
    expect(wrongKey).toMatch(/^Cannot connect to the store: .*API key was not accepted.*tidemark key create/);
    expect(await refusal({ store_url: page, api_key: connection.key })).toMatch(/no Tidemark store at that URL/);
    expect(await refusal({ store_url: 'http://store.example.com', api_key: connection.key })).toMatch(/use https/);
    expect(await refusal({ store_url: 'my store', api_key: connection.key })).toMatch(/is not a URL/);
    server.close();
  });
});
