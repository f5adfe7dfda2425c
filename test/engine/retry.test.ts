import type { SystemFailure } from '../../src/core/system/failure.ts';
import { withRetry } from '../../src/engine/retry.ts';

const throttled: SystemFailure = { kind: 'throttled', retryAfterMs: 1000, reason: 'Status 429' };

/** A clock whose sleeps last as long as given, whatever was asked for. */
const runtimeThatSleeps = (sleptMs: number) => {
  let nowMs = 0;
  return {
    now: () => nowMs,
    sleep: () => {
      nowMs += sleptMs;
      return Promise.resolve();
    },
    random: () => 0,
    newId: () => 'unused',
    deadlineMs: 25_000,
  };
};

describe('withRetry', () => {
  it('tries again what was throttled', async () => {
    let calls = 0;
    const { reply, attempts } = await withRetry(runtimeThatSleeps(1000), () => {
      calls += 1;
      return Promise.resolve(calls === 1 ? { kind: 'failed', failure: throttled } : { kind: 'written' });
    });
    expect(reply.kind).toBe('written');
    expect(attempts).toBe(2);
  });

  it('G2 a process that was frozen while it waited sends nothing once the call is over', async () => {
    let calls = 0;
    const { reply } = await withRetry(runtimeThatSleeps(3_600_000), () => {
      calls += 1;
      return Promise.resolve({ kind: 'failed', failure: throttled });
    });
    expect(reply).toEqual({ kind: 'failed', failure: throttled });
    expect(calls).toBe(1);
  });
});
