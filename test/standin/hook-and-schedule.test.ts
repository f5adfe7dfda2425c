import { openStage, type Stage } from './fixture-zapier.ts';
import { records } from './scripted-source.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.source.reset());

test('an instant trigger subscribes, takes deliveries without dedupe or hold, and unsubscribes', async () => {
  stage.source.answer('subscribe', { id: 'sub-1' });
  const zap = await stage.zapier.createHookZap({
    name: 'instant',
    connection: stage.connection,
    trigger: { key: 'hooked_record' },
    steps: [],
  });
  expect(await zap.turnOn()).toMatchObject({ kind: 'on' });
  const url = zap.hookUrl();
  expect(stage.source.asked('subscribe')).toEqual([{ targetUrl: url }]);

  const body = JSON.stringify({ records: Array.from({ length: 120 }, () => ({ id: 'same' })) });
  expect((await fetch(url, { method: 'POST', body })).status).toBe(200);
  expect(zap.deliver({ records: [{ id: 'same' }] })).toBe(true);
  await stage.zapier.drain({ concurrency: 2 });
  expect(zap.runs().filter((run) => run.status === 'success')).toHaveLength(121);

  await zap.turnOff();
  expect(stage.source.asked('unsubscribe')).toEqual([{ id: 'sub-1' }]);
  expect((await fetch(url, { method: 'POST', body })).status).toBe(410);
});

test('the samples of an instant trigger come from performList', async () => {
  stage.source.answer('records', records('b', 'a'));
  expect(await stage.zapier.sample({ key: 'hooked_record', connection: stage.connection })).toEqual({
    kind: 'samples',
    records: records('b', 'a').results,
  });
});

test('a scheduled Zap runs each time round while it is on', async () => {
  const zap = await stage.zapier.createScheduledZap({
    name: 'daily',
    everyMs: 86_400_000,
    connection: stage.connection,
    steps: [{ kind: 'create', key: 'write_record', inputData: { name: 'report of {{trigger.date}}' } }],
  });
  await zap.turnOn();
  await stage.zapier.runUntil(stage.clock.now() + 3 * 86_400_000);
  expect(stage.source.asked('write').map((body) => body['name'])).toEqual([
    'report of 2026-03-02',
    'report of 2026-03-03',
    'report of 2026-03-04',
  ]);
  await zap.turnOff();
  await stage.zapier.runUntil(stage.clock.now() + 3 * 86_400_000);
  expect(zap.runs()).toHaveLength(3);
  expect(() => zap.fire()).toThrow('it is off');
});

test('a callback that comes while the drain is patient is played in the same drain', async () => {
  const zap = await stage.zapier.createScheduledZap({
    name: 'long job',
    everyMs: 86_400_000,
    connection: stage.connection,
    steps: [{ kind: 'create', key: 'wait_for_callback', inputData: {} }],
  });
  await zap.turnOn();
  zap.fire();
  const drained = stage.zapier.drain({ callbackWaitMs: 5_000 });
  while (stage.source.asked('job').length === 0) await new Promise((resolve) => setImmediate(resolve));
  await fetch(String(stage.source.asked('job')[0]?.['callbackUrl']), { method: 'POST', body: '{"late":true}' });
  expect(await drained).toMatchObject({ awaitingCallbacks: 0 });
  expect(zap.runs()[0]).toMatchObject({ status: 'success', outputs: { step1: { late: true } } });
});
