import { retryConflicts } from '../../../../src/store/sql/database/transaction-retry.ts';

const conflict = (code: string) => Object.assign(new Error('could not serialize access'), { code });

/** Fails with each code in turn, then resolves; remembers how long was slept. */
const scripted = (codes: readonly string[]) => {
  const sleptMs: number[] = [];
  let attempts = 0;
  const attempt = () => {
    const code = codes[attempts];
    attempts += 1;
    return code === undefined ? Promise.resolve('done') : Promise.reject(conflict(code));
  };
  const environment = {
    random: () => 0.5,
    sleep: (durationMs: number) => {
      sleptMs.push(durationMs);
      return Promise.resolve();
    },
  };
  return { attempt, environment, sleptMs, attempts: () => attempts };
};

test.each(['40001', '40P01'])('a transaction rolled back with %s runs again, later each time', async (code) => {
  const script = scripted([code, code, code]);
  await expect(retryConflicts(script.attempt, 5, script.environment)).resolves.toBe('done');
  expect(script.sleptMs).toEqual([10, 20, 40]);
});

test('a transaction is given up after its last allowed attempt, with the reason', async () => {
  const script = scripted(Array.from({ length: 9 }, () => '40001'));
  const outcome = retryConflicts(script.attempt, 3, script.environment);
  await expect(outcome).rejects.toThrow('rolled back by the database 3 times, last with 40001');
  await expect(outcome).rejects.toMatchObject({ name: 'TransactionConflictError', cause: { code: '40001' } });
  expect(script.attempts()).toBe(3);
});

test.each(['23505', '57P01', 'ECONNRESET', 'EPIPE'])(
  'a transaction that failed with %s does not run again',
  async (code) => {
    const script = scripted([code]);
    await expect(retryConflicts(script.attempt, 5, script.environment)).rejects.toMatchObject({ code });
    expect(script.attempts()).toBe(1);
  },
);
