import type { JsonObject } from '../../../src/core/json.ts';

export type VendorRow = {
  readonly id: string;
  readonly atMs: number;
  /** Counts the states of the record. */
  readonly version: number;
  readonly fields: JsonObject;
};

/** Rows that other people add, change and remove while they are read. */
export type VendorTable = {
  readonly rows: () => readonly VendorRow[];
  readonly put: (row: Pick<VendorRow, 'fields' | 'atMs'> & { readonly id?: string }) => VendorRow;
  readonly change: (id: string, fields: JsonObject, atMs: number) => void;
  readonly remove: (id: string) => void;
  readonly byField: (field: string, value: string, isSame?: (a: string, b: string) => boolean) => readonly VendorRow[];
};

/** @param idOf makes the ID of the nth row */
export const createVendorTable = (idOf: (n: number) => string): VendorTable => {
  let rows: readonly VendorRow[] = [];
  let made = 0;
  return {
    rows: () => rows,
    put: ({ id, atMs, fields }) => {
      made += 1;
      const row = { id: id ?? idOf(made), atMs, version: 1, fields };
      rows = [...rows, row];
      return row;
    },
    change: (id, fields, atMs) => {
      rows = rows.map((row) =>
        row.id === id ? { ...row, atMs, version: row.version + 1, fields: { ...row.fields, ...fields } } : row,
      );
    },
    remove: (id) => {
      rows = rows.filter((row) => row.id !== id);
    },
    byField: (field, value, isSame = (a, b) => a === b) =>
      rows.filter((row) => {
        const own = row.fields[field];
        return own !== undefined && own !== null && isSame(typeof own === 'string' ? own : JSON.stringify(own), value);
      }),
  };
};
