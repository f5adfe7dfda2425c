import { Kysely, PostgresDialect, sql, type IsolationLevel, type Transaction } from 'kysely';
import { errorMessage } from './error-facts.ts';
import type { Gate } from './gate.ts';
import { retryConflicts, transactionAttemptsMax, type RetryEnvironment } from './transaction-retry.ts';

/**
 * What the store asks of a database, on either engine. `Schema` maps table names to Kysely's table types.
 * JSON goes in as `JSON.stringify(value)`: pg would write an array as a PostgreSQL array.
 */
export type Database<Schema> = {
  readonly kind: 'embedded' | 'postgres';
  /** For single statements. Inside a transaction's body only its own handle may be used. */
  readonly kysely: Kysely<Schema>;
  /**
   * Commits what `body` did if it resolves, rolls it back if it rejects. The body may run several times (serialization
   * failure, deadlock), so it must have no effect outside the database.
   *
   * @throws TransactionConflictError, DatabaseBusyError, or what the body threw
   */
  readonly transaction: <T>(
    body: (transaction: Transaction<Schema>) => Promise<T>,
    options?: TransactionOptions,
  ) => Promise<T>;
  readonly ping: () => Promise<PingOutcome>;
  /** Waits for running transactions, then lets go of everything. Later calls do nothing. */
  readonly close: () => Promise<void>;
};

export type TransactionOptions = {
  /** Default: PostgreSQL's own, `read committed`. */
  readonly isolationLevel?: IsolationLevel;
  /** How often the body may run in all; 1 never runs it again. */
  readonly attemptsMax?: number;
};

export type PingOutcome = { readonly kind: 'up' } | { readonly kind: 'down'; readonly reason: string };

type Engine = {
  readonly kind: Database<never>['kind'];
  readonly gate: Gate;
  /** Runs once, after the pool has ended. */
  readonly release: () => Promise<void>;
};

export const createDatabase = <Schema>(engine: Engine, environment: RetryEnvironment): Database<Schema> => {
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: engine.gate.pool }) });

  const transaction: Database<Schema>['transaction'] = (body, options = {}) => {
    const attempt = async () => {
      const builder = kysely.transaction();
      const leveled =
        options.isolationLevel === undefined ? builder : builder.setIsolationLevel(options.isolationLevel);
      try {
        return await leveled.execute((handle) => engine.gate.asTransaction(() => body(handle)));
      } catch (error) {
        // A broken engine is the reason for whatever failed last, such as the rollback.
        engine.gate.assertUsable();
        throw error;
      }
    };
    return retryConflicts(attempt, options.attemptsMax ?? transactionAttemptsMax, environment);
  };

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeOnce(kysely, engine));
  return { kind: engine.kind, kysely, transaction, ping: () => ping(kysely), close };
};

const closeOnce = async <Schema>(kysely: Kysely<Schema>, engine: Engine): Promise<void> => {
  // Kysely ends the pool only if it was ever used; the pool itself refuses to be ended twice.
  await kysely.destroy();
  await engine.release();
};

const ping = async <Schema>(kysely: Kysely<Schema>): Promise<PingOutcome> => {
  try {
    await sql`select 1`.execute(kysely);
    return { kind: 'up' };
  } catch (error) {
    return { kind: 'down', reason: errorMessage(error) };
  }
};
