import fs from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import pg from 'pg';
import { createDatabase, type Database } from './database.ts';
import { DatabaseUnavailableError } from './database-error.ts';
import { ensureCluster, ensureDataFolder } from './embedded-folder.ts';
import { durableFileSystem, type DurableFileSystem } from './embedded-fsync.ts';
import { lockFolder } from './embedded-lock.ts';
import { openGate, tolerateBrokenClients } from './gate.ts';
import type { RetryEnvironment } from './transaction-retry.ts';
import { valueParsers } from './value-parsers.ts';

export type EmbeddedOptions = RetryEnvironment & {
  /** Made with mode 0700 if it is not there. */
  readonly folder: string;
  /** How long a call may wait for the one connection. */
  readonly acquireTimeoutMs?: number;
};

export type MemoryOptions = RetryEnvironment & {
  /** From `makeMemoryTemplate`. */
  readonly template?: Blob;
  readonly acquireTimeoutMs?: number;
};

const acquireTimeoutMsDefault = 10_000;

/**
 * Opens the embedded database on a folder, for one process. This is the one module that knows PGlite, and it closes the
 * four ways in which PGlite 0.5.16 loses acknowledged data: it never syncs (embedded-fsync.ts); two processes may open
 * one folder (embedded-lock.ts); it is a single session (a pool of one connection); and whatever else uses the
 * instance runs inside the transaction that the pool has open (so the instance never leaves this file).
 *
 * @throws FolderInUseError if somebody else has it open
 * @throws DatabaseUnavailableError if the folder cannot be used, or a commit does not reach the disk
 */
export const openEmbedded = async <Schema>(options: EmbeddedOptions): Promise<Database<Schema>> => {
  ensureDataFolder(options.folder);
  const folder = fs.realpathSync(options.folder);
  const lock = await lockFolder(folder);
  try {
    const cluster = await ensureCluster(folder, createCluster);
    const disk = durableFileSystem(cluster);
    const lite = await startDurably(disk);
    return overOnePool<Schema>(options, { lite, failure: disk.failure, afterClose: lock.release });
  } catch (error) {
    await lock.release();
    throw error;
  }
};

/** Opens a database that is gone with the process, for tests: no folder, no lock, nothing to sync. */
export const openMemory = async <Schema>(options: MemoryOptions): Promise<Database<Schema>> => {
  const lite = await PGlite.create({
    startParams: memoryStartParams,
    ...(options.template === undefined ? {} : { loadDataDir: options.template }),
  });
  return overOnePool<Schema>(options, { lite, failure: () => undefined });
};

/** What `prepare` left in a memory database, for `openMemory`: opening from it takes 0.8 s instead of 1.7 s. */
export const makeMemoryTemplate = async <Schema>(
  environment: RetryEnvironment,
  prepare: (database: Database<Schema>) => Promise<void>,
): Promise<Blob> => {
  const lite = await PGlite.create({ startParams: memoryStartParams });
  let template: Blob | undefined;
  const beforeClose = async (): Promise<void> => {
    template = await lite.dumpDataDir('gzip');
  };
  const database = overOnePool<Schema>(environment, { lite, failure: () => undefined, beforeClose });
  await prepare(database);
  await database.close();
  if (template === undefined) throw new Error('Cannot make a template: the database was closed without a dump');
  return template;
};

/** Starting a database arms a progress timer that re-arms itself every 10 s and keeps the process from ending. */
const memoryStartParams = [...PGlite.defaultStartParams, '-c', 'log_startup_progress_interval=0'];

/** PGlite starts with -F, which turns fsync off. Its fdatasync calls nothing either, so the log is synced by fsync. */
const durableStartParams = [...memoryStartParams.filter((flag) => flag !== '-F'), '-c', 'wal_sync_method=fsync'];

const createCluster = async (cluster: string): Promise<void> => {
  const lite = await PGlite.create({ fs: durableFileSystem(cluster).fileSystem, startParams: durableStartParams });
  await lite.close();
};

const startDurably = async (disk: DurableFileSystem): Promise<PGlite> => {
  const lite = await PGlite.create({ fs: disk.fileSystem, startParams: durableStartParams });
  const syncsBefore = disk.walSyncs();
  await lite.query("select pg_logical_emit_message(true, 'tidemark', 'sync probe')");
  if (disk.walSyncs() === syncsBefore) {
    await lite.close();
    throw new DatabaseUnavailableError(
      'Cannot open the embedded database: a commit did not sync its log to the disk, so a power cut could lose acknowledged data. Install @electric-sql/pglite 0.5.16 exactly, or set DATABASE_URL to a PostgreSQL server',
    );
  }
  return lite;
};

type Instance = {
  readonly lite: PGlite;
  readonly failure: DurableFileSystem['failure'];
  readonly beforeClose?: () => Promise<void>;
  readonly afterClose?: () => Promise<void>;
};

const overOnePool = <Schema>(options: Omit<MemoryOptions, 'template'>, instance: Instance): Database<Schema> => {
  const { lite, failure } = instance;
  const acquireTimeoutMs = options.acquireTimeoutMs ?? acquireTimeoutMsDefault;
  const assertUsable = (): void => {
    const cause = failure();
    if (cause === undefined) return;
    throw new DatabaseUnavailableError(
      'Cannot use the embedded database: the disk refused to sync its log. Look at the disk, then start the process again',
      { cause },
    );
  };
  stopWhenUnusable(lite, assertUsable);
  const { connection, host, port, user, password, database } = createPgConfig(lite);
  const config = {
    connection,
    host,
    port,
    user,
    password,
    database,
    ssl: false,
    max: 1,
    // Never reaped: a new client would come back to the same session all the same.
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: acquireTimeoutMs,
    types: valueParsers,
  };
  const pool = new pg.Pool(config);
  // A client fails only together with the call it was serving, which throws the same error to its caller.
  pool.on('error', () => undefined);
  tolerateBrokenClients(pool);
  const isInTransaction = (): boolean => lite.isInTransaction();
  const gate = openGate({ pool, acquireTimeoutMs, isInTransaction, assertUsable, explain: cannotConnect });
  const close = async (): Promise<void> => {
    if (!pool.ending) await pool.end();
    await instance.beforeClose?.();
    if (failure() === undefined) await lite.close();
    await instance.afterClose?.();
  };
  return createDatabase({ kind: 'embedded', gate, release: close }, options);
};

const cannotConnect = (error: unknown): Error =>
  new DatabaseUnavailableError('Cannot use the embedded database: it has stopped', { cause: error });

/**
 * After a failed sync PostgreSQL panics, and PGlite 0.5.16 then spins for ever on the next message. So nothing is sent
 * any more, and the call during which it happened fails too.
 */
const stopWhenUnusable = (lite: PGlite, assertUsable: () => void): void => {
  const send = lite.execProtocolStream.bind(lite);
  lite.execProtocolStream = async (message, options) => {
    assertUsable();
    const replies = await send(message, options);
    assertUsable();
    return replies;
  };
};
