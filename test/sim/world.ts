import { createApp } from './app.ts';
import { type Auditor, createAuditor, type Violation } from './auditor.ts';
import { createChance } from './chance.ts';
import { faultsIn, type Feature, shapesIn } from './features.ts';
import { createScheduler } from './scheduler.ts';
import { contractsOf, drawShape, type Shape, STREAM, SYNC } from './shape.ts';
import type { SimStores } from './sim-store.ts';
import { createSource } from './source.ts';
import { createStoreServer } from './store-server.ts';
import { createFaults, drawSwarm, type FaultKind, type Swarm } from './swarm.ts';
import { createTarget } from './target.ts';
import { createZap, type Zap } from './zapier.ts';

const START_MS = Date.parse('2026-11-21T12:00:00Z');
const MINUTE_MS = 60_000;
/** Runs that were held or are replayed late come within this, after both sides agree. */
const AFTERMATH_MS = 24 * 60 * MINUTE_MS;
/** Calls in which a reconciliation must come to its end twice. */
const RECONCILIATIONS = 40;
/** Turns beyond which a world is taken for one that goes round in circles. */
const TURNS_MAX = 400_000;

export type Outcome = {
  readonly seed: number;
  readonly turns: number;
  readonly violation: Violation | null;
};

/** What a seed says of its world. */
export type Draw = { readonly shape: Shape; readonly swarm: Swarm };

export const drawWorld = (seed: number, features: readonly Feature[] = []): Draw => {
  const chance = createChance(seed);
  const shape = drawShape(chance.fork('shape'), shapesIn(features));
  return { shape, swarm: drawSwarm(chance.fork('swarm'), faultsIn(features)) };
};

/** Polls after all faults have stopped, within which both sides must agree. */
const pollsToAgree = (shape: Shape): number =>
  60 +
  3 * shape.rows * 4 +
  (3 * shape.rows * 4) / shape.emitMax +
  Math.ceil((shape.acknowledgeWithinSeconds * 6000 + shape.overlapSeconds * 1000) / shape.pollEveryMs);

export type RunOptions = {
  readonly stores: SimStores;
  readonly seed: number;
  readonly features?: readonly Feature[];
  /** Told of every event. */
  readonly onEvent?: (line: string) => void;
};

/** What reconciliation says once both sides agree; a run that was begun before is ended first. */
const lastVerdict = async (zap: Zap, pass: (durationMs: number) => Promise<void>): Promise<string> => {
  const verdicts: string[] = [];
  for (let call = 0; call < RECONCILIATIONS && verdicts.length < 2; call += 1) {
    void zap.reconcile().then((result) => {
      if (result !== undefined) verdicts.push(`${result.verdict}: ${result.reason}`);
    });
    await pass(MINUTE_MS);
  }
  return verdicts.at(-1)?.replace(/^matched:.*/, 'matched') ?? 'nothing';
};

