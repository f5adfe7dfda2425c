import { TransactionConflictError } from './database-error.ts';
import { sqlState } from './error-facts.ts';

export type RetryEnvironment = {
  /** In [0, 1). */
  readonly random: () => number;
  readonly sleep: (durationMs: number) => Promise<void>;
};

export const transactionAttemptsMax = 5;
const backoffBaseMs = 10;
const backoffCapMs = 500;

/** serialization_failure and deadlock_detected: rolled back by PostgreSQL, which asks for the same transaction again. */
const conflictStates: ReadonlySet<string> = new Set(['40001', '40P01']);

/**
 * Runs a transaction again when the database rolled it back for the sake of another one; full jitter in between, so
 * that two which met do not meet again. Any other error is thrown as it is: after a lost connection nobody knows
 * whether the commit happened.
 *
 * @param attempt runs the whole transaction once
 * @throws TransactionConflictError after `attemptsMax` conflicts; the last one is its cause
 */
export const retryConflicts = async <T>(
  attempt: () => Promise<T>,
  attemptsMax: number,
  environment: RetryEnvironment,
): Promise<T> => {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const state = sqlState(error);
      if (state === undefined || !conflictStates.has(state)) throw error;
      if (tried >= attemptsMax) {
        throw new TransactionConflictError(
          `Cannot finish a transaction: rolled back by the database ${tried} times, last with ${state}`,
          { cause: error },
        );
      }
      await environment.sleep(Math.floor(environment.random() * Math.min(backoffCapMs, backoffBaseMs * 2 ** tried)));
    }
  }
};
