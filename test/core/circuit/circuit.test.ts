import * as fc from 'fast-check';
import {
  afterWrites,
  type Circuit,
  closeCircuit,
  FAILURES_TO_OPEN,
  gateOf,
  grantProbe,
  newCircuit,
  staysAsItIs,
} from '../../../src/core/circuit/circuit.ts';
import { type CircuitSignal, combineSignals, signalOfFailure } from '../../../src/core/circuit/signal.ts';
import { instantFromMs, instantToMs } from '../../../src/core/instant.ts';

const START_MS = Date.parse('2026-11-21T12:00:00Z');
const at = (seconds: number) => instantFromMs(START_MS + seconds * 1000);
const up: CircuitSignal = { kind: 'up' };
const down: CircuitSignal = { kind: 'down' };
const none: CircuitSignal = { kind: 'none' };
const throttled = (seconds: number): CircuitSignal => ({ kind: 'throttled', retryAfterMs: seconds * 1000 });

const tell = (circuit: Circuit, seconds: number, signal: CircuitSignal, intentId = 'other'): Circuit =>
  afterWrites(circuit, [{ intentId, signal }], { now: at(seconds), random: 0.5 });
const tellAll = (circuit: Circuit, signals: readonly CircuitSignal[]): Circuit =>
  signals.reduce((so, signal) => tell(so, 0, signal), circuit);
const times = (count: number, signal: CircuitSignal) => Array.from({ length: count }, () => signal);

/** Opened at second 0; a probe may go from second 22.5 on. */
const opened = tellAll(newCircuit, times(FAILURES_TO_OPEN, down));
const probing = grantProbe(opened, 'probe', at(30));

describe('a closed circuit', () => {
  test('opens at the fifth failure in a row, and not at the fourth', () => {
    expect(tellAll(newCircuit, times(4, down))).toMatchObject({ state: 'closed', failures: 4 });
    expect(opened).toMatchObject({ state: 'open', openings: 1, openedAt: at(0), retryAt: at(22.5), failures: 0 });
  });

  test('opens when failures outnumber successes by five, and stays closed while half of the writes work', () => {
    expect(tellAll(newCircuit, [down, down, up, down, down, up, down, down, down])).toMatchObject({ state: 'open' });
    expect(
      tellAll(
        newCircuit,
        times(50, down).flatMap((one) => [one, up]),
      ),
    ).toMatchObject({ state: 'closed' });
  });

  test('forgets failures that nothing followed for ten minutes', () => {
    const four = tellAll(newCircuit, times(4, down));
    expect(tell(four, 600, down).state).toBe('open');
    expect(tell(four, 601, down)).toMatchObject({ state: 'closed', failures: 1 });
  });

  test('does not count being throttled as a failure, and holds writes back for as long as was asked', () => {
    const circuit = tellAll(newCircuit, times(50, throttled(60)));
    expect(circuit).toMatchObject({ state: 'closed', failures: 0 });
    expect(gateOf(circuit, at(0))).toEqual({ kind: 'stop', reason: 'throttled', retryAfterMs: 60_000 });
    expect(gateOf(circuit, at(59.9))).toEqual({ kind: 'stop', reason: 'throttled', retryAfterMs: 1000 });
    expect(gateOf(circuit, at(60))).toEqual({ kind: 'pass' });
  });

  test('keeps the longer of two times that were asked for', () => {
    expect(tellAll(newCircuit, [throttled(60), throttled(5)]).notBefore).toBe(at(60));
  });

  test('counts a call whose writes all failed once, and one of whose writes some worked as a success', () => {
    const batch = (signals: readonly CircuitSignal[]) =>
      afterWrites(
        { ...newCircuit, failures: 2, failedAt: at(0) },
        signals.map((signal, index) => ({ intentId: String(index), signal })),
        { now: at(0), random: 0.5 },
      );
    expect(batch(times(100, down)).failures).toBe(3);
    expect(batch([...times(99, down), up]).failures).toBe(1);
    expect(batch([none]).failures).toBe(2);
  });
});

describe('an open circuit', () => {
  test('lets nothing through before its time, and then a probe', () => {
    expect(gateOf(opened, at(1))).toEqual({ kind: 'stop', reason: 'circuit_open', retryAfterMs: 21_500 });
    expect(gateOf(opened, at(22.5))).toEqual({ kind: 'probe' });
  });

  test('learns nothing from writes that began before', () => {
    expect(tell(opened, 1, up)).toEqual(opened);
    expect(tell(opened, 1, down)).toEqual(opened);
  });

  test('takes the longer wait when it was throttled as well', () => {
    const both = tell(opened, 0, throttled(120));
    expect(gateOf(both, at(0))).toEqual({ kind: 'stop', reason: 'throttled', retryAfterMs: 120_000 });
  });
});

