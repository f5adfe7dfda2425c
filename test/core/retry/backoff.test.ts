import * as fc from 'fast-check';
import type { Phase } from '../../../src/core/retry/dispositions.ts';
import type { SystemFailure } from '../../../src/core/system/failure.ts';
import { decideRetry, type RetryState } from '../../../src/core/retry/backoff.ts';

const throttled = (retryAfterMs: number): SystemFailure => ({ kind: 'throttled', retryAfterMs, reason: 'r' });
const unavailable: SystemFailure = { kind: 'unavailable', reason: 'r' };
const malformed: SystemFailure = { kind: 'malformed', reason: 'r' };
const state = (change: Partial<RetryState> = {}): RetryState => ({
  attempts: 1,
  remainingMs: 25_000,
  random: 0,
  ...change,
});

test.each<[SystemFailure, Phase]>([
  [{ kind: 'unauthorized', reason: 'r' }, 'read'],
  [{ kind: 'unauthorized', reason: 'r' }, 'write_after_send'],
  [{ kind: 'rejected', status: 422, reason: 'r' }, 'read'],
  [{ kind: 'rejected', status: 422, reason: 'r' }, 'write_before_send'],
  [{ kind: 'rejected', status: 422, reason: 'r' }, 'write_after_send'],
  [{ kind: 'unknown', answered: true, reason: 'r' }, 'write_after_send'],
  [{ kind: 'unknown', answered: false, reason: 'r' }, 'write_after_send'],
])('%j is final at once (%s): asking again gives the same, or may write twice', (failure, phase) => {
  expect(decideRetry(failure, phase, state())).toEqual({ kind: 'give_up', why: 'final' });
  expect(decideRetry(failure, phase, state({ attempts: 6, remainingMs: 0 }))).toEqual({
    kind: 'give_up',
    why: 'final',
  });
});

describe.each([
  ['unavailable', unavailable],
  ['malformed', malformed],
])('what is %s', (_kind, failure) => {
  // The limit doubles from 400 ms and ends at 5 s; the wait is uniform below it.
  test.each([
    [1, 0, 0],
    [1, 0.5, 200],
    [1, 0.999, 399],
    [2, 0.999, 799],
    [3, 0.999, 1598],
    [4, 0.999, 3196],
    [5, 0.999, 4995],
    [5, 0.5, 2500],
  ])('waits after attempt %i, at chance %d, %i ms', (attempts, random, waitMs) => {
    expect(decideRetry(failure, 'read', state({ attempts, random }))).toEqual({ kind: 'wait', waitMs });
  });

  test('is given up after six attempts', () => {
    expect(decideRetry(failure, 'read', state({ attempts: 6 }))).toEqual({ kind: 'give_up', why: 'attempts' });
  });

  test('is given up when the wait and 1.5 s for the attempt are more than is left', () => {
    expect(decideRetry(failure, 'read', state({ random: 0.5, remainingMs: 1700 }))).toEqual({
      kind: 'wait',
      waitMs: 200,
    });
    expect(decideRetry(failure, 'read', state({ random: 0.5, remainingMs: 1699 }))).toEqual({
      kind: 'give_up',
      why: 'time',
    });
  });
});

describe('what is throttled', () => {
  test.each([
    [0, 0, 0],
    [1000, 0, 1000],
    [1000, 0.999, 1199],
    [23_000, 0.5, 23_100],
    [-5, 0.5, 100],
  ])('waits the %i ms that were asked for and, at chance %d, a little more: %i ms', (retryAfterMs, random, waitMs) => {
    expect(decideRetry(throttled(retryAfterMs), 'read', state({ random }))).toEqual({ kind: 'wait', waitMs });
  });

  test('is given up when the system asks for more time than is left', () => {
    expect(decideRetry(throttled(23_500), 'read', state())).toEqual({ kind: 'wait', waitMs: 23_500 });
    expect(decideRetry(throttled(23_501), 'read', state())).toEqual({ kind: 'give_up', why: 'time' });
    expect(decideRetry(throttled(Infinity), 'read', state())).toEqual({ kind: 'give_up', why: 'time' });
  });

  test('is given up after six attempts, even if it asks for no time at all', () => {
    expect(decideRetry(throttled(0), 'read', state({ attempts: 6 }))).toEqual({ kind: 'give_up', why: 'attempts' });
  });
});

test('what the system asks for is never shortened, and no wait outlasts the call', () => {
  const failure = fc.oneof(
    fc.constant(unavailable),
    fc.constant(malformed),
    fc.integer({ min: 0, max: 60_000 }).map(throttled),
  );
  const anyState = fc.record({
    attempts: fc.integer({ min: 1, max: 8 }),
    remainingMs: fc.integer({ min: 0, max: 30_000 }),
    random: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  });
  fc.assert(
    fc.property(failure, anyState, (one, at) => {
      const decision = decideRetry(one, 'read', at);
      if (decision.kind === 'give_up') return;
      expect(at.attempts).toBeLessThan(6);
      expect(decision.waitMs + 1500).toBeLessThanOrEqual(at.remainingMs);
      expect(decision.waitMs).toBeGreaterThanOrEqual(one.kind === 'throttled' ? one.retryAfterMs : 0);
    }),
  );
});
