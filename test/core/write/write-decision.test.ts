import { instantText } from '../../../src/core/read/checkpoint.ts';
import {
  decideWrite,
  type LastIntent,
  type TargetState,
  type Version,
  type WriteDecision,
} from '../../../src/core/write/write-decision.ts';

const at = (seconds: number) => instantText.parse(`2026-11-21T12:00:${String(seconds).padStart(2, '0')}Z`);
const now = at(30);

const version = (sequence: number | null, change: Partial<Version> = {}): Version => ({
  updatedAt: at(sequence ?? 0),
  sequence,
  digest: `digest ${sequence}`,
  ...change,
});

const wanted = version(10);
const known: Record<'older' | 'same' | 'newer', Version> = { older: version(5), same: wanted, newer: version(15) };

const nothing: TargetState = { targetId: null, applied: null, drifted: false, intent: null };
const intent = (state: LastIntent['state'], of: Version, leaseSeconds: number): LastIntent => ({
  intentId: 'last',
  state,
  version: of,
  leaseUntil: at(leaseSeconds),
});

const decide = (state: Partial<TargetState>, want = wanted, intentId = 'mine'): WriteDecision =>
  decideWrite(intentId, want, { ...nothing, ...state }, now);

const write: WriteDecision = { kind: 'proceed', readBack: false };
const lookFirst: WriteDecision = { kind: 'proceed', readBack: true };
const applied: WriteDecision = { kind: 'already_applied' };
const stale: WriteDecision = { kind: 'stale' };
const wait = (seconds: number): WriteDecision => ({ kind: 'in_progress', until: at(seconds) });

test('a record that was never written is written', () => {
  expect(decide({})).toEqual(write);
});

/**
 * The version of the last intent, older or newer than the wanted one or the same, its state and its lease; first with
 * nothing applied before, then with an older version applied.
 */
const table: readonly [LastIntent['state'], 'within' | 'after', Record<keyof typeof known, WriteDecision>][] = [
  ['open', 'within', { older: wait(31), same: wait(31), newer: wait(31) }],
  ['open', 'after', { older: lookFirst, same: lookFirst, newer: stale }],
  ['unknown', 'within', { older: wait(31), same: wait(31), newer: wait(31) }],
  ['unknown', 'after', { older: lookFirst, same: lookFirst, newer: stale }],
  ['failed', 'within', { older: write, same: write, newer: write }],
  ['failed', 'after', { older: write, same: write, newer: write }],
];

describe.each([
  ['nothing', null],
  ['an older version', version(3)],
])('with %s applied', (_what, before) => {
  describe.each(table)('a last intent that is %s, %s its lease', (state, lease, decisions) => {
    test.each(['older', 'same', 'newer'] as const)('and of a version that is %s', (which) => {
      expect(decide({ applied: before, intent: intent(state, known[which], lease === 'within' ? 31 : 29) })).toEqual(
        decisions[which],
      );
    });
  });
});

describe('a last intent that is confirmed, so that its version is applied', () => {
  describe.each([
    ['within', 31],
    ['after', 29],
  ])('%s its lease', (_lease, leaseSeconds) => {
    const confirmed = (of: Version, drifted = false): WriteDecision =>
      decide({ targetId: 't1', applied: of, drifted, intent: intent('confirmed', of, leaseSeconds) });

    test('G3 older: the wanted one is written', () => {
      expect(confirmed(known.older)).toEqual(write);
    });
    test('the same: there is nothing to write', () => {
      expect(confirmed(known.same)).toEqual(applied);
    });
    test('G3 newer: the wanted one is stale', () => {
      expect(confirmed(known.newer)).toEqual(stale);
    });
    test('on a target that has drifted, older or the same: it is looked at and written; newer: still stale', () => {
      expect(confirmed(known.older, true)).toEqual(lookFirst);
      expect(confirmed(known.same, true)).toEqual(lookFirst);
      expect(confirmed(known.newer, true)).toEqual(stale);
    });
  });
});

test('a lease that ends now is over', () => {
  expect(decide({ intent: intent('open', known.same, 30) })).toEqual(lookFirst);
  expect(decide({ intent: intent('unknown', known.newer, 30) })).toEqual(stale);
});

