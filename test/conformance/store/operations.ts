import * as fc from 'fast-check';
import { digestText } from '../../../src/core/digest.ts';
import type { ObservedRecord } from '../../../src/core/protocol/cycle-routes.ts';
import type { CircuitSignal } from '../../../src/core/circuit/signal.ts';
import type { WriteOutcome } from '../../../src/core/protocol/write-routes.ts';

/**
 * What is done to a store. Whatever the store named itself (deliveries, fences) and whatever was named before (cycles,
 * intents, runs) is named by how many came after it: 0 is the last.
 */
export type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | {
      readonly kind: 'openStream';
      readonly stream: string;
      readonly start: 'now' | 'beginning' | 'at' | 'tomorrow';
      readonly zapId: string | null;
    }
  | {
      readonly kind: 'openCycle';
      readonly stream: string;
      readonly again: number | null;
      readonly zapId: string | null;
    }
  | {
      readonly kind: 'recordPage';
      readonly cycle: number;
      readonly page: number | null;
      readonly records: readonly Seen[];
      readonly mark: number;
      readonly hasToken: boolean;
      readonly isFenced: boolean;
    }
  /** A whole cycle: opened, one page, handed out. */
  | { readonly kind: 'poll'; readonly records: readonly Seen[]; readonly mark: number; readonly limit: number }
  /** A whole write: begun and completed. */
  | {
      readonly kind: 'write';
      readonly items: readonly Begun[];
      readonly outcomes: readonly Pick<Ended, 'outcome' | 'signal'>[];
    }
  /** Writes that fail one after the other, as many as open the circuit. */
  | { readonly kind: 'outage' }
  | { readonly kind: 'closeCircuit' }
  | { readonly kind: 'emit'; readonly cycle: number; readonly limit: number; readonly bytesMax: number }
  | { readonly kind: 'beginWrites'; readonly items: readonly Begun[] }
  | { readonly kind: 'completeWrites'; readonly items: readonly Ended[] }
  | {
      readonly kind: 'acknowledge';
      readonly delivery: number | null;
      readonly outcome:
        | { readonly kind: 'applied'; readonly targetId: string | null }
        | { readonly kind: 'failed'; readonly reason: string };
    }
  | {
      readonly kind: 'claim';
      readonly claim: number | null;
      readonly scope: string;
      readonly key: string;
      readonly token: string | null;
      readonly expiresInDays: number | null;
    }
  | { readonly kind: 'openRun'; readonly stream: string; readonly hours: number; readonly repair: boolean | null }
  | { readonly kind: 'openRunAgain'; readonly run: number; readonly hours: number }
  | {
      readonly kind: 'recordSlice';
      readonly run: number;
      readonly slice: number;
      readonly differences: readonly Differing[];
      readonly end: 'complete' | 'truncated' | 'unstable' | null;
    }
  | {
      readonly kind: 'replay';
      /** How many came after the one that is asked for again; null for a new one. */
      readonly replay: number | null;
      /** Null for those that are open now, each by its ID, and one that nobody knows. */
      readonly slice: {
        readonly record: number | null;
        readonly stage: 'read' | 'deliver' | 'write' | 'zap' | null;
      } | null;
      readonly dryRun: boolean;
      readonly perMinute: number;
      readonly hasPlan: boolean;
    }
  | { readonly kind: 'applySync'; readonly attemptsMax: number; readonly inFlightMax: number }
  | {
      readonly kind: 'look';
      readonly at: 'stream' | 'sync' | 'syncs' | 'run' | 'deadLetters' | 'evidence' | 'circuits';
    };

/** One version of a record: which record, which moment, which content. */
export type Seen = {
  readonly record: number;
  readonly moment: number;
  readonly content: number;
  readonly state: ObservedRecord['state'];
};

export type Begun = {
  /** Null for a new intent. */
  readonly intent: number | null;
  readonly subject:
    | { readonly kind: 'delivery'; readonly delivery: number; readonly override: number | null }
    | { readonly kind: 'nobody'; readonly deliveryId: string }
    | { readonly kind: 'record'; readonly seen: Seen };
};

export type Ended = {
  readonly intent: number;
  readonly isFenced: boolean;
  readonly writesOther: boolean;
  readonly outcome: WriteOutcome;
  readonly signal: CircuitSignal;
};

export type Differing = Seen & { readonly difference: 'missing' | 'changed' | 'duplicated'; readonly isHeld: boolean };

export const STREAMS = ['main', 'second'] as const;
/** The last is told from the others only by code points: its place under UTF-16 is another. */
export const RECORDS = ['a', 'b', 'c', '\u{1F600}', '\uFF5E'] as const;
/** Before the start of the test, in milliseconds; the last is in the future. */
export const MOMENTS_MS = [-120_000, -60_000, -60_000, -30_000, -1000, 86_400_000] as const;

export const digestOf = (content: number): string => digestText(`content ${content}`);

