import { sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { Database } from './database.ts';
import { SchemaRefusedError } from './database-error.ts';
import {
  checkMigrations,
  compareSchema,
  migrationSha256,
  type AppliedMigration,
  type Migration,
  type SchemaState,
} from './migration.ts';

export type MigrateOptions = {
  readonly migrations: readonly Migration[];
  /** ISO 8601; recorded beside each migration. */
  readonly now: () => string;
};

/** Any two programs that migrate one database must agree on it: "tidemark" in ASCII, as an int8. */
const advisoryLockKey = '8388346167743836779';
const lockTimeoutMs = 300_000;
const statementTimeoutMs = 600_000;

/**
 * Brings the schema up to date, one migration a transaction. Any number of processes may do so at once: each step takes
 * the same lock and looks again, so losing the race is success.
 *
 * @returns the names of those that this call applied
 * @throws SchemaRefusedError if the database is newer than this program, or an applied migration was edited
 */
export const migrate = async <Schema>(
  database: Database<Schema>,
  options: MigrateOptions,
): Promise<readonly string[]> => {
  checkMigrations(options.migrations);
  const applied: string[] = [];
  for (let name = await applyNext(database, options); name !== undefined; name = await applyNext(database, options)) {
    applied.push(name);
  }
  return applied;
};

/** Compares the schema with this program's migrations and changes nothing: for a process that must not migrate. */
export const inspectSchema = <Schema>(
  database: Database<Schema>,
  migrations: readonly Migration[],
): Promise<SchemaState> =>
  database.transaction(async (transaction) => {
    const { rows } = await sql`select to_regclass('tidemark_migration') is not null as there`.execute(transaction);
    const [{ there }] = z.tuple([z.object({ there: z.boolean() })]).parse(rows);
    return compareSchema(there ? await readApplied(transaction) : [], migrations);
  });

const applyNext = <Schema>(
  database: Database<Schema>,
  { migrations, now }: MigrateOptions,
): Promise<string | undefined> =>
  database.transaction(async (transaction) => {
    // Not on the embedded engine: nobody else is there to wait for, and its timers would keep the process from ending.
    if (database.kind === 'postgres') {
      await sql
        .raw(`set local lock_timeout = ${lockTimeoutMs}; set local statement_timeout = ${statementTimeoutMs}`)
        .execute(transaction);
    }
    await sql`select pg_advisory_xact_lock(${advisoryLockKey}::int8)`.execute(transaction);
    await createMigrationTable(transaction);
    const state = compareSchema(await readApplied(transaction), migrations);
    switch (state.kind) {
      case 'current':
        return undefined;
      case 'newer':
        throw new SchemaRefusedError(
          `Cannot use this database: a newer program has migrated it (${state.unknown.join(', ')}). Start that version of the program, or restore a backup made before`,
        );
      case 'edited':
        throw new SchemaRefusedError(
          `Cannot use this database: it was migrated by "${state.applied}", and "${state.known}" of this program is not the same text. Released migrations are never edited: restore the file and add a new migration`,
        );
      case 'behind':
        await sql.raw(state.next.sql).execute(transaction);
        await sql`
          insert into tidemark_migration (number, name, sha256, applied_at)
          values (${state.nextNumber}, ${state.next.name}, ${migrationSha256(state.next)}, ${now()})
        `.execute(transaction);
        return state.next.name;
      default:
        return state satisfies never;
    }
  });

const createMigrationTable = async <Schema>(transaction: Transaction<Schema>): Promise<void> => {
  await sql`
    create table if not exists tidemark_migration (
      number int4 primary key,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null
    )
  `.execute(transaction);
};

const readApplied = async <Schema>(transaction: Transaction<Schema>): Promise<readonly AppliedMigration[]> => {
  const { rows } = await sql`select number, name, sha256 from tidemark_migration order by number`.execute(transaction);
  return appliedRows.parse(rows);
};

const appliedRows = z.array(z.object({ number: z.number(), name: z.string(), sha256: z.string() }));
