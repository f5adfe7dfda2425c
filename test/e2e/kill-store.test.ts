import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { auditBothSides } from '../../demo/two-sides.ts';
import { type ReconcileReport, STREAM, SYNC } from '../../demo/zaps.ts';
import { startPostgres } from '../postgres/cluster.ts';
import { deliveryOf, findForgotten } from './deliveries.ts';
import { killAgain, type Killing } from './kill-again.ts';
import { openStage, type Stage } from './stage.ts';
import { createWitness, type Witness } from './witness.ts';

const CUSTOMERS = 250;
const KILLS = 20;
const SEED = 11;
const KEY = { sync: SYNC, stream: STREAM };
/** A poll or a write that died holds its lease for up to 40 s; seen: 2 s on idle cores, 42 s on busy ones. */
const SETTLE_MS_MAX = 120_000;
const LOOK_EVERY_MS = 300;
const RECONCILE_CALLS_MAX = 10;
/** Some 75 s on two idle cores, up to six times that on busy ones; the first run builds the app as well. */
const TEST_MS_MAX = 900_000;

// Without repairs: a reconciliation could otherwise put right what was lost before anybody looks.
const contractChanges = [
  { path: ['delivery', 'acknowledgeWithinSeconds'], value: 5 },
  { path: ['reconcile', 'repair'], value: false },
];

type Database = { readonly url: string | null; readonly stop: () => Promise<void> };

const openPostgres = async (): Promise<Database> => {
  const { freshDatabase, stop } = await startPostgres();
  return { url: await freshDatabase(), stop };
};

const engines: readonly { readonly engine: string; readonly openDatabase: () => Promise<Database> }[] = [
  { engine: 'embedded', openDatabase: () => Promise.resolve({ url: null, stop: () => Promise.resolve() }) },
  { engine: 'PostgreSQL', openDatabase: openPostgres },
];

/** Waits until a cycle that began after the source was quiet has ended, and nothing is open. */
const settle = async ({ api, zaps }: Stage): Promise<void> => {
  const endMs = performance.now() + SETTLE_MS_MAX;
  const quietSince = (await api.getStream(KEY, {})).reading.cycles;
  for (;;) {
    const { counts, reading } = await api.getStream(KEY, {});
    if (reading.cycles >= quietSince + 2 && counts.open === 0) return;
    if (performance.now() > endMs) {
      const unfinished = zaps.sync.runs().filter(({ status }) => status !== 'success');
      const last = unfinished.map(({ status, history }) => [status, history.at(-1)?.outcome]).slice(0, 3);
      throw new Error(
        `Not settled within ${SETTLE_MS_MAX} ms: ${JSON.stringify({ counts, reading, unfinished: unfinished.length, last })}`,
      );
    }
    await pause(LOOK_EVERY_MS);
  }
};

/** Plays both Zaps while the store is killed again and again, then until all is settled. */
const playThrough = async (stage: Stage, witness: Witness): Promise<Killing> => {
  let isOver = false;
  const story = async (): Promise<Killing> => {
    const killing = await killAgain(stage, witness, KILLS, SEED);
    stage.systems.erpProxy.disable();
    stage.systems.crmProxy.disable();
    await settle(stage);
    return killing;
  };
  const told = story().finally(() => {
    isOver = true;
  });
  const [killing] = await Promise.all([told, stage.zaps.play(() => isOver)]);
  return killing;
};

const reconcileFully = async ({ zaps }: Stage): Promise<ReconcileReport> => {
  for (let calls = 0; calls < RECONCILE_CALLS_MAX; calls += 1) {
    const found = await zaps.reconcile();
    if (found.state === 'finished') return found;
  }
  throw new Error(`The reconciliation did not finish in ${RECONCILE_CALLS_MAX} calls`);
};

/** Each kill came, and came while there was something to lose. */
const expectRealKills = (stage: Stage, witness: Witness, killing: Killing): void => {
  expect(killing.signals).toEqual(Array.from({ length: KILLS }, () => 'SIGKILL'));
  expect(killing.afterWork).toBeGreaterThanOrEqual(KILLS * 0.8);
  expect(killing.midWork).toBeGreaterThanOrEqual(KILLS * 0.25);
  expect(killing.outlived.size).toBeGreaterThanOrEqual(CUSTOMERS);
  const kinds = new Set(witness.entries().map(({ kind }) => kind));
  expect([...kinds]).toEqual(
    expect.arrayContaining(['page_read', 'cycle_ended', 'write_outcome', 'reconciliation_finished']),
  );
  const { erpProxy, crmProxy } = stage.systems;
  const struck = [erpProxy.counts(), crmProxy.counts()].map(({ calls, passed }) => calls - passed);
  expect(Math.max(...struck)).toBeGreaterThanOrEqual(10);
};

const expectNothingLost = async (stage: Stage, witness: Witness, killing: Killing): Promise<void> => {
  const { api, systems, zaps } = stage;
  expect(killing.losses).toEqual([]);
  expect(await reconcileFully(stage)).toMatchObject({ verdict: 'matched', missing_count: 0, changed_count: 0 });
  const audit = await auditBothSides(systems);
  expect(audit).toMatchObject({ lost: 0, duplicates: 0 });
  expect(audit.customers).toBeGreaterThan(CUSTOMERS);
  expect(await witness.findLosses()).toEqual([]);
  const handedOut = [...new Set(zaps.sync.runs().map(deliveryOf))];
  expect(await findForgotten(api, SYNC, handedOut)).toEqual([]);
  // The question can be answered otherwise: a delivery that there never was is not taken for settled.
  expect(await findForgotten(api, SYNC, [randomUUID()])).toEqual([expect.stringMatching(/: unknown$/)]);
  const { counts } = await api.getStream(KEY, {});
  expect(counts).toMatchObject({ open: 0, held: 0, deadLettered: 0 });
  expect(counts.deliveries).toBeGreaterThanOrEqual(handedOut.length);
};

test.each(engines)(
  'G1 G2 G9 a store that is killed -9 twenty times while polls, writes and reconciliations go on loses nothing acknowledged ($engine)',
  async ({ openDatabase }) => {
    const database = await openDatabase();
    try {
      const options = { records: CUSTOMERS, seed: SEED, databaseUrl: database.url, changes: contractChanges };
      const stage = await openStage(options);
      try {
        expect(await stage.zaps.sync.turnOn()).toMatchObject({ kind: 'on' });
        const witness = createWitness(stage.api, KEY);
        const killing = await playThrough(stage, witness);
        await expectNothingLost(stage, witness, killing);
        expectRealKills(stage, witness, killing);
      } finally {
        await stage.close();
      }
    } finally {
      await database.stop();
    }
  },
  TEST_MS_MAX,
);
