import type { StepSpec } from '../../standin/step.ts';
import type { PollingZap } from '../../standin/zap.ts';
import { openStage, type Stage } from './fixture-zapier.ts';
import { records } from './scripted-source.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.source.reset());

const write: StepSpec = { kind: 'create', key: 'write_record', inputData: { name: '{{trigger.name}}' } };

let zapCount = 0;

/** A Zap with one new record waiting to be played. */
const startedZap = async (steps: readonly StepSpec[] = [write], on: Stage = stage): Promise<PollingZap> => {
  zapCount += 1;
  const zap = await on.zapier.createZap({
    name: `zap ${zapCount}`,
    connection: on.connection,
    trigger: { key: 'new_record' },
    steps,
  });
  expect(await zap.turnOn()).toMatchObject({ kind: 'on' });
  on.source.answerOnce('records', records('r1'));
  await zap.poll();
  return zap;
};

const order = (kind: string, more: object = {}) => ({ order: { kind, ...more } });
const minutesBetween = (timesMs: readonly number[]): readonly number[] =>
  timesMs.slice(1).map((atMs, position) => (atMs - (timesMs[position] ?? 0)) / 60_000);

test('each step finds the output of the steps before it, and every action is a task', async () => {
  const tasksBefore = stage.zapier.counters().tasks;
  stage.source.answer('write', { id: 'w9' });
  const zap = await startedZap([
    write,
    { kind: 'create', key: 'echo_bundle', inputData: { text_value: '{{step1.id}} for {{trigger.id}}' } },
  ]);
  await stage.zapier.drain();
  expect(zap.runs()).toMatchObject([
    {
      status: 'success',
      outputs: { trigger: { id: 'r1' }, step1: { id: 'w9' }, step2: { inputData: { text_value: 'w9 for r1' } } },
    },
  ]);
  expect(stage.zapier.counters().tasks - tasksBefore).toBe(2);
});

test('a throttled step waits as long as it asks and is executed again, until it succeeds', async () => {
  stage.source.answerOnce('write', order('throttle', { delay: 90 }));
  stage.source.answerOnce('write', order('throttle'));
  const zap = await startedZap();
  await stage.zapier.drain();
  const [run] = zap.runs();
  expect(run?.status).toBe('success');
  expect(run?.history.map((record) => record.outcome.kind)).toEqual(['throttled', 'throttled', 'success']);
  expect(minutesBetween(run?.history.map((record) => record.atMs) ?? [])).toEqual([1.5, 1]);
});

test('an errored run is replayed after 5 and 30 minutes, 1, 3 and 6 hours, then stays errored', async () => {
  stage.source.answer('write', order('error'));
  const zap = await startedZap();
  await stage.zapier.drain();
  const [run] = zap.runs();
  expect(run?.status).toBe('errored');
  expect(minutesBetween(run?.history.map((record) => record.atMs) ?? [])).toEqual([5, 30, 60, 180, 360]);
  expect(run?.history[0]?.outcome).toEqual({ kind: 'errored', message: 'The target is ill', effect: 'none_known' });
});

test('a replay executes the failed step only, and goes on from there', async () => {
  stage.source.answerOnce('find', { results: [{ id: 'f1' }] });
  stage.source.answerOnce('write', order('error'));
  const zap = await startedZap([{ kind: 'search', key: 'find_record', inputData: { name: 'x' } }, write]);
  await stage.zapier.drain();
  expect(zap.runs()[0]?.status).toBe('success');
  expect(stage.source.asked('find')).toHaveLength(1);
  expect(stage.source.asked('write')).toHaveLength(2);
});

test('a halted run is not replayed on its own, but by hand', async () => {
  stage.source.answerOnce('write', order('halt'));
  const zap = await startedZap();
  await stage.zapier.drain();
  const [run] = zap.runs();
  expect(run).toMatchObject({ status: 'halted', history: [{ outcome: { message: 'The record is not for us' } }] });
  zap.replay(run?.id ?? '');
  await stage.zapier.drain();
  expect(zap.runs()[0]?.status).toBe('success');
  expect(() => zap.replay(run?.id ?? '')).toThrow('it is success');
});

test('a step that hangs or loops is killed at the limit and may have had its effect', async () => {
  const hasty = await openStage({ limits: { invocationTimeoutMs: 1_000 } });
  try {
    hasty.source.answerOnce('write', order('hang'));
    hasty.source.answerOnce('write', order('loop'));
    const zap = await startedZap([write], hasty);
    await hasty.zapier.drain();
    const [run] = zap.runs();
    expect(run?.history.map((record) => record.outcome.kind)).toEqual(['errored', 'errored', 'success']);
    expect(run?.history[0]?.outcome).toEqual({
      kind: 'errored',
      message: 'The app did not respond in-time. It may or may not have completed successfully.',
      effect: 'unknown',
    });
    expect(run?.history[1]?.outcome).toEqual(run?.history[0]?.outcome);
    expect(hasty.source.asked('write')).toHaveLength(3);
    expect(hasty.zapier.counters()).toMatchObject({ timeouts: 2, autoreplays: 2 });
  } finally {
    await hasty.close();
  }
});

test('a process that exits in the middle is replaced and the invocation run again at once', async () => {
  stage.source.answerOnce('write', order('exit'));
  const before = stage.zapier.counters();
  const zap = await startedZap();
  await stage.zapier.drain();
  expect(zap.runs()[0]?.history.map((record) => record.outcome.kind)).toEqual(['success']);
  expect(stage.source.asked('write')).toHaveLength(2);
  const after = stage.zapier.counters();
  expect([after.kills - before.kills, after.exitRetries - before.exitRetries]).toEqual([1, 1]);
});

