import { syncContract, type SyncContract } from '../../src/core/contract/sync-contract.ts';
import { systemContract, type SystemContract } from '../../src/core/contract/system-contract.ts';
import type { Chance } from './chance.ts';

const MINUTE_MS = 60_000;

/** Deliveries of one obligation before it becomes a dead letter. */
export const ATTEMPTS_MAX = 50;

/** What a world is like, faults apart. Drawn from the seed. */
export type Shape = {
  readonly rows: number;
  /** Changes of the source for each poll, on average. */
  readonly changesPerPoll: number;
  /** Polls until all faults stop. */
  readonly polls: number;
  readonly pollEveryMs: number;
  /** Source timestamps are cut to this. */
  readonly granularityMs: number;
  /** How far the source's clock is ahead of the store's. */
  readonly skewMs: number;
  readonly overlapSeconds: number;
  /** A change becomes visible at most so long after the time it carries, less what granularity takes away. */
  readonly lateMsMax: number;
  readonly pageSize: number;
  readonly pagesMax: number;
  readonly emitMax: number;
  readonly acknowledgeWithinSeconds: number;
  readonly nativeUpsert: boolean;
  readonly timeoutMs: number;
  readonly findBatchMax: number;
  /** Records a run writes; 1 is a Zap on `record_changed`, more one on `record_batch`. */
  readonly batchMax: number;
  readonly start: 'now' | 'beginning';
  readonly latencyMsMax: number;
  /** Share of changes to a record that breaks the contract, and is held. */
  readonly invalidShare: number;
  /** Polls from one reconciliation to the next; null for a world without. */
  readonly reconcileEveryPolls: number | null;
  /** Now and then a record is dated far in the future by mistake, and corrected by its next change. */
  readonly datesWrong: boolean;
  /** Share of polls before which somebody edits or deletes a target record by hand; reconciliation repairs it. */
  readonly driftShare: number;
  /** Share of changes that take a record back to the state before. */
  readonly revertShare: number;
  /** From the hand-out to the run's step, at most; held runs wait longer. */
  readonly runDelayMsMax: number;
  /** What the Zap writes with: our step, or the action of another app, whose outcome it acknowledges. */
  readonly writesBy: 'our step' | 'another app';
};

/** Of some worlds: several polls, changes and reversals within one tick of the source, while deliveries are out. */
const drawFlips = (chance: Chance): Partial<Shape> =>
  chance.happens(0.12)
    ? {
        rows: chance.pick([1, 2, 3]),
        changesPerPoll: chance.pick([1, 3]),
        pollEveryMs: chance.pick([1, 2]) * MINUTE_MS,
        granularityMs: 10 * MINUTE_MS,
        acknowledgeWithinSeconds: chance.pick([300, 900]),
        revertShare: 0.6,
        runDelayMsMax: chance.pick([1, 4, 8]) * MINUTE_MS,
      }
    : {};

/** What a world can be made to be like, by name. */
export const shapeFeatures = {
  /** Changes go back and forth, and no reconciliation mends what was missed. */
  reverting: {
    rows: 1,
    changesPerPoll: 3,
    revertShare: 0.6,
    invalidShare: 0,
    polls: 40,
    pollEveryMs: 2 * MINUTE_MS,
    acknowledgeWithinSeconds: 30,
    emitMax: 90,
    pageSize: 20,
    pagesMax: 20,
    granularityMs: 1000,
    skewMs: 0,
    overlapSeconds: 120,
    lateMsMax: 0,
    timeoutMs: 2000,
    latencyMsMax: 200,
    datesWrong: false,
    reconcileEveryPolls: null,
    driftShare: 0,
    writesBy: 'our step',
  },
  upserting: { nativeUpsert: true },
  /** What a delivery is out for is shorter than a tick. */
  flipping: {
    rows: 1,
    changesPerPoll: 1,
    pollEveryMs: MINUTE_MS,
    granularityMs: 10 * MINUTE_MS,
    overlapSeconds: 600,
    skewMs: 0,
    lateMsMax: 0,
    datesWrong: false,
    revertShare: 0.6,
    reconcileEveryPolls: null,
    driftShare: 0,
    acknowledgeWithinSeconds: 60,
    emitMax: 90,
    pageSize: 20,
    pagesMax: 20,
    runDelayMsMax: 2 * MINUTE_MS,
  },
  elsewhere: { writesBy: 'another app' },
} as const satisfies Readonly<Record<string, Partial<Shape>>>;

export type ShapeFeature = keyof typeof shapeFeatures;

