import { StoreError } from '../../src/core/protocol/store-error.ts';
import type { DeliveryItem } from '../../src/core/protocol/cycle-routes.ts';
import type { ReconcileResult } from '../../src/core/protocol/reconcile-routes.ts';
import { poll } from '../../src/engine/poll.ts';
import { reconcile } from '../../src/engine/reconcile.ts';
import { upsertMany, type UpsertItem } from '../../src/engine/upsert.ts';
import type { App, CallEnd } from './app.ts';
import type { Auditor } from './auditor.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import { type Shape, STREAM, SYNC } from './shape.ts';
import type { Faults } from './swarm.ts';
import type { Target } from './target.ts';

const MINUTE_MS = 60_000;
/** When Zapier runs a failed run again by itself: after 5, 30, 60, 180 and 360 minutes. */
const AUTOREPLAY_MS = [5, 30, 60, 180, 360].map((minutes) => minutes * MINUTE_MS);
/** A step that says it is throttled is run again this often. */
const THROTTLED_MAX = 20;
/** Taken off the time of a delivery for the clocks of the store's processes. */
const CLOCKS_DIFFER_MS_MAX = 2000;
const WAIT_MS_MIN = 5000;
const WAIT_MS_MAX = 3_600_000;

/** The Zap: a polling trigger, and a step that writes. */
export type Zap = {
  readonly poll: () => Promise<void>;
  /** The scheduled Zap's step; gives the verdict, once a run is finished. */
  readonly reconcile: () => Promise<ReconcileResult | undefined>;
  /** Somebody has all dead letters delivered again. */
  readonly replay: () => Promise<void>;
  readonly isOn: () => boolean;
  readonly setOn: (on: boolean) => Promise<void>;
};

type Run = {
  readonly items: readonly DeliveryItem[];
  readonly failures: number;
  readonly throttled: number;
  /** Until then the deliveries are this run's alone. */
  readonly dueMs: number;
  /** What the action of another app gave for each item, null where it was refused; undefined before it. */
  readonly targetIds?: readonly (string | null)[];
};

type World = {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly faults: Faults;
  readonly shape: Shape;
  readonly app: App;
  readonly auditor: Auditor;
  readonly target: Target;
  /** Whether the source had this record in one state only under this time. */
  readonly isAloneInItsTime: (externalId: string, updatedAt: string) => boolean;
  readonly log: (text: () => string) => void;
};

const itemOf = ({ deliveryId, payload }: DeliveryItem): UpsertItem => ({
  subject: { kind: 'delivery', deliveryId },
  fields: payload,
  overrides: {},
});

/** The same record as another Zap brings it: by its ID and time, with no delivery behind it. */
const broughtItem = ({ externalId, updatedAt, payload }: DeliveryItem): UpsertItem => ({
  subject: { kind: 'record', externalId, updatedAt },
  fields: payload,
  overrides: {},
});

