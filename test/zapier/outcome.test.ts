import zapier from 'zapier-platform-core';
import { MESSAGE_CHARS_MAX, errorMessage } from '../../src/zapier/message.ts';
import { fromSystem, fromUpsert, outcomeOf, toZapierError } from '../../src/zapier/errors.ts';

const reason = 'the source said no';

test('what each failure of a source means for a poll', () => {
  const outcome = (failure: Parameters<typeof fromSystem>[0]) => {
    const { kind, ...rest } = fromSystem(failure, 'poll sync "x"', 0);
    return 'code' in rest ? `${kind} ${rest.code}` : kind;
  };
  expect(outcome({ kind: 'throttled', retryAfterMs: 1000, reason })).toBe('wait');
  expect(outcome({ kind: 'unavailable', reason })).toBe('error retry');
  expect(outcome({ kind: 'malformed', reason })).toBe('error retry');
  expect(outcome({ kind: 'unauthorized', reason })).toBe('error system_unauthorized');
  expect(outcome({ kind: 'rejected', status: 404, reason })).toBe('error system_rejected');
});

test('a wait obeys what was asked, spreads runs apart, and has an end', () => {
  const seconds = (afterMs: number, random: number) => {
    const outcome = fromUpsert({ kind: 'retry', afterMs, reason }, 'upsert', random);
    return outcome.kind === 'wait' ? outcome.seconds : undefined;
  };
  expect(seconds(30_000, 0)).toBe(30);
  expect(seconds(30_000, 0.999)).toBe(59);
  expect(seconds(0, 0)).toBe(5);
  expect(seconds(86_400_000, 0)).toBe(3600);
});

test('a defect is reported by its kind and place, and what it says is kept back', () => {
  const outcome = outcomeOf(new TypeError('987-65-4321 is not a function'), 'poll sync "x"', false);
  expect(outcome).toMatchObject({ kind: 'error', code: 'defect' });
  expect(outcome.message).toMatch(/^Cannot poll sync "x": a defect in Tidemark \(TypeError at [\w.-]+:\d+:\d+\)/);
  expect(outcome.message).not.toContain('987-65-4321');
});

test('core finds every error of ours marked as one to which no input data is appended', () => {
  const kinds = [
    { kind: 'reconnect', message: reason },
    { kind: 'halt', message: reason },
    { kind: 'wait', message: reason, seconds: 5 },
    { kind: 'error', message: reason, code: 'retry', status: 503 },
  ] as const;
  const errors = kinds.map((outcome) => toZapierError(zapier, outcome));
  expect(errors.map(({ name }) => name)).toEqual(['ExpiredAuthError', 'HaltedError', 'ThrottledError', 'AppError']);
  expect(errors.filter((error) => !('doNotContextify' in error) || error.doNotContextify !== true)).toEqual([]);
});

test('a message too long is cut in its reason: the action and the next step stay', () => {
  const message = errorMessage('poll sync "x"', `${'because '.repeat(100)}.`, 'Do this.');
  expect(message).toMatch(/^Cannot poll sync "x": because .*\.\.\.\. Do this$/);
  expect(message.length).toBeLessThanOrEqual(MESSAGE_CHARS_MAX);
});

test('a message is not cut through a character', () => {
  for (let length = 200; length < 260; length += 1) {
    expect(errorMessage('poll', `${'x'.repeat(length)}${'😀'.repeat(50)}`, null).isWellFormed()).toBe(true);
  }
});

test('a reason that names the action itself is not given a second one', () => {
  expect(errorMessage('poll', 'Cannot find sync "x".', null)).toBe('Cannot find sync "x"');
});
