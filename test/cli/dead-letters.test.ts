import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { digestJson } from '../../src/core/digest.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { createStoreClient } from '../../src/store/client/create-store-client.ts';
import { cleanUp, freshFolder, type Running, serveStore, tidemark } from './run-tidemark.ts';

// A test starts several processes, and each may have to wait for the machine.
jest.setTimeout(120_000);

const sync = 'erp-customers';
let store: Running;
let api: Readonly<Record<string, string>> = {};
let client: StorePort;

/** Has the store read two records that pass and one that is held, and gives up on the two. */
const fill = async (): Promise<void> => {
  const key = { sync, stream: 'main' };
  await client.openStream(key, { start: { kind: 'beginning' } });
  const { sync: contract } = await client.getSync({ sync }, {});
  const whole = Object.fromEntries(contract.fields.map(({ target }) => [target, null]));
  const observed = (externalId: string, state: 'ready' | 'held') => {
    const payload = { ...whole, customerNumber: externalId, fullName: 'Ada', email: `${externalId}@private.example` };
    const reason = state === 'held' ? 'email is required and absent' : null;
    return { externalId, updatedAt: '2026-01-01T00:00:00Z', digest: digestJson(payload), state, payload, reason };
  };
  const cycle = { cycle: randomUUID() };
  const opened = await client.openCycle({}, { cycleId: cycle.cycle, ...key, knownContract: null });
  if (opened.kind !== 'opened') throw new Error(`The stream is ${opened.kind}`);
  const page = { page: 0, tokenDigest: null, pageDigest: digestJson({}), rows: 3, first: null, last: null };
  const records = [observed('C-1', 'ready'), observed('C-2', 'ready'), observed('C-3', 'held')];
  await client.recordPage(cycle, { fence: opened.fence, ...page, records, fetched: { cursor: null, token: null } });
  const { items } = await client.emit(cycle, { fence: opened.fence, limit: 10, bytesMax: 1_000_000, failure: null });
  for (const { deliveryId } of items) {
    const reason = 'no such country';
    await client.deadLetterRecord({}, { sync, deliveryId, errorClass: 'no_match', reason });
  }
};

beforeAll(async () => {
  const folder = freshFolder();
  const { stdout } = await tidemark(['key', 'create', '--name', 'admin', '--role', 'admin', '--data', folder]);
  store = await serveStore(['--data', folder]);
  const [url, key] = [store.ready.url, stdout.trim()];
  api = { TIDEMARK_URL: url, TIDEMARK_KEY: key };
  client = createStoreClient({
    url,
    key,
    fetch,
    sleep: (ms) => sleep(ms),
    random: Math.random,
    now: Date.now,
    userAgent: 'test',
  });
  await tidemark(['contract', 'apply', 'contracts'], api);
  await fill();
}, 120_000);
afterAll(async () => {
  await store.stop();
  cleanUp();
});

const idsIn = async (...options: string[]): Promise<string[]> => {
  const { stdout } = await tidemark(['dead-letters', 'list', sync, '--json', ...options], api);
  return z
    .object({ deadLetters: z.array(z.looseObject({ id: z.string() })) })
    .parse(JSON.parse(stdout))
    .deadLetters.map(({ id }) => id);
};

test('dead letters are listed by what is asked for, and shown without a value', async () => {
  expect(await idsIn()).toHaveLength(2);
  expect(await idsIn('--stage', 'write')).toEqual([]);
  expect(await idsIn('--opened-before', '2026-01-01T00:00:00Z')).toEqual([]);
  const listed = await tidemark(['dead-letters', 'list', sync, '--external-id', 'C-1', '--error', 'no_match'], api);
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of 1 open') });
  expect(listed.stdout).toMatch(/^DEAD LETTER .*\n\S+ +main +C-1 +zap +no_match +1 .*no such country$/m);
  const [id = ''] = await idsIn('--external-id', 'C-1');
  const shown = await tidemark(['dead-letters', 'show', id], api);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/replay now +possible/) });
  expect(shown.stdout).toMatch(/^email +[0-9a-f]{16}$/m);
  expect(shown.stdout).not.toContain('private.example');
});

