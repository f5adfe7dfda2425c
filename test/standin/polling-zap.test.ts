import { openStage, type Stage } from './fixture-zapier.ts';
import { records } from './scripted-source.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.source.reset());

const minuteMs = 60_000;

const newRecordZap = (floodLimit = 100, key = 'new_record') =>
  stage.zapier.createZap({
    name: 'records to target',
    connection: stage.connection,
    trigger: { key },
    steps: [{ kind: 'create', key: 'write_record', inputData: { name: '{{trigger.name}}' } }],
    floodLimit,
  });

const writtenNames = (): readonly unknown[] => stage.source.asked('write').map((body) => body['name']);

test('the populate poll stores its keys, says so in the bundle and starts no run', async () => {
  stage.source.answer('records', records('b', 'a'));
  const zap = await newRecordZap();
  expect(await zap.turnOn()).toEqual({ kind: 'on', keysStored: 2 });
  expect(stage.source.asked('records')[0]?.['meta']).toMatchObject({
    isPopulatingDedupe: true,
    isLoadingSample: false,
    limit: -1,
    page: 0,
    timezone: 'UTC',
    zap: { id: zap.id, user: { timezone: 'UTC' } },
  });
  expect(await zap.poll()).toEqual({ kind: 'polled', returned: 2, fresh: 0, started: 0, held: 0 });
  expect(zap.runs()).toEqual([]);
});

test('a live poll starts runs for unseen items only, the oldest first', async () => {
  stage.source.answer('records', records('a'));
  const zap = await newRecordZap();
  await zap.turnOn();
  stage.source.answer('records', records('c', 'b', 'a'));
  expect(await zap.poll()).toEqual({ kind: 'polled', returned: 3, fresh: 2, started: 2, held: 0 });
  await stage.zapier.drain();
  expect(writtenNames()).toEqual(['Record b', 'Record c']);
  expect(await zap.poll()).toMatchObject({ fresh: 0 });
  expect(stage.source.asked('records')[1]?.['meta']).toMatchObject({ isPopulatingDedupe: false });
});

test('two Zaps on one trigger both fire for the same record', async () => {
  const [first, second] = [await newRecordZap(), await newRecordZap()];
  await first.turnOn();
  await second.turnOn();
  stage.source.answer('records', records('x'));
  expect([await first.poll(), await second.poll()].map((report) => report.kind === 'polled' && report.started)).toEqual(
    [1, 1],
  );
  await stage.zapier.drain();
});

test('a record that was not in the populate poll fires later although it is old', async () => {
  stage.source.answer('records', records('z'));
  const zap = await newRecordZap();
  await zap.turnOn();
  stage.source.answer('records', records('z', 'old'));
  expect(await zap.poll()).toMatchObject({ fresh: 1, started: 1 });
  await stage.zapier.drain();
});

test('fields marked primary are the key together, and id alone is not', async () => {
  stage.source.answer('records', { results: [{ id: 'a', version: 1 }] });
  const zap = await newRecordZap(100, 'versioned_record');
  await zap.turnOn();
  stage.source.answer('records', {
    results: [
      { id: 'a', version: 2, name: 'v2' },
      { id: 'a', version: 1 },
    ],
  });
  expect(await zap.poll()).toMatchObject({ returned: 2, fresh: 1 });
  await stage.zapier.drain();
  expect(writtenNames()).toEqual(['v2']);
});

test('of two items with one key in one answer only the first fires', async () => {
  const zap = await newRecordZap();
  await zap.turnOn();
  stage.source.answer('records', {
    results: [
      { id: 'a', name: 'newer' },
      { id: 'a', name: 'older' },
    ],
  });
  expect(await zap.poll()).toMatchObject({ returned: 2, fresh: 1 });
  await stage.zapier.drain();
  expect(writtenNames()).toEqual(['newer']);
});

test.each([
  ['no list', { id: 'a' }, 'Results must be an array, got: object'],
  ['an item without its key', [{ name: 'keyless' }], 'Result 0 has no "id" to dedupe on'],
  ['an item that is no object', ['a'], 'Result 0 is not an object'],
])('a poll that returns %s fails and delivers nothing', async (_what, results, message) => {
  const zap = await newRecordZap();
  await zap.turnOn();
  stage.source.answer('records', { results });
  expect(await zap.poll()).toEqual({ kind: 'failed', message });
  expect(zap.dedupeSize()).toBe(0);
});