test('G3 a version older than what is applied is stale, whatever the last intent is', () => {
  for (const state of ['open', 'confirmed', 'failed', 'unknown'] as const) {
    for (const leaseSeconds of [29, 31]) {
      for (const of of Object.values(known)) {
        expect(decide({ applied: known.newer, intent: intent(state, of, leaseSeconds) })).toEqual(stale);
      }
    }
  }
});

test('an unresolved intent is resolved before its version is taken for applied', () => {
  expect(decide({ applied: wanted, intent: intent('unknown', known.older, 29) })).toEqual(lookFirst);
  expect(decide({ applied: wanted, intent: intent('open', wanted, 31) })).toEqual(wait(31));
});

describe('the same call again', () => {
  test.each([29, 31])('is repeated while its intent is open, with a lease until second %i', (leaseSeconds) => {
    expect(decide({ intent: intent('open', wanted, leaseSeconds) }, wanted, 'last')).toEqual({ kind: 'repeat' });
  });

  test('is a new question once its intent has ended', () => {
    expect(decide({ intent: intent('unknown', wanted, 31) }, wanted, 'last')).toEqual(wait(31));
    expect(decide({ intent: intent('unknown', wanted, 29) }, wanted, 'last')).toEqual(lookFirst);
    expect(decide({ intent: intent('failed', wanted, 29) }, wanted, 'last')).toEqual(write);
    expect(decide({ applied: wanted, intent: intent('confirmed', wanted, 29) }, wanted, 'last')).toEqual(applied);
  });
});

describe('versions of one update time', () => {
  const time = { updatedAt: at(10) };

  test('are ordered by when they were observed', () => {
    expect(decide({ applied: version(9, time) }, version(10, time))).toEqual(write);
    expect(decide({ applied: version(11, time) }, version(10, time))).toEqual(stale);
  });

  test('one that was read is written over one that was not', () => {
    expect(decide({ applied: version(null, { ...time, digest: 'other' }) }, version(10, time))).toEqual(write);
  });

  test('an earlier observation of a later time is the newer version', () => {
    expect(decide({ applied: version(11, { updatedAt: at(9) }) }, version(10, time))).toEqual(write);
  });
});

test('a newer version with the fields of the applied one has nothing to write, unless the target has drifted', () => {
  const touched = version(20, { digest: wanted.digest });
  expect(decide({ applied: wanted }, touched)).toEqual(applied);
  expect(decide({ applied: wanted, drifted: true }, touched)).toEqual(lookFirst);
});

describe('the version that the last intent wrote', () => {
  // The digest of what is there is not that of the version: the Zap set a field, or the target keeps another form.
  const written = { applied: version(10, { digest: 'as written' }), intent: intent('confirmed', wanted, 29) };

  test('is not written again, whatever form it has on the target', () => {
    expect(decide(written)).toEqual(applied);
  });

  test('is looked at and written when the target has drifted', () => {
    expect(decide({ ...written, drifted: true })).toEqual(lookFirst);
  });

  test.each([
    ['observed anew', version(11, { updatedAt: wanted.updatedAt, digest: wanted.digest })],
    ['with other fields', { ...wanted, digest: 'other' }],
  ])('%s is another one, and is written', (_what, other) => {
    expect(decide(written, other)).toEqual(write);
  });

  test('is written again when it was refused or is not known to be there', () => {
    expect(decide({ ...written, intent: intent('failed', wanted, 29) })).toEqual(write);
    expect(decide({ ...written, intent: intent('unknown', wanted, 29) })).toEqual(lookFirst);
  });
});

test('fields that the Zap changed are another version of the same observation, and are written', () => {
  expect(decide({ applied: wanted }, { ...wanted, digest: 'overridden' })).toEqual(write);
});

describe('G3 what a Zap brings itself, under the time of a version that was read', () => {
  const read = version(10);
  const brought = (digest: string): Version => ({ updatedAt: read.updatedAt, sequence: null, digest });

  test('is taken for older when it is another one', () => {
    expect(decide({ applied: read }, brought('another'))).toEqual(stale);
    expect(decide({ intent: intent('unknown', read, 1) }, brought('another'))).toEqual(stale);
  });

  test('is there already when it is the same', () => {
    expect(decide({ applied: read }, brought(read.digest))).toEqual(applied);
  });

  test('is written where nothing that was read stands against it', () => {
    expect(decide({ applied: brought('before') }, brought('another'))).toEqual(write);
  });
});