test('a replay does nothing without --go, then only what the dry run showed', async () => {
  const [id = ''] = await idsIn('--external-id', 'C-1');
  const dry = await tidemark(['dead-letters', 'replay', sync, '--external-id', 'C-1'], api);
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(new RegExp(`^WOULD BE REPLAYED .*\\n${id} +C-1 `)),
    stderr: expect.stringContaining('Nothing was done'),
  });
  expect(await idsIn()).toHaveLength(2);
  const plan = /--plan ([0-9a-f]{64})/.exec(dry.stderr)?.[1] ?? '';
  const other = await tidemark(['dead-letters', 'replay', sync, '--go', '--plan', plan], api);
  expect(other).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Make another dry run') });
  const done = await tidemark(['dead-letters', 'replay', sync, id, '--go', '--plan', plan, '--json'], api);
  expect(JSON.parse(done.stdout)).toMatchObject({ isDryRun: false, replayed: [{ id, externalId: 'C-1' }] });
  expect(await idsIn()).toHaveLength(1);
  expect(await idsIn('--state', 'closed')).toEqual([id]);
  const again = await tidemark(['dead-letters', 'replay', sync, id], api);
  expect(again.stdout).toMatch(new RegExp(`^${id} +C-1 +closed +It was closed before: replayed$`, 'm'));
});

test('a dead letter is waived only by a person with a ticket, and only with --go', async () => {
  const [id = ''] = await idsIn();
  const resolve = (...options: string[]) =>
    tidemark(['dead-letters', 'resolve', id, '--reason', 'a test record', ...options], api);
  expect(await resolve('--waive')).toMatchObject({ code: 2, stderr: expect.stringContaining('--person and --ticket') });
  expect(await resolve('--ticket', 'OPS-1')).toMatchObject({ code: 2, stderr: expect.stringContaining('--waive') });
  const options = ['--waive', '--person', 'Grace Hopper', '--ticket', 'OPS-1'];
  expect(await resolve(...options)).toMatchObject({ code: 0, stdout: expect.stringContaining('would be closed') });
  expect(await idsIn()).toEqual([id]);
  expect(await resolve(...options, '--go')).toMatchObject({ code: 0, stdout: expect.stringContaining('waived') });
  const shown = await tidemark(['dead-letters', 'show', id], api);
  expect(shown.stdout).toMatch(/closed +waived .* by admin, waived by Grace Hopper \(OPS-1\): a test record/);
});

test('held records are listed with their rule, and waived by a person with a ticket', async () => {
  const listed = await tidemark(['held', 'list', sync], api);
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of 1 held') });
  const held = /^(\d+) +main +C-3 .*the contract of now +email is required and absent$/m.exec(listed.stdout)?.[1] ?? '';
  const waive = (...options: string[]) =>
    tidemark(['held', 'waive', sync, held, '--reason', 'a test record', ...options], api);
  expect(await waive()).toMatchObject({ code: 2, stderr: expect.stringContaining('--person and --ticket') });
  const options = ['--person', 'Grace Hopper', '--ticket', 'OPS-1'];
  expect(await waive(...options)).toMatchObject({ code: 0, stdout: expect.stringContaining('would be waived') });
  expect(await waive(...options, '--go')).toMatchObject({ code: 0, stdout: expect.stringContaining('is waived') });
  expect(await waive(...options)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Cannot find held record'),
  });
});

test('G8 a key of the role sync may not replay, and is told which roles may', async () => {
  const made = await tidemark(['key', 'create', '--name', 'zap', '--role', 'sync'], api);
  const ended = await tidemark(['dead-letters', 'replay', sync, '--go'], { ...api, TIDEMARK_KEY: made.stdout.trim() });
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('operator, admin') });
});

test.each([
  [['dead-letters', 'show', 'no-id']],
  [['dead-letters', 'list', sync, '--stage', 'lost']],
  [['dead-letters', 'list', sync, '--opened-after', 'yesterday']],
  [['dead-letters', 'replay', sync, '--per-minute', '0']],
  [['dead-letters', 'replay', sync, '6f1d1c1e-0a4f-4c53-9f0e-2f6f3a9d7b11', '--stage', 'write']],
  [['dead-letters', 'resolve', '6f1d1c1e-0a4f-4c53-9f0e-2f6f3a9d7b11']],
  [['held', 'waive', sync, 'x', '--reason', 'r']],
])('exit code 2 for what cannot be meant: tidemark %j', async (args) => {
  const ended = await tidemark(args, api);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).not.toBe('');
});
