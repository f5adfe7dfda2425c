import { AsyncLocalStorage } from 'node:async_hooks';
import type { PostgresPool } from 'kysely';
import type pg from 'pg';
import { DatabaseBusyError, NestedConnectionError } from './database-error.ts';
import { errorMessage } from './error-facts.ts';
import { withPreparedStatements } from './prepared-statements.ts';

/**
 * The only way to a connection: a pool that says clearly when there is none to have, and never hands out one on which
 * somebody's transaction is still open.
 */
export type Gate = {
  readonly pool: PostgresPool;
  /** Runs the body of a transaction; until it ends, asking for another connection from within it is refused at once. */
  readonly asTransaction: <T>(body: () => Promise<T>) => Promise<T>;
  readonly assertUsable: () => void;
};

export type GateOptions = {
  readonly pool: pg.Pool;
  /** How long the pool lets a caller wait; only for the message. */
  readonly acquireTimeoutMs: number;
  readonly isInTransaction: (client: pg.PoolClient) => boolean;
  /** Throws if the engine must not be used any more. */
  readonly assertUsable: () => void;
  /** Turns a failure to connect into an error that says what to do; given every failure but a full pool. */
  readonly explain: (error: unknown) => Error;
};

type Scope = { open: boolean };

export const openGate = (options: GateOptions): Gate => {
  const scopes = new AsyncLocalStorage<Scope>();

  const connect = async (): Promise<pg.PoolClient> => {
    options.assertUsable();
    // On one connection this would wait for itself; on twenty, twenty such callers would. So it is refused on both.
    if (scopes.getStore()?.open === true) {
      throw new NestedConnectionError(
        'Cannot take a second connection inside a transaction: use the transaction handed to its body',
      );
    }
    const client = await acquire(options);
    if (options.isInTransaction(client)) await discardOpenTransaction(client);
    return withPreparedStatements(client);
  };

  const asTransaction = <T>(body: () => Promise<T>): Promise<T> => {
    const scope: Scope = { open: true };
    return scopes.run(scope, body).finally(() => {
      scope.open = false;
    });
  };

  return {
    pool: { connect, end: () => options.pool.end(), options: {} },
    asTransaction,
    assertUsable: options.assertUsable,
  };
};

/**
 * A connection may break while it is checked out and idle, between two statements of a transaction. pg-pool listens only
 * to those at rest, and Node ends a process over an error event that nobody listens to. The next statement on that
 * connection rejects, so nothing is swallowed.
 */
export const tolerateBrokenClients = (pool: pg.Pool): void => {
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
};

const acquire = async ({ pool, acquireTimeoutMs, explain }: GateOptions): Promise<pg.PoolClient> => {
  try {
    return await pool.connect();
  } catch (error) {
    if (errorMessage(error) === poolIsFull) {
      throw new DatabaseBusyError(
        `Cannot get a database connection: all ${pool.totalCount} were in use for ${acquireTimeoutMs} ms`,
        {
          cause: error,
        },
      );
    }
    throw explain(error);
  }
};

/** What pg-pool 3.14 says when a waiting caller's time is up; a test notices when the words change. */
const poolIsFull = 'timeout exceeded when trying to connect';

/** Whoever left it open lost the connection; the next caller's statements must not be rolled back with it. */
const discardOpenTransaction = async (client: pg.PoolClient): Promise<never> => {
  await client.query('rollback');
  client.release(true);
  throw new Error(
    'A connection came back with an open transaction, which has been rolled back: use database.transaction, never a bare begin',
  );
};
