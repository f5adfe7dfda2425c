import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';

/** A sheet as it was read: names of columns by their place, and the rows that are not empty, with their numbers from 1. */
export type Table = {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly number: number; readonly record: JsonObject }[];
};

/**
 * Reads a list of lists as a table. Cells without a name above them, and empty ones, are left out.
 *
 * @returns undefined when the first row is none, or names a column twice
 */
export const tableOf = (items: readonly JsonValue[]): Table | undefined => {
  const [first, ...others] = items.map((item) => (isList(item) ? item : []));
  const columns = (first ?? []).map((name) => (typeof name === 'string' ? name.trim() : ''));
  const names = columns.filter((name) => name !== '');
  if (names.length === 0 || new Set(names).size < names.length) return undefined;
  const rows = others.map((cells, index) => ({ number: index + 2, record: recordOf(columns, cells) }));
  return { columns, rows: rows.filter(({ record }) => Object.keys(record).length > 0) };
};

const recordOf = (columns: readonly string[], cells: readonly JsonValue[]): JsonObject =>
  Object.fromEntries(
    columns.flatMap((name, place) => {
      const cell = cells[place];
      return name === '' || cell === undefined || cell === '' ? [] : [[name, cell] as const];
    }),
  );

/** The cells of a row by the places of the columns; null leaves one as it is. Undefined where a field has no column or is no scalar. */
export const cellsOf = ({ columns }: Table, fields: JsonObject): readonly JsonValue[] | undefined => {
  const isFit = Object.entries(fields).every(([name, value]) => columns.includes(name) && isScalar(value));
  if (!isFit) return undefined;
  // An empty text clears a cell, where nothing would leave it.
  return columns.map((name) => (name !== '' && Object.hasOwn(fields, name) ? (fields[name] ?? '') : null));
};

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
const isScalar = (value: JsonValue): boolean => !isList(value) && !isJsonObject(value);
