import pg from 'pg';
import { z } from 'zod';
import { createDatabase, type Database } from './database.ts';
import { DatabaseUnavailableError } from './database-error.ts';
import { errorMessage, sqlState } from './error-facts.ts';
import { openGate, tolerateBrokenClients } from './gate.ts';
import { readPostgresUrl } from './postgres-url.ts';
import type { RetryEnvironment } from './transaction-retry.ts';
import { valueParsers } from './value-parsers.ts';

export type PostgresOptions = RetryEnvironment & {
  /** See `readPostgresUrl` for TLS. */
  readonly url: string;
  readonly limits?: Partial<PostgresLimits>;
  /** Told of a connection that broke while nobody used it; the pool has replaced it already. */
  readonly onIdleError?: (error: Error) => void;
};

export type PostgresLimits = {
  readonly connectionsMax: number;
  /** For a free connection, or for the server to answer a new one. */
  readonly acquireTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
  readonly idleConnectionTimeoutMs: number;
};

const postgresLimits: PostgresLimits = {
  connectionsMax: 10,
  acquireTimeoutMs: 10_000,
  statementTimeoutMs: 30_000,
  idleInTransactionTimeoutMs: 60_000,
  idleConnectionTimeoutMs: 30_000,
};

/** PostgreSQL 14 as `server_version_num` counts. */
const serverVersionMin = 140_000;

/**
 * Opens a pool on a PostgreSQL server, 14 or later, and makes sure that it answers.
 *
 * @throws DatabaseUnavailableError with host and port, without the password, and what to do
 */
export const openPostgres = async <Schema>(options: PostgresOptions): Promise<Database<Schema>> => {
  const limits = { ...postgresLimits, ...options.limits };
  const address = readPostgresUrl(options.url);
  const explain = (error: unknown): Error => unreachable(address.label, error);
  const pool = openPool(address, limits);
  pool.on('error', options.onIdleError ?? (() => undefined));
  tolerateBrokenClients(pool);
  try {
    await checkServer(pool, address.label);
  } catch (error) {
    await pool.end();
    throw explain(error);
  }
  const gate = openGate({
    pool,
    acquireTimeoutMs: limits.acquireTimeoutMs,
    isInTransaction: (client) => client.getTransactionStatus() !== 'I',
    assertUsable: () => undefined,
    explain,
  });
  const release = async (): Promise<void> => {
    if (!pool.ending) await pool.end();
  };
  return createDatabase({ kind: 'postgres', gate, release }, options);
};

const openPool = (address: ReturnType<typeof readPostgresUrl>, limits: PostgresLimits): pg.Pool =>
  new pg.Pool({
    connectionString: address.connectionString,
    ssl: address.tls,
    application_name: 'tidemark',
    max: limits.connectionsMax,
    connectionTimeoutMillis: limits.acquireTimeoutMs,
    idleTimeoutMillis: limits.idleConnectionTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionTimeoutMs,
    keepAlive: true,
    types: valueParsers,
    // As on the embedded engine, whatever the server's or the role's defaults are: days are cut in UTC.
    // pg-pool waits for the promise, though its type speaks of void.
    onConnect: (client): unknown =>
      client.query("set time zone 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'postgres'"),
  });

const checkServer = async (pool: pg.Pool, label: string): Promise<void> => {
  const { rows } = await pool.query("select current_setting('server_version_num')::int4 as version");
  const version = versionRows.parse(rows)[0].version;
  if (version < serverVersionMin) {
    throw new DatabaseUnavailableError(
      `Cannot use ${label}: the server is PostgreSQL ${Math.floor(version / 10_000)}, 14 or later is needed`,
    );
  }
};

const versionRows = z.tuple([z.object({ version: z.number() })]);

const unreachable = (label: string, error: unknown): DatabaseUnavailableError => {
  if (error instanceof DatabaseUnavailableError) return error;
  return new DatabaseUnavailableError(`Cannot reach PostgreSQL, ${label}: ${reasonOf(error)}. ${adviceFor(error)}`, {
    cause: error,
  });
};

/** Node reports one error for each address of a host name, with an empty message around them. */
const reasonOf = (error: unknown): string => {
  const inner: unknown =
    typeof error === 'object' && error !== null && 'errors' in error && Array.isArray(error.errors)
      ? error.errors[0]
      : undefined;
  return errorMessage(inner ?? error);
};

const adviceFor = (error: unknown): string => {
  switch (sqlState(error) ?? 'none') {
    case '28P01':
    case '28000':
      return "Check user and password in DATABASE_URL and the server's pg_hba.conf";
    case '3D000':
      return 'Create that database, or name another in DATABASE_URL';
    case '53300':
      return 'The server has no connection left: raise its max_connections or stop some of its clients';
    default:
      return /SSL|TLS|certificate|self-signed/i.test(reasonOf(error))
        ? 'Set sslmode in DATABASE_URL: verify-full with sslrootcert, or disable if the network in between is trusted'
        : 'Check that the server runs and that host and port in DATABASE_URL are right';
  }
};