describe('a half-open circuit', () => {
  test('stops everyone beside the probe until its lease ends, and then lets another go', () => {
    expect(gateOf(probing, at(31))).toEqual({ kind: 'stop', reason: 'circuit_open', retryAfterMs: 49_000 });
    expect(gateOf(probing, at(80))).toEqual({ kind: 'probe' });
  });

  test('closes when the probe works, and remembers when nothing went through', () => {
    const closed = tell(probing, 31, up, 'probe');
    expect(closed).toEqual({ ...newCircuit, openedAt: at(0), closedAt: at(31) });
    expect(gateOf(closed, at(31))).toEqual({ kind: 'pass' });
  });

  test('opens anew, for longer, when the probe fails', () => {
    expect(tell(probing, 31, down, 'probe')).toMatchObject({
      state: 'open',
      openings: 2,
      openedAt: at(0),
      retryAt: at(31 + 45),
      probe: null,
    });
  });

  test('closes when the probe is throttled, and waits as long as was asked: the system answers', () => {
    const closed = tell(probing, 31, throttled(40), 'probe');
    expect(closed.state).toBe('closed');
    expect(gateOf(closed, at(32))).toEqual({ kind: 'stop', reason: 'throttled', retryAfterMs: 39_000 });
  });

  test('gives the next probe its turn at once when this one asked nothing', () => {
    const circuit = tell(probing, 31, none, 'probe');
    expect(circuit).toMatchObject({ state: 'open', openings: 1, probe: null });
    expect(gateOf(circuit, at(31))).toEqual({ kind: 'probe' });
  });

  test('is not closed by a write that is not the probe', () => {
    expect(tell(probing, 31, up)).toEqual(probing);
  });
});

test('closing by hand lets everything through, what was throttled too', () => {
  const closed = closeCircuit(tell(opened, 0, throttled(300)), 'closed_by_hand', at(5));
  expect(gateOf(closed, at(5))).toEqual({ kind: 'pass' });
  expect(closed).toMatchObject({ openedAt: at(0), closedAt: at(5) });
  expect(closeCircuit(closed, 'closed_by_hand', at(9))).toEqual(closed);
});

test('stays open between half and the whole of a time that doubles from 30 s to 15 min', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (before, random) => {
      const told = [{ intentId: 'probe', signal: down }];
      const circuit = afterWrites({ ...probing, openings: before }, told, { now: at(0), random });
      const limitMs = Math.min(15 * 60_000, 30_000 * 2 ** before);
      const openMs = instantToMs(circuit.retryAt ?? at(0)) - START_MS;
      expect(openMs).toBeGreaterThanOrEqual(limitMs / 2);
      expect(openMs).toBeLessThanOrEqual(limitMs);
    }),
  );
});

const anySignal = fc.oneof(fc.constantFrom(up, down, none), fc.integer({ min: 1, max: 900 }).map(throttled));

test('of any that ask, whatever was told before, at most one goes through a circuit that is not closed', () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 400 }), signal: anySignal, isProbe: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let circuit: Circuit = newCircuit;
      let seconds = 0;
      for (const [index, { wait, signal, isProbe }] of steps.entries()) {
        seconds += wait;
        const gate = gateOf(circuit, at(seconds));
        const before = circuit;
        if (gate.kind === 'probe') circuit = grantProbe(circuit, `p${index}`, at(seconds));
        // The one that comes second: it goes through where all do, and nowhere else.
        const second = gateOf(circuit, at(seconds)).kind;
        expect(second).toBe(gate.kind === 'pass' ? 'pass' : 'stop');
        expect(gate.kind !== 'pass' || before.state === 'closed').toBe(true);
        circuit = tell(circuit, seconds, signal, isProbe ? (circuit.probe ?? 'other') : 'other');
        expect(circuit.probe === null).toBe(circuit.state !== 'half_open');
        expect(circuit.retryAt === null).toBe(circuit.state === 'closed');
      }
    }),
  );
});

test('a circuit that is said to stay as it is does, but for a time to wait that is over', () => {
  fc.assert(
    fc.property(
      fc.array(anySignal, { maxLength: 8 }),
      fc.array(anySignal, { minLength: 1, maxLength: 4 }),
      (past, now) => {
        const circuit = tellAll(newCircuit, past);
        const told = now.map((signal) => ({ intentId: 'other', signal }));
        const after = afterWrites(circuit, told, { now: at(1), random: 0.5 });
        fc.pre(staysAsItIs(circuit, now));
        expect(after).toEqual(circuit);
      },
    ),
  );
});

test.each([
  [
    { kind: 'throttled', retryAfterMs: 5000, reason: 'r' },
    { kind: 'throttled', retryAfterMs: 5000 },
  ],
  [
    { kind: 'throttled', retryAfterMs: Infinity, reason: 'r' },
    { kind: 'throttled', retryAfterMs: 3_600_000 },
  ],
  [{ kind: 'rejected', status: 422, reason: 'r' }, up],
  [{ kind: 'rejected', status: 0, reason: 'r' }, none],
  [{ kind: 'unavailable', reason: 'r' }, down],
  [{ kind: 'unauthorized', reason: 'r' }, down],
  [{ kind: 'malformed', reason: 'r' }, down],
  [{ kind: 'unknown', answered: true, reason: 'r' }, down],
] as const)('the failure %j shows %j', (failure, signal) => {
  expect(signalOfFailure(failure)).toEqual(signal);
});

test('what several writes show together is the best of it, and the longest wait', () => {
  expect(combineSignals([])).toEqual({ health: 'none', throttledMs: 0 });
  expect(combineSignals([down, throttled(2), throttled(3)])).toEqual({ health: 'down', throttledMs: 3000 });
  expect(combineSignals([down, up, none])).toEqual({ health: 'up', throttledMs: 0 });
});
