import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { listOf, objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';

/**
 * The values of one sheet of Google Sheets: read as a whole, appended to, written by row number. Rows have no ID but what
 * stands in a cell, and trailing empty cells are not given. So many reads and writes a minute, each counted apart.
 * Sources: "Reading & writing cell values", "Usage limits".
 */
export type Sheets = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
};

const PATH = "v4/spreadsheets/file-1/values/'My Customers'";
export const KEY = 'ErpId';
// A column without a name, and one that nobody maps.
const COLUMNS = ['Updated', 'Name', '', KEY, 'Note'];
const USER_PER_MINUTE = 60;
const MINUTE_MS = 60_000;

const error = (code: number, status: string): Answer => ({
  status: code,
  body: { error: { code, status, message: '-' } },
});

export const throttled: Answer = error(429, 'RESOURCE_EXHAUSTED');

const trimmed = (cells: readonly JsonValue[]): readonly JsonValue[] =>
  cells.slice(0, cells.findLastIndex((cell) => cell !== '') + 1);

const cellsOf = (row: VendorRow): readonly JsonValue[] =>
  trimmed(
    COLUMNS.map((name) => {
      if (name === 'Updated') return new Date(row.atMs).toISOString();
      return name === '' ? 'scribble' : (row.fields[name] ?? '');
    }),
  );

/** What a row of cells changes: null leaves a cell as it is. */
const fieldsOf = (cells: readonly JsonValue[]): JsonObject =>
  Object.fromEntries(
    COLUMNS.flatMap((name, place) => {
      const cell = cells[place];
      return name === '' || name === 'Updated' || cell === undefined || cell === null ? [] : [[name, cell] as const];
    }),
  );

/** Rows are told apart by their key, which people may use twice. */
const keyed = (table: VendorTable): VendorTable => ({
  ...table,
  put: (row) => table.put({ ...row, id: textOf(row.fields[KEY]) }),
});

export const startSheets = async (now: () => number): Promise<Sheets> => {
  const table = keyed(createVendorTable((n) => `row-${n}`));
  const refused = new Map<string, string>();
  const asked = { reads: [] as readonly number[], writes: [] as readonly number[] };

  const take = (kind: 'reads' | 'writes'): boolean => {
    asked[kind] = [...asked[kind].filter((atMs) => atMs > now() - MINUTE_MS), now()];
    return asked[kind].length <= USER_PER_MINUTE;
  };

  const write = ({ body, query }: Asked, run: (cells: readonly JsonValue[]) => Answer): Answer => {
    const [cells, second] = listOf(objectOf(body)['values']);
    if (query.get('valueInputOption') !== 'RAW' || second !== undefined) return error(400, 'INVALID_ARGUMENT');
    const code = refused.get(textOf(listOf(cells)[COLUMNS.indexOf(KEY)]));
    return code === undefined ? run(listOf(cells)) : error(400, code);
  };

  const append = (cells: readonly JsonValue[]): Answer => {
    table.put({ atMs: now(), fields: fieldsOf(cells) });
    return { body: { updates: { updatedRows: 1 } } };
  };

  const update =
    (number: number) =>
    (cells: readonly JsonValue[]): Answer => {
      const row = table.rows()[number - 2];
      if (row === undefined) return error(400, 'INVALID_ARGUMENT');
      table.change(row.id, fieldsOf(cells), now());
      const after = table.rows()[number - 2];
      return { body: { updatedRows: 1, updatedData: { values: [after === undefined ? [] : [...cellsOf(after)]] } } };
    };

  const handle = (one: Asked): Answer => {
    const { method, path, headers } = one;
    if (headers['authorization'] === undefined) return error(401, 'UNAUTHENTICATED');
    if (!take(method === 'GET' ? 'reads' : 'writes')) return throttled;
    const place = decodeURIComponent(path);
    const number = /^!(\d+):\1$/.exec(place.slice(PATH.length))?.[1];
    if (method === 'GET' && place === PATH) {
      return { body: { majorDimension: 'ROWS', values: [COLUMNS, ...table.rows().map(cellsOf)] } };
    }
    if (method === 'POST' && place === `${PATH}:append`) return write(one, append);
    if (method === 'PUT' && place.startsWith(PATH) && number !== undefined) return write(one, update(Number(number)));
    return error(404, 'NOT_FOUND');
  };
  return { server: await startVendor(handle), table, refused };
};