/** Lives through one world: faults and changes, then neither until both sides agree, then what still comes late. */
export const runWorld = async ({ stores, seed, features = [], onEvent }: RunOptions): Promise<Outcome> => {
  const { shape, swarm } = drawWorld(seed, features);
  const chance = createChance(seed);
  const scheduler = createScheduler(START_MS, chance.fork('scheduler'));
  const faults = createFaults(swarm, chance.fork('faults'));
  const links = chance.fork('links');
  const log = (text: () => string): void => {
    if (onEvent === undefined) return;
    onEvent(`${String(scheduler.turns()).padStart(6)} ${new Date(scheduler.now()).toISOString()} ${text()}`);
  };
  const wobble = chance.fork('wobble');
  const source = createSource({ now: scheduler.now, chance: chance.fork('source'), faults, shape });
  const ids = chance.fork('ids');
  let wobbleMs = 0;
  const store = await stores.open({ now: () => scheduler.now() + wobbleMs, newId: ids.id });
  const box: { auditor?: Auditor } = {};
  const target = createTarget(shape, (record) => box.auditor?.onEffect(record));
  const auditor = createAuditor({ store, source, targetRecords: target.records, now: scheduler.now });
  box.auditor = auditor;
  const server = createStoreServer(store, auditor, faults, () => {
    wobbleMs = faults.strikes('storeClockWobbles') ? wobble.int(-500, 500) : 0;
  });
  const link = { scheduler, chance: links, faults, shape, log };
  const app = createApp({ ...link, source, target, server, auditor });
  const isAloneInItsTime = (id: string, updatedAt: string): boolean =>
    source.versionsOf(id).filter((row) => row.updatedAt === updatedAt).length === 1;
  const zap = createZap({ ...link, chance: chance.fork('zapier'), app, auditor, target, isAloneInItsTime });

  const isOver = (): boolean => auditor.violation() !== undefined;
  const end = (): Outcome => ({ seed, turns: scheduler.turns(), violation: auditor.violation() ?? null });

  const contracts = contractsOf(shape);
  await store.port.applySystem({ system: contracts.source.name }, { contract: contracts.source, ticket: 'OPS-1' });
  await store.port.applySystem({ system: contracts.target.name }, { contract: contracts.target, ticket: 'OPS-1' });
  await store.port.applySync({ sync: SYNC }, { contract: contracts.sync });
  for (let made = 0; made < shape.rows / 2; made += 1) source.change();
  await scheduler.run(scheduler.now() + 10 * MINUTE_MS, isOver);
  await store.port.openStream({ sync: SYNC, stream: STREAM }, { start: { kind: shape.start } });

  const change = (): void => {
    const changes = chance.fork(`changes ${scheduler.turns()}`);
    const count = changes.happens(0.1) ? shape.changesPerPoll * 5 : shape.changesPerPoll;
    const whole = Math.floor(count) + (changes.happens(count % 1) ? 1 : 0);
    const isBurst = changes.happens(0.3);
    for (let one = 0; one < whole; one += 1) {
      scheduler.after(isBurst ? changes.int(0, 20) : changes.int(0, shape.pollEveryMs), () => {
        if (!faults.areStopped()) source.change();
      });
    }
  };

  const disturb = (strikes: (kind: FaultKind) => boolean, zapier: Zap): void => {
    const within = (): number => chance.fork(`disturb ${scheduler.turns()}`).int(1, 10);
    if (server.isUp() && strikes('storeGoesDown')) {
      server.setUp(false);
      scheduler.after(within() * MINUTE_MS, () => {
        server.setUp(true);
      });
    }
    if (target.isUp() && strikes('targetGoesDown')) {
      const downs = chance.fork(`target down ${scheduler.turns()}`);
      const fromMs = downs.int(0, 20_000);
      scheduler.after(fromMs, () => {
        target.setUp(faults.areStopped());
      });
      scheduler.after(fromMs + downs.pick([5000, 20_000, 60_000, 600_000]), () => {
        target.setUp(true);
      });
    }
    if (zapier.isOn() && strikes('zapSwitchedOff')) {
      void zapier.setOn(false);
      scheduler.after(within() * shape.pollEveryMs, () => {
        void zapier.setOn(true);
      });
    }
  };

  let polled = 0;
  const reconcileInTurn = (): void => {
    polled += 1;
    if (shape.reconcileEveryPolls !== null && polled % shape.reconcileEveryPolls === 0) void zap.reconcile();
  };

  const beginPoll = (): void => {
    change();
    reconcileInTurn();
    const drifts = chance.fork(`drift ${scheduler.turns()}`);
    if (drifts.happens(shape.driftShare)) target.drift(drifts);
    disturb(faults.strikes, zap);
    if (faults.strikes('deadLettersReplayed')) void zap.replay();
    void zap.poll();
  };
  for (let polls = 0; polls < shape.polls; polls += 1) scheduler.after(polls * shape.pollEveryMs, beginPoll);
  await scheduler.run(scheduler.now() + shape.polls * shape.pollEveryMs, isOver);
  if (isOver()) return end();

  faults.stop();
  log(() => 'all faults stop');
  server.setUp(true);
  target.setUp(true);
  void zap.setOn(true);
  const polls = pollsToAgree(shape);
  for (let poll = 1; ; poll += 1) {
    if (auditor.hasDeadLetters()) void zap.replay();
    void zap.poll();
    reconcileInTurn();
    await scheduler.run(scheduler.now() + shape.pollEveryMs, isOver);
    if (isOver()) return end();
    const disagreement = auditor.disagreement();
    if (disagreement === undefined) break;
    if (poll > polls || scheduler.turns() > TURNS_MAX) {
      auditor.violated('liveness', `after ${poll} polls without faults ${disagreement}`);
      return end();
    }
  }
  await scheduler.run(scheduler.now() + AFTERMATH_MS / 4, isOver);
  const disagreement = auditor.disagreement();
  if (disagreement !== undefined) auditor.violated('liveness', `after both sides agreed, ${disagreement}`);
  const verdict = await lastVerdict(zap, (ms) => scheduler.run(scheduler.now() + ms, isOver));
  if (verdict !== 'matched' && auditor.areAllWritten()) {
    auditor.violated('G6', `both sides agree, and reconciliation says ${verdict}`);
  }
  await scheduler.run(scheduler.now() + AFTERMATH_MS, isOver);
  return end();
};
