import path from 'node:path';
import type { Row } from './import-table.ts';

/**
 * Judges one import by the import table.
 *
 * @param file      the importing file, from the root of the repository, with forward slashes
 * @param specifier what stands between the quotes of the import
 * @returns what to tell the author, or `undefined` when the import is allowed or the file belongs to no room
 */
export const judgeImport = (table: readonly Row[], file: string, specifier: string): string | undefined => {
  const row = innermostRow(table, file);
  if (row === undefined) return undefined;
  const allowed = specifier.startsWith('.')
    ? allowsFile(table, { row, importer: file, imported: resolve(file, specifier) })
    : allowsPackage(row, specifier);
  return allowed ? undefined : explain(row, specifier);
};

type FileImport = { readonly row: Row; readonly importer: string; readonly imported: string };

const resolve = (file: string, specifier: string): string => path.posix.join(path.posix.dirname(file), specifier);

const isUnder = (file: string, room: string): boolean => file === room || file.startsWith(`${room}/`);

const innermostRow = (table: readonly Row[], file: string): Row | undefined =>
  table.filter((row) => isUnder(file, row.room)).toSorted((a, b) => b.room.length - a.room.length)[0];

const allowsPackage = (row: Row, name: string): boolean =>
  row.packages.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));

const allowsFile = (table: readonly Row[], { row, importer, imported }: FileImport): boolean => {
  if (innermostRow(table, imported) !== row) return row.rooms.some((room) => isUnder(imported, room));
  const subfolder = subfolderOf(row, imported);
  return row.sealed !== true || subfolder === '' || subfolder === subfolderOf(row, importer);
};

/** The subfolder of a room that a file is in; empty for a file that lies beside the subfolders. */
const subfolderOf = (row: Row, file: string): string => {
  const [first = '', ...rest] = file.slice(row.room.length + 1).split('/');
  return rest.length === 0 ? '' : first;
};

const explain = (row: Row, specifier: string): string => {
  const rooms = ['itself', ...row.rooms].join(', ');
  const packages = row.packages.length === 0 ? 'no package' : `these packages: ${row.packages.join(', ')}`;
  const sealed = row.sealed === true ? ' (its subfolders never one another)' : '';
  return `${row.room} may import ${rooms}${sealed} and ${packages}. Not '${specifier}'`;
};