const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
/** Mostly the last, now and then one before it. */
const back = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: upTo(5) });
const stream = fc.oneof(
  { weight: 5, arbitrary: fc.constant(STREAMS[0]) },
  { weight: 1, arbitrary: fc.constant(STREAMS[1]) },
);
const zapId = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constantFrom('zap 1', 'zap 2') },
);
const rarely = (weight = 6): fc.Arbitrary<boolean> =>
  fc.oneof({ weight, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const anySeen: fc.Arbitrary<Seen> = fc.record({
  record: upTo(RECORDS.length - 1),
  moment: upTo(MOMENTS_MS.length - 1),
  content: upTo(2),
  state: fc.oneof(
    { weight: 8, arbitrary: fc.constant('ready' as const) },
    { weight: 1, arbitrary: fc.constantFrom('held' as const, 'refused' as const) },
  ),
});

/** One record under one update time, in one of two states: a change, and its reversal within the same tick. */
const flipped: fc.Arbitrary<Seen> = fc.record({
  record: fc.constant(0),
  moment: fc.constant(1),
  content: upTo(1),
  state: fc.constantFrom('ready' as const, 'ready' as const, 'held' as const),
});

const seen: fc.Arbitrary<Seen> = fc.oneof({ weight: 4, arbitrary: anySeen }, { weight: 1, arbitrary: flipped });

const outcome: fc.Arbitrary<WriteOutcome> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('confirmed' as const),
      targetId: fc.constantFrom('t1', 't2'),
      created: fc.constantFrom(true, false, null),
      readBack: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ kind: 'failed' as const, errorClass: 'http_422', reason: 'it is refused' }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'unknown' as const, reason: 'no answer' }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'not_sent' as const, reason: 'throttled' }) },
);

const signal: fc.Arbitrary<CircuitSignal> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'none' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'up' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'down' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'throttled' as const, retryAfterMs: 20_000 }) },
);

const begun: fc.Arbitrary<Begun> = fc.record({
  intent: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: back }),
  subject: fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('delivery' as const),
        delivery: upTo(4),
        override: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: upTo(1) }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('nobody' as const),
        deliveryId: fc.constantFrom('nobody', '99999999-9999-4999-8999-999999999999'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('record' as const), seen }) },
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 1000, 6000, 36_000, 51_000, 61_000, 600_000, 7 * 3_600_000, 25 * 3_600_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('openStream' as const),
      stream,
      start: fc.constantFrom('now', 'beginning', 'at', 'tomorrow'),
      zapId,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('openCycle' as const),
      stream,
      again: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: upTo(3) }),
      zapId,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('recordPage' as const),
      cycle: back,
      page: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: upTo(2) }),
      records: fc.array(seen, { maxLength: 5 }),
      mark: upTo(MOMENTS_MS.length - 1),
      hasToken: fc.boolean(),
      isFenced: rarely(9),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('poll' as const),
      records: fc.array(seen, { maxLength: 5 }),
      mark: upTo(MOMENTS_MS.length - 2),
      limit: fc.constantFrom(1, 90, 90),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      items: fc.array(begun, { minLength: 1, maxLength: 4 }),
      outcomes: fc.array(fc.record({ outcome, signal }), { minLength: 4, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'outage' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'closeCircuit' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('emit' as const),
      cycle: back,
      limit: fc.constantFrom(0, 1, 2, 90),
      bytesMax: fc.constantFrom(0, 20, 1_000_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('beginWrites' as const),
      items: fc.array(begun, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('completeWrites' as const),
      items: fc.array(fc.record({ intent: upTo(3), isFenced: rarely(12), writesOther: rarely(4), outcome, signal }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('acknowledge' as const),
      delivery: fc.oneof({ weight: 9, arbitrary: upTo(4) }, { weight: 1, arbitrary: fc.constant(null) }),
      outcome: fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({ kind: fc.constant('applied' as const), targetId: fc.constantFrom('t3', null) }),
        },
        { weight: 1, arbitrary: fc.constant({ kind: 'failed' as const, reason: 'the other app refused it' }) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      claim: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: back }),
      scope: fc.constantFrom('mail', 'invoice'),
      key: fc.constantFrom('k1', 'k2'),
      token: fc.constantFrom(null, 'run 1', 'run 2'),
      expiresInDays: fc.constantFrom(null, 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('openRun' as const),
      stream,
      hours: upTo(1),
      repair: fc.constantFrom(true, true, false, null),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('openRunAgain' as const), run: back, hours: upTo(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('recordSlice' as const),
      run: back,
      // Beside the next one: how many slices before or after it.
      slice: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1) }),
      differences: fc.array(
        fc
          .tuple(seen, fc.constantFrom('missing', 'changed', 'duplicated'), rarely())
          .map(([one, difference, isHeld]): Differing => ({ ...one, difference, isHeld })),
        { maxLength: 3 },
      ),
      end: fc.constantFrom(null, null, 'complete', 'truncated', 'unstable'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('replay' as const),
      replay: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: back }),
      slice: fc.option(
        fc.record({
          record: fc.option(upTo(RECORDS.length - 1), { freq: 1 }),
          stage: fc.option(fc.constantFrom('read', 'deliver', 'write', 'zap'), { freq: 1 }),
        }),
        { freq: 3 },
      ),
      dryRun: rarely(3),
      perMinute: fc.constantFrom(6000, 6000, 1),
      hasPlan: rarely(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('applySync' as const),
      attemptsMax: fc.constantFrom(1, 2),
      inFlightMax: fc.constantFrom(1, 3, 2000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('look' as const),
      at: fc.constantFrom('stream', 'sync', 'syncs', 'run', 'deadLetters', 'evidence', 'circuits'),
    }),
  },
);

/** A few dozen steps that hit the same few records again and again. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 5, maxLength: 40, size: 'max' });
