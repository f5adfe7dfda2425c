import { createHash } from 'node:crypto';

/** `name` is the file's without `.sql`: `0001-create-stream`. `sql` may hold several statements, none that begins or ends a transaction. */
export type Migration = { readonly name: string; readonly sql: string };

export type AppliedMigration = { readonly number: number; readonly name: string; readonly sha256: string };

export type SchemaState =
  | { readonly kind: 'current' }
  | { readonly kind: 'behind'; readonly next: Migration; readonly nextNumber: number }
  /** The database has been migrated by a newer program. */
  | { readonly kind: 'newer'; readonly unknown: readonly string[] }
  /** A migration was changed or renamed after it had been applied. */
  | { readonly kind: 'edited'; readonly applied: string; readonly known: string };

/**
 * Compares what a database has with what this program brings.
 *
 * @param applied in order of number
 * @param known   in order, the first being number 1
 */
export const compareSchema = (applied: readonly AppliedMigration[], known: readonly Migration[]): SchemaState => {
  for (const [index, migration] of known.entries()) {
    const found = applied[index];
    if (found === undefined) return { kind: 'behind', next: migration, nextNumber: index + 1 };
    if (found.name !== migration.name || found.sha256 !== migrationSha256(migration)) {
      return { kind: 'edited', applied: found.name, known: migration.name };
    }
  }
  if (applied.length > known.length) {
    return { kind: 'newer', unknown: applied.slice(known.length).map(({ name }) => name) };
  }
  return { kind: 'current' };
};

/** Of the text with LF line ends: a checkout on Windows may have written CRLF. */
export const migrationSha256 = (migration: Migration): string =>
  createHash('sha256').update(migration.sql.replaceAll('\r\n', '\n')).digest('hex');

/** Throws unless the names are numbered 1, 2, 3, ... and no migration would end the transaction it runs in. */
export const checkMigrations = (migrations: readonly Migration[]): void => {
  for (const [index, { name, sql }] of migrations.entries()) {
    const number = String(index + 1).padStart(4, '0');
    if (!name.startsWith(`${number}-`)) {
      throw new Error(`Cannot use migration "${name}": expected number ${number} in its place`);
    }
    if (transactionControl.test(sql)) {
      throw new Error(`Cannot use migration "${name}": it begins or ends a transaction; it runs inside one already`);
    }
  }
};

/** A statement of its own; the `begin` and `end` of a PL/pgSQL body are no lines like that, but for a last `end;` */
const transactionControl = /^\s*(begin|start\s+transaction|commit|rollback|abort)(\s+(work|transaction))?\s*;/im;
