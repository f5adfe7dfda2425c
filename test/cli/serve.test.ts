import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { cleanUp, freshFolder, type Running, serveStore, tidemark } from './run-tidemark.ts';

// A test starts several processes, and each may have to wait for the machine.
jest.setTimeout(60_000);

const folder = freshFolder();
// A copy of a folder opens in a third of the time that a new one is made in.
const otherFolder = freshFolder();
let store: Running;
let api: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  const { stdout } = await tidemark(['key', 'create', '--name', 'admin', '--role', 'admin', '--data', folder]);
  cpSync(folder, otherFolder, { recursive: true });
  store = await serveStore(['--data', folder]);
  api = { TIDEMARK_URL: store.ready.url, TIDEMARK_KEY: stdout.trim() };
}, 60_000);
afterAll(async () => {
  await store.stop();
  cleanUp();
});

const keysIn = (text: string) =>
  z
    .object({ keys: z.array(z.looseObject({ keyId: z.string(), name: z.string(), revokedAt: z.string().nullable() })) })
    .parse(JSON.parse(text)).keys;

test('the ready line is the only line on stdout, and the store behind it is ready', async () => {
  expect(store.ready).toMatchObject({ database: 'embedded', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  expect((await fetch(`${store.ready.url}/readyz`)).status).toBe(200);
});

test('G7 the secret of the store is made once, for its owner only', () => {
  const file = path.join(folder, 'store.secret');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
});

test('the examples are applied once, and then unchanged', async () => {
  const first = await tidemark(['contract', 'apply', 'contracts', '--json'], api);
  const second = await tidemark(['contract', 'apply', 'contracts', '--json'], api);
  const changed = (text: string) =>
    z.object({ applied: z.array(z.looseObject({ kind: z.string(), changed: z.boolean() })) }).parse(JSON.parse(text))
      .applied;
  expect(changed(first.stdout).map((one) => `${one.kind} ${one.changed}`)).toEqual([
    'system true',
    'system true',
    'sync true',
  ]);
  expect(changed(second.stdout).map((one) => one.changed)).toEqual([false, false, false]);
});

test('a key made through the API works until it is revoked', async () => {
  const made = await tidemark(
    ['key', 'create', '--name', 'zap-1', '--role', 'reader', '--expires', '90d', '--json'],
    api,
  );
  const { key, keyId } = z.object({ key: z.string(), keyId: z.string() }).parse(JSON.parse(made.stdout));
  const asReader = { ...api, TIDEMARK_KEY: key };
  expect(await tidemark(['evidence', 'list'], asReader)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('key_created'),
  });
  expect(await tidemark(['key', 'create', '--name', 'more', '--role', 'admin'], asReader)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('"reader" may not call'),
  });
  expect(await tidemark(['key', 'revoke', keyId], api)).toMatchObject({ code: 0 });
  expect(await tidemark(['evidence', 'list'], asReader)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('tidemark key create'),
  });
  expect(
    keysIn((await tidemark(['key', 'list', '--json'], api)).stdout).find((one) => one.keyId === keyId)?.revokedAt,
  ).not.toBeNull();
});

test('G8 a key of the pilot makes no key of production', async () => {
  const ended = await tidemark(
    ['key', 'create', '--name', 'zap-2', '--role', 'sync', '--environment', 'production'],
    api,
  );
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('sees nothing of production') });
});

test('while the store runs, keys on its folder are refused with the way through the API', async () => {
  const ended = await tidemark(['key', 'list', '--data', folder]);
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/has it open[\s\S]*--url[\s\S]*admin key/) });
});

test('a second store on the folder is refused', async () => {
  expect(await tidemark(['serve', '--data', folder, '--port', '0'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('has it open'),
  });
});

test('what happened to a record is told in order, and one that nobody saw is an error', async () => {
  const { TIDEMARK_KEY: key = '' } = api;
  const version = { updatedAt: '2026-01-01T00:00:00Z', digest: 'a'.repeat(64) };
  const items = [
    {
      intentId: '5f0c7c55-5e51-4a3c-8d8f-0f3d3c1f6f10',
      subject: { kind: 'record', externalId: 'C-1', version },
    },
  ];
  const reply = await fetch(`${store.ready.url}/v1/writes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sync: 'erp-customers', knownContract: null, items }),
  });
  expect(reply.status).toBe(200);
  expect(await tidemark(['records', 'show', 'erp-customers', 'C-1'], api)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/AT +EVENT +DETAIL +ID\n.*write begun +version 2026-01-01T00.* 5f0c7c55-/),
    stderr: expect.stringContaining('On the target: no known ID, version none'),
  });
  expect(await tidemark(['records', 'show', 'erp-customers', 'C-2'], api)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('Nothing is known of record "C-2"'),
  });
});

test('a stream that is not there is an error and not an empty table', async () => {
  const ended = await tidemark(['stream', 'show', 'erp-customers', 'nowhere'], api);
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('"nowhere"') });
});

test('circuits are listed, and closed with a reason by an operator', async () => {
  const listed = await tidemark(['circuits', 'list'], api);
  expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('NEXT PROBE') });
  const close = ['circuits', 'close', 'erp'];
  expect(await tidemark(close, api)).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') });
  const closed = await tidemark([...close, '--reason', 'It is up again'], api);
  expect(closed).toMatchObject({ code: 0, stderr: expect.stringContaining('"erp" is closed (it was closed)') });
  const unknown = await tidemark(['circuits', 'close', 'nowhere', '--reason', 'x'], api);
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('Cannot find system "nowhere"') });
});

test('SIGTERM closes the store with exit code 0, and the next one finds all of it', async () => {
  const ended = await store.stop();
  expect(ended.code).toBe(0);
  expect(ended.stdout.trim().split('\n')).toHaveLength(1);
  store = await serveStore(['--data', folder]);
  const keys = keysIn((await tidemark(['key', 'list', '--json'], { ...api, TIDEMARK_URL: store.ready.url })).stdout);
  expect(keys.map((one) => one.name)).toContain('admin');
});

test('a port that is taken is refused with the next step', async () => {
  const ended = await tidemark(['serve', '--data', otherFolder, '--port', new URL(store.ready.url).port]);
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/is in use[\s\S]*--port/) });
});

test('a second signal ends a store that waits for a request', async () => {
  const waiting = await serveStore(['--data', otherFolder]);
  const socket = connect(Number(new URL(waiting.ready.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET /healthz HTTP/1.1\r\nHost: store\r\n');
  await once(socket, 'connect');
  const stopping = waiting.stop();
  // The log says when the first signal has arrived: two at once would be one to the kernel.
  waiting.process.stderr?.on('data', (text: string) => {
    if (text.includes('stopping')) waiting.process.kill('SIGTERM');
  });
  expect(await stopping).toMatchObject({ code: 1, stderr: expect.stringContaining('second signal') });
  socket.destroy();
});

test('a data folder whose secret is lost is not opened with another', async () => {
  await store.stop();
  const file = path.join(folder, 'store.secret');
  rmSync(file);
  expect(await tidemark(['key', 'list', '--data', folder])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is missing[\s\S]*backup/),
  });
  expect(existsSync(file)).toBe(false);
});
