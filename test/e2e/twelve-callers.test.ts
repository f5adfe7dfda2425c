import { z } from 'zod';
import type { RunView } from '../../standin/run.ts';
import { type Cleanup, clean } from './cleanups.ts';
import { SYNC } from './twelve-contracts.ts';
import { openTwelveStage, TWELVE, type TwelveStage } from './twelve-stage.ts';

const STAGE_MS_MAX = 240_000;
const ROUND_MS_MAX = 120_000;
const DAY_MS = 24 * 3_600_000;

const FIND = 'GET /classes/Contact';
const CREATE = 'POST /classes/Contact';

const cleanups: Cleanup[] = [];
let stage: TwelveStage;
beforeAll(async () => {
  stage = await openTwelveStage(cleanups);
}, STAGE_MS_MAX);
afterAll(() => clean(cleanups), STAGE_MS_MAX);

const upserted = z.object({
  status: z.string(),
  external_id: z.string(),
  target_id: z.string(),
  written_at: z.string().nullable(),
});

const resultOf = ({ outputs }: RunView): z.infer<typeof upserted> => upserted.parse(outputs['step1']);
const outcomesOf = ({ history }: RunView): string[] => history.map(({ outcome }) => outcome.kind);

/**
 * Twelve runs of one Zap at once, each in a container of its own. The first request to Parse is held back until
 * the other eleven have asked the store: all twelve are under way while the one is between its look-up and its create.
 */
const runTwelve = async (inputData: Readonly<Record<string, string>>) => {
  const { zapier, connection, line } = stage;
  const zap = await zapier.createScheduledZap({
    name: 'Twelve at once',
    connection,
    everyMs: DAY_MS,
    steps: [{ kind: 'create', key: 'upsert_record', inputData: { sync: SYNC, ...inputData } }],
  });
  await zap.turnOn();
  line.holdNext(stage.throttled(TWELVE - 1));
  for (let run = 0; run < TWELVE; run += 1) zap.fire();
  await zapier.drain({ concurrency: TWELVE });
  await zap.turnOff();
  return { runs: zap.runs(), requests: line.takeRequests() };
};

/**
 * One run did the work and says so; eleven were put off by Zapier while it did, came back, and were told that it is done.
 *
 * @param status `found` where the reply to the create was lost: the one that sent it read it back
 */
const expectOneWriter = (runs: readonly RunView[], status: 'created' | 'found', targetId: unknown): void => {
  expect(runs).toHaveLength(TWELVE);
  const writers = runs.filter((run) => resultOf(run).status === status);
  const others = runs.filter((run) => !writers.includes(run));
  expect(writers.map(outcomesOf)).toEqual([['success']]);
  expect(others.map((run) => resultOf(run).status)).toEqual(Array(TWELVE - 1).fill('already_applied'));
  expect(others.map(outcomesOf)).toEqual(Array(TWELVE - 1).fill(['throttled', 'success']));
  expect(writers.map((run) => resultOf(run).written_at === null)).toEqual([status === 'found']);
  expect(new Set(others.map((run) => resultOf(run).written_at))).toEqual(new Set([null]));
  expect(new Set(runs.map((run) => resultOf(run).target_id))).toEqual(new Set([targetId]));
};

const record = (externalId: string) => ({
  external_id: externalId,
  updated_at: '2026-03-01T11:00:00Z',
  record_json: JSON.stringify({ fullName: 'Ada Example', email: 'ada@example.com' }),
});

/** What a Zap does without Tidemark: "Find Record", and "Create Record" where nothing was found. */
const findThenCreate = async (externalId: string): Promise<void> => {
  const found = await stage.parse.copiesOf(externalId);
  if (found.length === 0) await stage.parse.create({ externalId, fullName: 'Ada Example' });
};

test('control: twelve callers that find, then create leave several copies of one record', async () => {
  // Parse opens its connections to PostgreSQL as they are needed, which would let the first caller run ahead.
  await Promise.all(Array.from({ length: TWELVE }, () => stage.parse.copiesOf('nobody')));
  await Promise.all(Array.from({ length: TWELVE }, () => findThenCreate('CONTROL-1')));
  expect((await stage.parse.copiesOf('CONTROL-1')).length).toBeGreaterThan(1);
});

test(
  'G2 twelve Zapier calls at once with one new record of their own make one copy, on a target without upsert',
  async () => {
    const { runs, requests } = await runTwelve(record('OWN-1'));
    const copies = await stage.parse.copiesOf('OWN-1');
    expect(copies).toMatchObject([{ externalId: 'OWN-1', fullName: 'Ada Example', email: 'ada@example.com' }]);
    expect(requests).toEqual([FIND, CREATE]);
    expectOneWriter(runs, 'created', copies[0]?.['objectId']);
  },
  ROUND_MS_MAX,
);

const trigger = { key: 'record_changed', inputData: { sync: SYNC, stream: 'main', start: 'beginning' } };
const polled = z.object({ delivery_id: z.string(), external_id: z.string(), record_json: z.string() });

/** Polls the ERP once and keeps what the Zap is handed, without acknowledging it. */
const takeDelivery = async (): Promise<z.infer<typeof polled>> => {
  const { zapier, connection } = stage;
  const filter = { kind: 'filter', key: 'only_continue_if', passes: () => false } as const;
  const zap = await zapier.createZap({ name: 'New customers', connection, trigger, steps: [filter] });
  expect(await zap.turnOn()).toMatchObject({ kind: 'on' });
  expect(await zap.poll()).toMatchObject({ kind: 'polled', started: 1 });
  await zapier.drain();
  await zap.turnOff();
  return polled.parse(zap.runs()[0]?.item);
};

test(
  'G2 one delivery that is replayed twelve times at once makes one copy, and is settled once',
  async () => {
    const { delivery_id, external_id, record_json } = await takeDelivery();
    const { runs, requests } = await runTwelve({ delivery_id, record_json });
    const copies = await stage.parse.copiesOf(external_id);
    // The e-mail was sealed on its way through Zapier.
    expect(copies).toMatchObject([{ externalId: external_id, email: expect.stringContaining('@') }]);
    expect(requests).toEqual([FIND, CREATE]);
    expectOneWriter(runs, 'created', copies[0]?.['objectId']);
    const { counts } = await stage.api.getStream({ sync: SYNC, stream: 'main' }, {});
    expect(counts).toMatchObject({ open: 0, applied: 1, deliveries: 1 });
  },
  ROUND_MS_MAX,
);

test(
  'G2 twelve Zapier calls at once make one copy when the reply to the create is lost after its effect',
  async () => {
    stage.line.forceNext('writes', 'lost-reply');
    const { runs, requests } = await runTwelve(record('LOST-1'));
    const copies = await stage.parse.copiesOf('LOST-1');
    expect(copies).toMatchObject([{ externalId: 'LOST-1', fullName: 'Ada Example' }]);
    expect(requests).toEqual([FIND, CREATE, FIND]);
    expectOneWriter(runs, 'found', copies[0]?.['objectId']);
  },
  ROUND_MS_MAX,
);
