import { createStoreClient } from '../src/store/client/create-store-client.ts';
import type { StorePort } from '../src/core/protocol/store-port.ts';
import type { Progress } from './progress.ts';
import { startSourceLife } from './source-life.ts';
import type { StoreProcess } from './store-process.ts';
import type { DemoSystems } from './systems.ts';
import { type Audit, auditBothSides, changeContact, deleteContact, readContacts } from './two-sides.ts';
import { type DemoZaps, type ReconcileReport, STREAM, SYNC } from './zaps.ts';

export type Scene = {
  readonly systems: DemoSystems;
  readonly store: StoreProcess;
  readonly zaps: DemoZaps;
  readonly progress: Progress;
  readonly records: number;
  readonly changes: number;
  readonly seed: number;
};

export type DemoResult = {
  readonly before: ReconcileReport;
  readonly broken: ReconcileReport;
  readonly after: ReconcileReport;
  readonly audit: Audit;
  readonly read: number;
  readonly delivered: number;
  readonly written: number;
  readonly pages: number;
  readonly calls: number;
  readonly faults: number;
};

/** Between two looks at the store. */
const WATCH_EVERY_MS = 500;
const CALL_DEADLINE_MS = 20_000;
/** The life of the source: within the time that the first deliveries take. */
const LIFE_MS_PER_RECORD = 4;
const BROKEN_DELETED = 3;
const BROKEN_CHANGED = 5;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const clientOf = (store: StoreProcess): StorePort =>
  createStoreClient({
    url: store.url(),
    key: store.syncKey,
    userAgent: 'tidemark-demo',
    fetch,
    sleep: pause,
    random: Math.random,
    now: Date.now,
    deadlineMs: Date.now() + CALL_DEADLINE_MS,
  });

const streamOf = (store: StoreProcess) => clientOf(store).getStream({ sync: SYNC, stream: STREAM }, {});

/** Lets Zapier poll and play runs, until the source is quiet, a later poll has read it to the end, and nothing is open. */
const settleAll = async ({ zaps, store, progress }: Scene, isQuiet: () => boolean): Promise<void> => {
  let isOver = false;
  const watch = async (): Promise<void> => {
    let quietSince: number | undefined;
    while (!isOver) {
      const wasQuiet = isQuiet();
      const { counts, reading } = await streamOf(store);
      if (wasQuiet) quietSince ??= reading.cycles;
      const settled = counts.applied + counts.superseded + counts.unchanged + counts.deadLettered;
      progress.update(settled, settled + counts.open + counts.held);
      // The cycle under way when it became quiet may have begun before the last change: only the one after it counts.
      isOver = quietSince !== undefined && reading.cycles >= quietSince + 2 && counts.open === 0;
      if (!isOver) await pause(WATCH_EVERY_MS);
    }
  };
  // A watcher that fails ends the play, or it would go on until its own limit.
  const watched = watch().finally(() => {
    isOver = true;
  });
  await Promise.all([watched, zaps.play(() => isOver)]);
};

const breakTarget = async (systems: DemoSystems): Promise<void> => {
  const contacts = (await readContacts(systems)).filter(({ erpId }) => erpId !== undefined);
  const chosen = contacts.slice(0, BROKEN_DELETED + BROKEN_CHANGED);
  for (const [index, { id }] of chosen.entries()) {
    if (index < BROKEN_DELETED) await deleteContact(systems, id);
    else await changeContact(systems, id, { city: 'Changed by hand' });
  }
};

/** The reconcile step until its run is over and nothing is on the way: a call that ran out of time is gone on with. */
const reconcileFully = async ({ zaps }: Scene): Promise<ReconcileReport> => {
  for (let calls = 0; calls < 20; calls += 1) {
    const found = await zaps.reconcile();
    if (found.state === 'finished' && !/truncated/.test(found.reason)) return found;
  }
  throw new Error('The reconciliation did not finish in 20 calls');
};

/** The whole story, on systems that are up: move, reconcile, break, find, repair, audit. */
export const runDemo = async (scene: Scene): Promise<DemoResult> => {
  const { systems, zaps, progress } = scene;
  const turnedOn = await zaps.sync.turnOn();
  if (turnedOn.kind !== 'on') throw new Error(`The Zap could not be turned on: ${turnedOn.message}`);
  progress.say(
    `1. The Zap is on. ${scene.records} customers move, ${scene.changes} change meanwhile, and requests fail on the way`,
  );
  progress.start(scene.records);
  const life = await startSourceLife(systems, scene.changes, scene.records * LIFE_MS_PER_RECORD, scene.seed);
  let isQuiet = false;
  const quiet = life.done.then(() => {
    isQuiet = true;
  });
  await settleAll(scene, () => isQuiet);
  await quiet;
  progress.stop();
  await pause(1200);
  const before = await reconcileFully(scene);
  progress.say(`2. The scheduled Zap reconciles: ${before.verdict}. ${before.reason}`);
  await breakTarget(systems);
  progress.say(`3. Somebody deletes ${BROKEN_DELETED} contacts in the CRM and changes ${BROKEN_CHANGED} by hand`);
  const broken = await reconcileFully(scene);
  progress.say(`4. The scheduled Zap reconciles: ${broken.verdict}. ${broken.reason}. The contract says repair`);
  await settleAll(scene, () => true);
  const after = await reconcileFully(scene);
  progress.say(`5. Repaired, and reconciled again: ${after.verdict}. ${after.reason}`);
  const audit = await auditBothSides(systems);
  const { counts, reading } = await streamOf(scene.store);
  const proxies = [systems.erpProxy.counts(), systems.crmProxy.counts()];
  return {
    before,
    broken,
    after,
    audit,
    read: reading.rows,
    delivered: counts.deliveries,
    written: counts.applied,
    pages: reading.pages,
    calls: proxies.reduce((sum, { calls }) => sum + calls, 0),
    faults: proxies.reduce((sum, { calls, passed }) => sum + calls - passed, 0),
  };
};
