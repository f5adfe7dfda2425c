import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { listOf, objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';
import { parseFormula } from './formula.ts';

/**
 * One table of Airtable as its documentation has it: lists by formula, 100 a page, with an offset that expires and keeps
 * the places of the first page while values go on changing; empty fields left out; upserts of up to 10 records, of
 * which one that matches several, or is refused, fails all.
 * Sources: "List records", "Update multiple records", and what other connectors found about its iterators.
 */
export type Airtable = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  /** External IDs whose write is refused, by the code that says why. */
  readonly refused: Map<string, string>;
};

export const MODIFIED = 'Modified';
const BASE = 'v0/app00000000000001/';
const TABLE = 'Contacts';
const PAGE_MAX = 100;
const UPSERT_MAX = 10;
const ADDRESS_CHARS_MAX = 16_000;

const error = (status: number, type: string): Answer => ({ status, body: { error: { type, message: 'refused' } } });

/** Without a header that says how long: the documentation does, 30 s. */
export const overRate: Answer = {
  status: 429,
  body: { errors: [{ error: 'RATE_LIMIT_REACHED', message: 'Rate limit exceeded. Please try again later' }] },
};

const idOf = (n: number): string => `rec${String((n * 7919) % 1_000_003).padStart(14, '0')}`;
const timeOf = (row: VendorRow): string => new Date(row.atMs).toISOString();
const isEmpty = (value: JsonValue): boolean =>
  value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0);

const recordOf = (row: VendorRow): JsonObject => ({
  id: row.id,
  createdTime: '2026-01-01T00:00:00.000Z',
  fields: {
    ...Object.fromEntries(Object.entries(row.fields).filter(([, value]) => !isEmpty(value))),
    [MODIFIED]: timeOf(row),
  },
});

type Iterator = { readonly ids: readonly string[]; readonly usedMs: number };

export type AirtableOptions = { readonly now: () => number; readonly iteratorLifeMs: number };

export const startAirtable = async ({ now, iteratorLifeMs }: AirtableOptions): Promise<Airtable> => {
  const table = createVendorTable(idOf);
  const refused = new Map<string, string>();
  const iterators = new Map<string, Iterator>();

  const begin = (filterByFormula: JsonValue | undefined, sort: JsonValue | undefined): readonly string[] => {
    const matches = parseFormula(filterByFormula === undefined ? 'NOT(OR())' : textOf(filterByFormula));
    const isSorted = objectOf(listOf(sort)[0])['field'] === MODIFIED;
    const rows = table
      .rows()
      .filter((row) =>
        matches({ id: row.id, field: (name) => (name === MODIFIED ? timeOf(row) : textOf(row.fields[name])) }),
      );
    const place = (row: VendorRow): number => Number(row.id.slice(3));
    return rows.toSorted((a, b) => (isSorted ? a.atMs - b.atMs : 0) || place(a) - place(b)).map(({ id }) => id);
  };

  const list = (body: JsonValue | undefined): Answer => {
    const { pageSize, offset, filterByFormula, sort } = objectOf(body);
    const size = Number(pageSize ?? PAGE_MAX);
    if (size > PAGE_MAX) return error(422, 'INVALID_REQUEST_UNKNOWN');
    const [name = `itr${iterators.size + 1}`, from = '0'] = offset === undefined ? [] : textOf(offset).split('/');
    let found = iterators.get(name);
    if (offset === undefined) {
      try {
        found = { ids: begin(filterByFormula, sort), usedMs: now() };
      } catch {
        return error(422, 'INVALID_FILTER_BY_FORMULA');
      }
    }
    if (found === undefined || now() - found.usedMs > iteratorLifeMs) {
      return error(422, 'LIST_RECORDS_ITERATOR_NOT_AVAILABLE');
    }
    iterators.set(name, { ...found, usedMs: now() });
    const start = Number(from);
    const rows = new Map(table.rows().map((row) => [row.id, row]));
    const records = found.ids.slice(start, start + size).flatMap((id) => {
      const row = rows.get(id);
      return row === undefined ? [] : [recordOf(row)];
    });
    const more = start + size < found.ids.length ? { offset: `${name}/${start + size}` } : {};
    return { headers: { date: new Date(now()).toUTCString() }, body: { records, ...more } };
  };

  const upsert = (body: JsonValue | undefined): Answer => {
    const { performUpsert, records } = objectOf(body);
    const [key, ...others] = listOf(objectOf(performUpsert)['fieldsToMergeOn']).map(textOf);
    const all = listOf(records).map((one) => objectOf(objectOf(one)['fields']));
    if (key === undefined || others.length > 2 || all.length > UPSERT_MAX) return error(422, 'INVALID_REQUEST_UNKNOWN');
    const found = all.map((fields) => table.byField(key, textOf(fields[key])));
    if (found.some((rows) => rows.length > 1)) return error(422, SEVERAL);
    const codes = all.flatMap((fields) => refused.get(textOf(fields[key])) ?? []);
    if (codes[0] !== undefined) return error(422, codes[0]);
    const createdRecords: string[] = [];
    const updatedRecords: string[] = [];
    const ids = all.map((fields, index) => {
      const [row] = found[index] ?? [];
      const id = row?.id ?? table.put({ atMs: now(), fields }).id;
      if (row !== undefined) table.change(id, fields, now());
      (row === undefined ? createdRecords : updatedRecords).push(id);
      return id;
    });
    // In an order of their own: the documentation promises none.
    const written = table.rows().filter(({ id }) => ids.includes(id));
    return { body: { records: written.map(recordOf), createdRecords, updatedRecords } };
  };

  const handle = ({ method, path, query, headers, body }: Asked): Answer => {
    if (headers['authorization'] === undefined) return error(401, 'AUTHENTICATION_REQUIRED');
    if (path.length + String(query).length > ADDRESS_CHARS_MAX) return { status: 414 };
    const [name, id] = path.slice(BASE.length).split('/').map(decodeURIComponent);
    if (name !== TABLE) return { status: 404, body: { error: 'NOT_FOUND' } };
    if (method === 'POST' && id === 'listRecords') return list(body);
    if (method === 'PATCH' && id === undefined) return upsert(body);
    if (method !== 'PATCH' || id === undefined) return { status: 404, body: { error: 'NOT_FOUND' } };
    const row = table.rows().find((one) => one.id === id);
    if (row === undefined) return error(422, 'ROW_DOES_NOT_EXIST');
    table.change(id, objectOf(objectOf(body)['fields']), now());
    return { body: recordOf(row) };
  };
  return { server: await startVendor(handle), table, refused };
};

/** A code of our own: the documentation says that such a request fails, and not by which. */
const SEVERAL = 'INVALID_REQUEST_UNKNOWN';