const batchesOf = (items: readonly DeliveryItem[], size: number): DeliveryItem[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/**
 * Zapier as it treats an app: drops items that it has seen, runs each of the others at least once, some twice at once,
 * some hours later, and runs again what failed or was throttled.
 */
export const createZap = (world: World): Zap => {
  const { scheduler, chance, faults, shape, app, auditor, target, log } = world;
  const seen = new Set<string>();
  let on = true;

  /** An error that is none of the store's words is a defect of the engine. */
  const watch = (end: CallEnd<unknown>): void => {
    if (end.kind !== 'threw') return;
    const { error } = end;
    const isForeseen =
      error instanceof StoreError && error.kind !== 'invalid_request' && !error.message.startsWith('Unforeseen');
    if (isForeseen) return;
    auditor.violated('defect', error instanceof Error ? (error.stack ?? error.message) : String(error));
  };

  const schedule = (delayMs: number, run: Run): void => {
    if (faults.strikes('runLost')) return;
    scheduler.after(delayMs, () => {
      void (shape.writesBy === 'another app' ? actElsewhere(run) : perform(run));
    });
  };

  const fail = (run: Run): void => {
    const delayMs = AUTOREPLAY_MS[run.failures];
    if (delayMs === undefined || faults.strikes('noAutoreplay')) return;
    schedule(delayMs + chance.int(0, MINUTE_MS), { ...run, failures: run.failures + 1, throttled: 0 });
  };

  const throttle = (run: Run, afterMs: number): void => {
    if (run.throttled >= THROTTLED_MAX) {
      fail(run);
      return;
    }
    const waitMs = Math.min(WAIT_MS_MAX, Math.max(WAIT_MS_MIN, afterMs));
    schedule(waitMs + chance.int(0, waitMs), { ...run, throttled: run.throttled + 1 });
  };

  const bringLater = (items: readonly DeliveryItem[]): void => {
    // Only the time orders what comes without a delivery: of two states under one time, or one from the future, it
    // cannot tell which is newer.
    if (shape.skewMs > 0 || shape.datesWrong) return;
    const alone = items.filter((item) => world.isAloneInItsTime(item.externalId, item.updatedAt));
    if (alone.length === 0) return;
    scheduler.after(chance.pick([10_000, 10 * MINUTE_MS, 60 * MINUTE_MS]), () => {
      const request = { sync: SYNC, items: alone.map(broughtItem) };
      void app.call('another Zap', (ports) => upsertMany(ports, request)).then(watch);
    });
  };

  const perform = async (run: Run): Promise<void> => {
    const label = `run of ${run.items.map(({ externalId, deliveryId }) => `${externalId}=${deliveryId.slice(0, 8)}`).join(' ')}`;
    const end = await app.call(label, (ports) => upsertMany(ports, { sync: SYNC, items: run.items.map(itemOf) }));
    watch(end);
    if (end.kind !== 'returned') {
      fail(run);
      return;
    }
    const results = end.value;
    log(() => `${label}: ${results.map((one) => (one.kind === 'done' ? one.status : one.kind)).join(' ')}`);
    const again = results.find((one) => one.kind === 'retry');
    if (again !== undefined) throttle(run, again.afterMs);
    else if (results.some((one) => one.kind === 'refused')) fail(run);
    else if (faults.strikes('oldRecordBrought')) bringLater(run.items);
    else if (faults.strikes('runReplayedLater')) {
      schedule(chance.pick([10_000, 10 * MINUTE_MS, 60 * MINUTE_MS, 600 * MINUTE_MS]), { ...run, failures: 9 });
    }
  };

  const acknowledge = async (run: Run, targetIds: readonly (string | null)[]): Promise<void> => {
    const label = `acknowledging ${run.items.map(({ externalId }) => externalId).join(' ')}`;
    const end = await app.call(label, async ({ store }) => {
      let waitMs = 0;
      for (const [index, { deliveryId }] of run.items.entries()) {
        const targetId = targetIds[index] ?? null;
        const outcome =
          targetId === null
            ? { kind: 'failed' as const, reason: 'The other app refused it' }
            : { kind: 'applied' as const, targetId };
        const reply = await store.acknowledgeDelivery({}, { sync: SYNC, deliveryId, outcome });
        if (reply.kind === 'in_progress') waitMs = Math.max(waitMs, reply.retryAfterMs);
      }
      return waitMs;
    });
    watch(end);
    if (end.kind !== 'returned') fail(run);
    else if (end.value > 0) throttle(run, end.value);
    else if (faults.strikes('runReplayedLater')) {
      schedule(chance.pick([10_000, 60 * MINUTE_MS]), { ...run, failures: 9 });
    }
  };

  /**
   * The action of another app, which knows nothing of versions: that two do not overtake each other is because one is out
   * at a time, and none is tried once its time is over. Its acknowledgement may come hours later.
   */
  const actElsewhere = async (run: Run): Promise<void> => {
    if (run.targetIds !== undefined) {
      await acknowledge(run, run.targetIds);
      return;
    }
    if (scheduler.now() > run.dueMs) return;
    if (!target.isUp()) {
      fail(run);
      return;
    }
    const targetIds = run.items.map(({ externalId, payload }) => {
      if (!faults.strikes('targetRefuses')) return target.upsert(externalId, payload);
      auditor.onRefused(externalId);
      return null;
    });
    log(() => `another app wrote ${run.items.map(({ externalId }) => externalId).join(' ')}`);
    const acted = { ...run, targetIds };
    if (faults.strikes('runHeld')) schedule(chance.pick([1, 2, 4, 30, 240]) * MINUTE_MS, acted);
    else await acknowledge(acted, targetIds);
  };

  const start = (items: readonly DeliveryItem[], dueMs: number): void => {
    const run: Run = { items, failures: 0, throttled: 0, dueMs };
    const delayMs = faults.strikes('runHeld') ? chance.int(1, 240) * MINUTE_MS : chance.int(100, shape.runDelayMsMax);
    schedule(delayMs, run);
    if (faults.strikes('runsTwiceAtOnce')) schedule(delayMs + chance.pick([0, 10, 1000]), run);
  };

  const pollOnce = async (): Promise<void> => {
    const dueMs = scheduler.now() + shape.acknowledgeWithinSeconds * 1000 - CLOCKS_DIFFER_MS_MAX;
    const end = await app.call('poll', (ports) => poll(ports, { sync: SYNC, stream: STREAM }));
    watch(end);
    if (end.kind !== 'returned' || end.value.kind !== 'items' || faults.strikes('pollLost')) return;
    const { items } = end.value;
    const fresh = items.filter(({ deliveryId }) => !seen.has(deliveryId));
    for (const { deliveryId } of fresh) seen.add(deliveryId);
    log(() => `poll gave ${items.map(({ externalId, attempt }) => `${externalId}#${attempt}`).join(' ')}`);
    for (const batch of batchesOf(fresh, shape.batchMax)) start(batch, dueMs);
  };

  return {
    poll: async () => {
      if (!on) return;
      const second = faults.strikes('pollsTwiceAtOnce') ? pollOnce() : undefined;
      await pollOnce();
      await second;
    },
    reconcile: async () => {
      const window = { kind: 'contract' } as const;
      const request = { sync: SYNC, stream: STREAM, window, repair: null };
      const end = await app.call('reconcile', (ports) => reconcile(ports, request));
      watch(end);
      if (end.kind !== 'returned') return undefined;
      const { state, verdict, reason } = end.value;
      log(() => `reconciliation ${state}, ${verdict}: ${reason}`);
      return state === 'finished' ? end.value : undefined;
    },
    replay: async () => {
      const selection = { kind: 'slice' as const, slice: {} };
      const request = { requestId: chance.id(), sync: SYNC, selection, dryRun: false, perMinute: 60 };
      watch(await app.call('replay', ({ store }) => store.replayDeadLetters({}, request)));
    },
    isOn: () => on,
    setOn: async (isOn) => {
      if (isOn && !on) {
        // Switching on asks the trigger once, to fill Zapier's memory of what it has seen: the stream keeps its place.
        const stream = { sync: SYNC, stream: STREAM };
        watch(await app.call('switch on', (ports) => ports.store.openStream(stream, { start: { kind: shape.start } })));
      }
      on = isOn;
    },
  };
};
