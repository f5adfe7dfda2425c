import type { Connection } from '../../standin/connection.ts';
import { isRecord, type JsonRecord } from '../../standin/record.ts';
import { apiToken, openStage, type Stage } from './fixture-zapier.ts';

let stage: Stage;
let sameUser: Connection;
let otherUser: Connection;

const connectAs = async (userId: string): Promise<Connection> => {
  const report = await stage.zapier.connect({ base_url: stage.source.url, api_token: apiToken }, { userId });
  if (report.kind === 'refused') throw new Error(report.message);
  return report.connection;
};

beforeAll(async () => {
  stage = await openStage({ limits: { bundleInlineMaxBytes: 10_000, bundleStashedMaxBytes: 100_000 } });
  sameUser = await connectAs('user-1');
  otherUser = await connectAs('user-2');
});
afterAll(() => stage.close());

const tryCreate = (key: string, inputData: JsonRecord = {}, connection = stage.connection) =>
  stage.zapier.tryStep({ kind: 'create', key, inputData, connection });

const resultOf = async (key: string, inputData: JsonRecord, connection?: Connection): Promise<JsonRecord> => {
  const outcome = await tryCreate(key, inputData, connection);
  if (outcome.kind !== 'success' || !isRecord(outcome.results)) throw new Error(JSON.stringify(outcome));
  return outcome.results;
};

const cache = async (inputData: JsonRecord, connection?: Connection): Promise<unknown> =>
  (await resultOf('use_cache', inputData, connection))['value'];

test('z.cache forgets a value when its life is over', async () => {
  expect(await cache({ op: 'set', cache_key: 'brief', value: 'v', ttl: 60 })).toBe(true);
  stage.clock.advanceBy(59_000);
  expect(await cache({ op: 'get', cache_key: 'brief' })).toBe('v');
  stage.clock.advanceBy(1_000);
  expect(await cache({ op: 'get', cache_key: 'brief' })).toBeNull();
});

test('z.cache with nx keeps the first value, and says so', async () => {
  expect(await cache({ op: 'set', cache_key: 'once', value: 'first', nx: true })).toBe(true);
  expect(await cache({ op: 'set', cache_key: 'once', value: 'second', nx: true })).toBe(false);
  expect(await cache({ op: 'get', cache_key: 'once' })).toBe('first');
  expect(await cache({ op: 'delete', cache_key: 'once' })).toBe(true);
  expect(await cache({ op: 'delete', cache_key: 'once' })).toBe(false);
});

test('z.cache is shared by the whole app, unless a scope parts it', async () => {
  await cache({ op: 'set', cache_key: 'k', value: 'app' });
  await cache({ op: 'set', cache_key: 'k', value: 'user', scope: 'user' });
  await cache({ op: 'set', cache_key: 'k', value: 'auth', scope: 'auth' });
  expect(await cache({ op: 'get', cache_key: 'k' }, otherUser)).toBe('app');
  expect(await cache({ op: 'get', cache_key: 'k', scope: 'user' }, sameUser)).toBe('user');
  expect(await cache({ op: 'get', cache_key: 'k', scope: 'user' }, otherUser)).toBeNull();
  expect(await cache({ op: 'get', cache_key: 'k', scope: 'auth' }, sameUser)).toBeNull();
  expect(await cache({ op: 'get', cache_key: 'k', scope: 'auth' })).toBe('auth');
});

test('z.cursor lives an hour where the trigger says canPaginate, and fails elsewhere', async () => {
  const query = { key: 'cursor_record', connection: stage.connection };
  expect(await stage.zapier.sample(query)).toEqual({ kind: 'samples', records: [{ id: 'none' }] });
  expect(await stage.zapier.sample(query)).toEqual({ kind: 'samples', records: [{ id: 'x' }] });
  stage.clock.advanceBy(3_600_000);
  expect(await stage.zapier.sample(query)).toEqual({ kind: 'samples', records: [{ id: 'none' }] });
  expect(await tryCreate('use_cursor')).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('invalid cursor operation'),
  });
});

test('the RPC turns away a token that was never issued', async () => {
  const answer = await stage.zapier.invoke({
    method: 'creates.use_cache.operation.perform',
    bundle: null,
    connection: { ...stage.connection, token: 'made up' },
    zapId: null,
  });
  expect(answer).toMatchObject({ kind: 'error' });
});

test('log lines are captured: censored on the way to the service, in clear on the output of the container', async () => {
  await tryCreate('log_things', { note: 'note-17' });
  const lines = stage.zapier.logs().map((line) => `${line.source} ${line.message}`);
  expect(lines.find((line) => line.startsWith('service token'))).toMatch(/token :censored:.*, note note-17/);
  expect(JSON.stringify(stage.zapier.logs().filter((line) => line.source === 'service'))).not.toContain(apiToken);
  expect(lines).toContain(`stdout token ${apiToken}, note note-17`);
  expect(lines).toContain('stdout printed note-17');
  expect(stage.zapier.logsDropped()).toBe(0);
});

test('requests that the app makes are in the log, with method and status', async () => {
  await tryCreate('write_record', { name: 'logged-name' });
  const http = stage.zapier.logs().filter(({ data }) => isRecord(data) && data['log_type'] === 'http');
  expect(http.at(-1)?.data).toMatchObject({ request_method: 'POST', response_status_code: 200 });
});

test('a result past the inline limit comes back through the stash, one past the limit is an error', async () => {
  const sevenMegabytes = 7 * 1_024 * 1_024;
  const outcome = await tryCreate('make_large_output', { bytes: sevenMegabytes });
  expect(outcome.kind).toBe('success');
  expect(JSON.stringify(outcome)).toHaveLength(
    sevenMegabytes + '{"kind":"success","results":{"id":"b1","text":""}}'.length,
  );
  expect(await tryCreate('make_large_output', { bytes: 3 * sevenMegabytes })).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('exceeds maximum allowed size: 20971520'),
  });
});

test('a bundle past the inline limit reaches the app sealed, one past the limit is refused', async () => {
  expect(await resultOf('measure_input', { blob: 'x'.repeat(20_000) })).toEqual({ id: 'm1', length: 20_000 });
  expect(await tryCreate('measure_input', { blob: 'x'.repeat(60_000) })).toMatchObject({
    kind: 'error',
    name: 'PayloadTooLarge',
  });
});