export const drawShape = (chance: Chance, wanted: readonly ShapeFeature[] = []): Shape => {
  const usualMs = chance.pick([1, 1, 1000, 1000, MINUTE_MS]);
  const flips = drawFlips(chance.fork('ticks'));
  const granularityMs = flips.granularityMs ?? usualMs;
  const skewMs = chance.pick([0, 0, 0, -90_000, 90_000, -3_600_000, 3_600_000]);
  // What a cut timestamp and a clock behind ours take away from the overlap (A8, A9).
  const takenMs = (granularityMs === 1 ? 0 : granularityMs) + Math.max(0, -skewMs);
  const overlapSeconds = Math.max(chance.pick([0, 60, 120, 600]), takenMs / 1000);
  // A record dated wrong is ordered by when it was read: its correction must carry a later time.
  const datesWrong = takenMs === 0 && skewMs === 0 && chance.happens(0.3);
  const lateMsMax = datesWrong ? 0 : overlapSeconds * 1000 - takenMs;
  // Reconciliation looks at a window that ends now: what is dated beyond it, it does not see.
  const reconcileEveryPolls = chance.pick([null, null, 3, 10]);
  const driftShare = reconcileEveryPolls === null || datesWrong ? 0 : chance.pick([0, 0, 0.1, 0.3]);
  const drawn: Shape = {
    rows: chance.pick([1, 2, 3, 6, 12, 25]),
    changesPerPoll: chance.pick([0.3, 1, 3, 8]),
    polls: chance.int(15, 40),
    pollEveryMs: chance.pick([1, 2, 5, 15]) * MINUTE_MS,
    granularityMs,
    skewMs,
    overlapSeconds,
    lateMsMax: chance.pick([0, lateMsMax, lateMsMax]),
    pageSize: chance.pick([2, 3, 5, 20]),
    pagesMax: chance.pick([1, 2, 5, 20]),
    emitMax: chance.pick([1, 3, 10, 90]),
    acknowledgeWithinSeconds: chance.pick([30, 60, 300, 900]),
    nativeUpsert: chance.happens(0.35),
    timeoutMs: chance.pick([2000, 5000, 10_000, 20_000]),
    findBatchMax: chance.pick([1, 3, 50]),
    batchMax: chance.pick([1, 1, 3, 10]),
    start: chance.pick(['beginning', 'beginning', 'now']),
    latencyMsMax: chance.pick([20, 200, 1000]),
    invalidShare: chance.pick([0, 0, 0.1]),
    reconcileEveryPolls,
    datesWrong,
    driftShare,
    revertShare: chance.pick([0.1, 0.1, 0.6]),
    runDelayMsMax: 5000,
    writesBy: chance.fork('writes').happens(0.15) ? 'another app' : 'our step',
    ...flips,
  };
  return wanted.reduce<Shape>((shape, feature) => ({ ...shape, ...shapeFeatures[feature] }), drawn);
};

const entity = { sinceParam: 'since', paging: { style: 'keyset' }, idField: 'id', updatedAtField: 'updatedAt' };

export const SYNC = 'people-to-contacts';
export const STREAM = 'main';
export const SOURCE = 'source-system';
const TARGET = 'target-system';

export type Contracts = {
  readonly source: SystemContract;
  readonly target: SystemContract;
  readonly sync: SyncContract;
};

export const contractsOf = (shape: Shape): Contracts => {
  const system = (name: string, entityName: string): SystemContract =>
    systemContract.parse({
      tidemark: 'system/v1',
      name,
      environment: 'pilot',
      driver: 'rest',
      baseUrl: `https://${name}.example.com`,
      limits: { timeoutMs: shape.timeoutMs },
      entities: { [entityName]: { ...entity, path: entityName } },
    });
  const sync = syncContract.parse({
    tidemark: 'sync/v1',
    name: SYNC,
    environment: 'pilot',
    owner: 'ops@example.com',
    ticket: 'OPS-1',
    source: { system: SOURCE, entity: 'people' },
    target: { system: TARGET, entity: 'contacts', externalIdField: 'externalId' },
    fields: [
      { target: 'name', source: 'name', required: true },
      { target: 'note', source: 'note' },
    ],
    read: { overlapSeconds: shape.overlapSeconds, pagesMax: shape.pagesMax },
    delivery: {
      acknowledgeWithinSeconds: shape.acknowledgeWithinSeconds,
      emitMax: shape.emitMax,
      attemptsMax: ATTEMPTS_MAX,
    },
    reconcile: { windowHours: 24, settleSeconds: 300, repair: true },
  });
  return { source: system(SOURCE, 'people'), target: system(TARGET, 'contacts'), sync };
};