test('a Zap whose populate poll or authentication test fails cannot be turned on', async () => {
  const zap = await newRecordZap();
  stage.source.answerOnce('records', { order: { kind: 'error' } });
  expect(await zap.turnOn()).toEqual({ kind: 'refused', message: 'The source is ill' });
  stage.source.answerOnce('me', { status: 401 });
  expect(await zap.turnOn()).toEqual({ kind: 'refused', message: 'The token is not known' });
  expect(zap.isOn()).toBe(false);
  await expect(zap.poll()).rejects.toThrow('it is off');
});

test('with as many new items as the flood limit all runs are held, and a replay plays them a second apart', async () => {
  const zap = await newRecordZap(3);
  await zap.turnOn();
  stage.source.answer('records', records('b', 'a'));
  expect(await zap.poll()).toMatchObject({ started: 2, held: 0 });
  stage.source.answer('records', records('e', 'd', 'c', 'b', 'a'));
  expect(await zap.poll()).toMatchObject({ fresh: 3, started: 0, held: 3 });
  await stage.zapier.drain();
  expect(writtenNames()).toEqual(['Record a', 'Record b']);
  expect(zap.runs().filter((run) => run.status === 'held')).toHaveLength(3);
  expect(await zap.poll()).toMatchObject({ fresh: 0 });

  const beforeMs = stage.clock.now();
  expect(zap.replayHeld()).toBe(3);
  await stage.zapier.drain();
  expect(writtenNames().slice(2)).toEqual(['Record c', 'Record d', 'Record e']);
  expect(stage.clock.now() - beforeMs).toBe(3_000);
});

test('a record created while the Zap was off never fires', async () => {
  const zap = await newRecordZap();
  await zap.turnOn();
  await zap.turnOff();
  expect(zap.dedupeSize()).toBe(0);
  stage.source.answer('records', records('missed'));
  await zap.turnOn();
  expect(await zap.poll()).toMatchObject({ returned: 1, fresh: 0 });
});

test('a throttled poll is polled again after its delay', async () => {
  const zap = await newRecordZap();
  await zap.turnOn();
  stage.source.answerOnce('records', { order: { kind: 'throttle', delay: 45 } });
  stage.source.answer('records', records('late'));
  const beforeMs = stage.clock.now();
  expect(await zap.poll()).toMatchObject({ kind: 'throttled', retryAtMs: beforeMs + 45_000 });
  await stage.zapier.drain();
  expect(writtenNames()).toEqual(['Record late']);
  expect(stage.clock.now() - beforeMs).toBe(45_000);
});

test('time that passes polls each Zap at the interval of its plan', async () => {
  const zap = await stage.zapier.createZap({
    name: 'free',
    connection: stage.connection,
    trigger: { key: 'new_record', inputData: { status: 'open' } },
    steps: [],
    plan: 'free',
  });
  await zap.turnOn();
  await stage.zapier.runUntil(stage.clock.now() + 46 * minuteMs);
  const polls = stage.source.asked('records').filter(({ meta }) => JSON.stringify(meta).includes(`"${zap.id}"`));
  expect(polls.map((poll) => poll['inputData'])).toEqual(
    Array.from({ length: 4 }, () => ({ status: 'open', page_size: 50 })),
  );
  await zap.turnOff();
});

test('the dedupe table forgets its oldest key past its limit, so that record fires again', async () => {
  const small = await openStage({ limits: { dedupeRowsMax: 2 } });
  try {
    small.source.answer('records', records('c', 'b'));
    const zap = await small.zapier.createZap({
      name: 'small',
      connection: small.connection,
      trigger: { key: 'new_record' },
      steps: [],
    });
    await zap.turnOn();
    small.source.answer('records', records('d', 'c'));
    expect(await zap.poll()).toMatchObject({ fresh: 1 });
    expect(zap.dedupeSize()).toBe(2);
    small.source.answer('records', records('b'));
    expect(await zap.poll()).toMatchObject({ fresh: 1 });
  } finally {
    await small.close();
  }
});

test.each([
  ['a poll whose answer is lost is not repeated', { timeoutAfterPoll: 1 }, 1],
  ['a poll whose container dies is repeated at once, up to the limit', { killAfterPoll: 1 }, 3],
])('%s, and delivers nothing', async (_what, faults, timesAsked) => {
  const lossy = await openStage({ faults });
  try {
    const zap = await lossy.zapier.createZap({
      name: 'lossy',
      connection: lossy.connection,
      trigger: { key: 'new_record' },
      steps: [],
    });
    expect(await zap.turnOn()).toMatchObject({ kind: 'refused' });
    expect(lossy.source.asked('records')).toHaveLength(timesAsked);
  } finally {
    await lossy.close();
  }
});
