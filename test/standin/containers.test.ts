import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StandinEvent } from '../../standin/events.ts';
import { isRecord, type JsonRecord } from '../../standin/record.ts';
import { openStage, type Stage } from './fixture-zapier.ts';

const events: StandinEvent[] = [];
let stage: Stage;

beforeAll(async () => {
  const onEvent = (event: StandinEvent): void => void events.push(event);
  stage = await openStage({ environment: { APP_SETTING: 'set by env:set' }, maxContainers: 1, onEvent });
});
afterAll(() => stage.close());

const describeContainer = async (on: Stage = stage): Promise<JsonRecord> => {
  const outcome = await on.zapier.tryStep({ kind: 'create', key: 'describe_container', connection: on.connection });
  if (outcome.kind !== 'success' || !isRecord(outcome.results)) throw new Error(JSON.stringify(outcome));
  return outcome.results;
};

test('a warm container keeps the state of its modules, a cold one begins anew', async () => {
  const first = await describeContainer();
  const second = await describeContainer();
  expect([first['calls'], second['calls']]).toEqual([1, 2]);
  expect(second['pid']).toBe(first['pid']);
  const coldBefore = stage.zapier.counters().coldStarts;
  await stage.zapier.recycleContainers();
  expect(stage.zapier.containers()).toBe(0);
  const third = await describeContainer();
  expect(third['calls']).toBe(1);
  expect(third['pid']).not.toBe(first['pid']);
  expect(stage.zapier.counters().coldStarts - coldBefore).toBe(1);
  expect(events.at(-1)).toMatchObject({ kind: 'invoked', cold: true, outcome: 'success' });
});

test('the app sees its own variables and none of the machine', async () => {
  expect((await describeContainer())['env']).toEqual({ NODE_ENV: null, APP_SETTING: 'set by env:set', HOME: null });
});

test('calls beyond the pool wait for their turn in the one container', async () => {
  const answers = await Promise.all([describeContainer(), describeContainer(), describeContainer()]);
  expect(new Set(answers.map((answer) => answer['pid'])).size).toBe(1);
  expect(stage.zapier.containers()).toBe(1);
});

test('with room for two, two calls at once run in two processes', async () => {
  const wide = await openStage({ maxContainers: 2 });
  try {
    const answers = await Promise.all([describeContainer(wide), describeContainer(wide)]);
    expect(new Set(answers.map((answer) => answer['pid'])).size).toBe(2);
  } finally {
    await wide.close();
  }
  expect(wide.zapier.containers()).toBe(0);
});

test('a container over its memory limit is retired after its answer', async () => {
  const tight = await openStage({ limits: { containerRssMaxBytes: 1 } });
  try {
    expect((await describeContainer(tight))['calls']).toBe(1);
    expect((await describeContainer(tight))['calls']).toBe(1);
    expect(tight.zapier.containers()).toBe(0);
  } finally {
    await tight.close();
  }
});

test.each([
  [
    'AppError, which carries its text, code and status',
    'error',
    { name: 'AppError', shown: 'The target is ill', code: 'ill', status: 503, effect: 'errored' },
  ],
  [
    'HaltedError, without what core appends',
    'halt',
    { name: 'HaltedError', shown: 'The record is not for us', effect: 'halted' },
  ],
  [
    'ThrottledError with its delay',
    'throttle',
    { name: 'ThrottledError', shown: 'Slow down', delaySeconds: 12, effect: 'throttled' },
  ],
  ['ExpiredAuthError', 'expire', { name: 'ExpiredAuthError', effect: 'expired_auth' }],
  ['a plain error', 'bug', { name: 'TypeError', shown: 'Something is not a function', effect: 'errored' }],
])('a rejection is read as %s', async (_what, kind, expected) => {
  stage.source.answerOnce('write', { order: { kind, delay: 12 } });
  const outcome = await stage.zapier.tryStep({
    kind: 'create',
    key: 'write_record',
    inputData: { name: 'n' },
    connection: stage.connection,
  });
  expect(outcome).toMatchObject({ kind: 'error', ...expected });
});

test('a method that the app does not have is an error, not a crash', async () => {
  const outcome = await stage.zapier.invoke({
    method: 'creates.nothing.operation.perform',
    bundle: null,
    connection: null,
    zapId: null,
  });
  expect(outcome).toMatchObject({ kind: 'error', shown: expect.stringContaining('Could not find the method to call') });
});

test('a folder without a built app is refused', async () => {
  await expect(openStage({ appDir: join(__dirname, 'no-such-app') })).rejects.toThrow('zapierwrapper.js');
});

test('an app that does not load is refused with its reason', async () => {
  const appDir = await mkdtemp(join(tmpdir(), 'standin-'));
  await writeFile(join(appDir, 'zapierwrapper.js'), "throw new Error('the app is broken');");
  await expect(openStage({ appDir })).rejects.toThrow('The app does not tell its definition: the app is broken');
  await rm(appDir, { recursive: true });
});

test('a container stuck in a loop does not outlive a parent that is killed', async () => {
  const parent = spawn(process.execPath, [join(__dirname, 'orphan-parent.ts')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = await once(parent.stdout, 'data');
  const pid = Number(String(line).trim());
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const deadline = performance.now() + 4_000;
  while (isRunning(pid) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isRunning(pid)).toBe(false);
});

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