test('a search that finds nothing halts the run, unless the user chose to go on', async () => {
  stage.source.answer('find', { results: [] });
  const search = { kind: 'search', key: 'find_record', inputData: { name: 'x' } } as const;
  const stopped = await startedZap([search, write]);
  const going = await startedZap([{ ...search, continueIfEmpty: true }, write]);
  await stage.zapier.drain();
  expect(stopped.runs()).toMatchObject([
    { status: 'halted', history: [{ outcome: { message: 'Nothing could be found for the search.' } }] },
  ]);
  expect(going.runs()).toMatchObject([
    { status: 'success', outputs: { step1: { _zap_search_was_found_status: false } } },
  ]);
});

test('a search hands on its first result only', async () => {
  stage.source.answer('find', { results: [{ id: 'f1' }, { id: 'f2' }] });
  const zap = await startedZap([{ kind: 'search', key: 'find_record', inputData: { name: 'x' } }]);
  await stage.zapier.drain();
  expect(zap.runs()[0]?.outputs['step1']).toEqual({ id: 'f1', _zap_search_was_found_status: true });
});

test('a required field that renders empty errors the step before the app is called', async () => {
  const zap = await startedZap([{ kind: 'create', key: 'write_record', inputData: { name: '{{trigger.nickname}}' } }]);
  await stage.zapier.drain();
  expect(zap.runs()[0]?.history[0]?.outcome).toMatchObject({ message: 'Required field "Name" (name) is missing.' });
  expect(stage.source.asked('write')).toEqual([]);
});

test('a step of another app and a filter take part like any step', async () => {
  const seen: unknown[] = [];
  const zap = await startedZap([
    {
      kind: 'other_app',
      key: 'crm.create_contact',
      inputData: { title: 'Dear {{trigger.name}}' },
      perform: (inputData) => {
        seen.push(inputData);
        return Promise.resolve({ kind: 'success', output: { contact: 'k1' } });
      },
    },
    { kind: 'filter', key: 'only k2', passes: ({ step1 }) => JSON.stringify(step1).includes('k2') },
    write,
  ]);
  await stage.zapier.drain();
  expect(seen).toEqual([{ title: 'Dear Record r1' }]);
  expect(zap.runs()[0]?.status).toBe('filtered');
  expect(stage.source.asked('write')).toEqual([]);
});

test('a step that asks for a callback waits for it, then goes on with what was posted', async () => {
  const zap = await startedZap([{ kind: 'create', key: 'wait_for_callback', inputData: {} }, write]);
  expect(await stage.zapier.drain()).toMatchObject({ awaitingCallbacks: 1 });
  expect(zap.runs()[0]?.status).toBe('awaiting_callback');
  const url = String(stage.source.asked('job')[0]?.['callbackUrl']);
  const post = () => fetch(url, { method: 'POST', body: JSON.stringify({ verdict: 'done' }) });
  expect((await post()).status).toBe(200);
  expect((await post()).status).toBe(410);
  await stage.zapier.drain();
  expect(zap.runs()[0]).toMatchObject({
    status: 'success',
    outputs: { step1: { id: 'job-1', started: true, verdict: 'done', resumed: true } },
  });
});

test('an expired connection holds its runs until it is connected again', async () => {
  stage.source.answerOnce('write', order('expire'));
  const zap = await startedZap();
  await stage.zapier.drain();
  expect(zap.runs()[0]).toMatchObject({ status: 'held', heldBecause: 'auth_expired' });
  expect(await zap.poll()).toEqual({ kind: 'failed', message: 'The connection has expired' });
  expect(await stage.zapier.reconnect(stage.connection)).toMatchObject({ kind: 'connected' });
  zap.replayHeld();
  await stage.zapier.drain();
  expect(zap.runs()[0]?.status).toBe('success');
});

test('a Zap whose runs nearly all errored is turned off', async () => {
  stage.source.answer('write', order('error'));
  const zap = await stage.zapier.createZap({
    name: 'ill',
    connection: stage.connection,
    trigger: { key: 'new_record' },
    steps: [write],
    autoreplay: false,
  });
  await zap.turnOn();
  const ids = Array.from({ length: 21 }, (_none, position) => `i${position}`);
  stage.source.answer('records', records(...ids.slice(0, 20)));
  await zap.poll();
  await stage.zapier.drain({ concurrency: 2 });
  expect(zap.isOn()).toBe(true);
  stage.source.answer('records', records(...ids));
  await zap.poll();
  await stage.zapier.drain();
  expect(zap.isOn()).toBe(false);
});

test.each([
  ['duplicateRun', 2, ['success', 'success']],
  ['killAfterEffect', 4, ['errored']],
  ['timeoutAfterEffect', 2, ['errored']],
] as const)('the fault %s makes the target see a write %d times', async (fault, writes, statuses) => {
  const limits = { exitRetriesMax: 1, autoreplayDelaysMs: [60_000] };
  const faulty = await openStage({ faults: { [fault]: 1 }, limits });
  try {
    const zap = await startedZap([write], faulty);
    await faulty.zapier.drain();
    expect(faulty.source.asked('write')).toHaveLength(writes);
    expect(zap.runs().map((run) => run.status)).toEqual(statuses);
  } finally {
    await faulty.close();
  }
});
