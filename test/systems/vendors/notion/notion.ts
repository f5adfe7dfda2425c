import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { listOf, objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';

/**
 * One data source of Notion as its documentation has it: typed properties, a query with a cursor that gives up at a cap
 * and says so in `request_status` only, pages by ID, no upsert and nothing unique, a header that names the version. Times
 * are cut to the minute; a query compares text without regard to case, to be harsher than need be.
 * Sources: the vendor's SDK (`data-sources.ts`, README).
 */
export type Notion = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  /** External IDs whose write is refused, by the code that says why. */
  readonly refused: Map<string, string>;
};

export const SOURCE = 'd9824bdc-8445-4327-be8b-5b47500af6ce';
const KEY = 'ErpId';
const PAGE_MAX = 100;
const TEXT_CHARS_MAX = 2000;
const MINUTE_MS = 60_000;
const TYPES: Readonly<Record<string, string>> = {
  Name: 'title',
  [KEY]: 'rich_text',
  Amount: 'number',
  Done: 'checkbox',
};

const error = (status: number, code: string): Answer => ({
  status,
  body: { object: 'error', status, code, message: 'refused' },
});

export const overRate: Answer = { ...error(429, 'rate_limited'), headers: { 'retry-after': '2' } };
export const conflict: Answer = error(409, 'conflict_error');
export const overload: Answer = error(529, 'service_overload');

const idOf = (n: number): string => `2f26ee68-df30-4251-aad4-${String(n).padStart(12, '0')}`;

const propertyOf = (name: string, value: JsonValue | undefined): JsonObject => {
  const type = TYPES[name] ?? 'rich_text';
  const isText = type === 'title' || type === 'rich_text';
  const text = textOf(value);
  const parts = text === '' ? [] : [{ type: 'text', text: { content: text }, plain_text: text }];
  return { id: name, type, [type]: isText ? parts : (value ?? null) };
};

const pageOf = (row: VendorRow): JsonObject => ({
  object: 'page',
  id: row.id,
  created_time: '2026-01-01T00:00:00.000Z',
  last_edited_time: new Date(row.atMs).toISOString(),
  in_trash: false,
  properties: Object.fromEntries(Object.keys(TYPES).map((name) => [name, propertyOf(name, row.fields[name])])),
});

/** Plain values of properties as they are written; undefined where one is not in the form of its type. */
const plainOf = (properties: JsonObject): JsonObject | undefined => {
  const fields: [string, JsonValue][] = [];
  for (const [name, property] of Object.entries(properties)) {
    const type = TYPES[name];
    const value = type === undefined ? undefined : objectOf(property)[type];
    if (value === undefined) return undefined;
    if (type !== 'title' && type !== 'rich_text') {
      const isFit = value === null || typeof value === (type === 'checkbox' ? 'boolean' : type);
      if (!isFit) return undefined;
      fields.push([name, value]);
      continue;
    }
    if (!Array.isArray(value)) return undefined;
    const parts = listOf(value).map((part) => textOf(objectOf(objectOf(part)['text'])['content']));
    if (parts.some((part) => part.length > TEXT_CHARS_MAX)) return undefined;
    fields.push([name, parts.join('')]);
  }
  return Object.fromEntries(fields);
};

const byPlace = (a: VendorRow, b: VendorRow): number => a.atMs - b.atMs || (a.id < b.id ? -1 : 1);

export type NotionOptions = { readonly now: () => number; readonly capRows: number };

export const startNotion = async ({ now, capRows }: NotionOptions): Promise<Notion> => {
  const table = createVendorTable(idOf);
  const refused = new Map<string, string>();
  /** The rows given so far, by the cursor that goes on behind them. */
  const given = new Map<string, { readonly count: number; readonly last: VendorRow }>();
  const minute = (): number => Math.floor(now() / MINUTE_MS) * MINUTE_MS;

  const passes = (row: VendorRow, filter: JsonObject): boolean => {
    if (Array.isArray(filter['or'])) return listOf(filter['or']).some((one) => passes(row, objectOf(one)));
    const since = objectOf(filter['last_edited_time'])['on_or_after'];
    if (filter['timestamp'] === 'last_edited_time') return row.atMs >= Date.parse(textOf(since));
    const wanted = objectOf(filter['rich_text'])['equals'];
    return textOf(row.fields[textOf(filter['property'])]).toLowerCase() === textOf(wanted).toLowerCase();
  };

  const query = (body: JsonValue | undefined): Answer => {
    const { filter, page_size: size = PAGE_MAX, start_cursor: cursor } = objectOf(body);
    const before = given.get(textOf(cursor));
    const isLost = cursor !== undefined && before === undefined;
    const isEmpty = filter !== undefined && Object.keys(objectOf(filter)).length === 0;
    if (Number(size) > PAGE_MAX || isLost || isEmpty) return error(400, 'validation_error');
    const rows = table
      .rows()
      .filter((row) => filter === undefined || passes(row, objectOf(filter)))
      .toSorted(byPlace)
      .filter((row) => before === undefined || byPlace(before.last, row) < 0);
    const left = capRows - (before?.count ?? 0);
    const page = rows.slice(0, Math.min(Number(size), left));
    const count = (before?.count ?? 0) + page.length;
    const last = page.at(-1);
    const isCut = rows.length > page.length && count >= capRows;
    const next = rows.length > page.length && !isCut && last !== undefined ? `cursor-${given.size}` : null;
    if (next !== null && last !== undefined) given.set(next, { count, last });
    const status = isCut
      ? { type: 'incomplete', incomplete_reason: 'query_result_limit_reached' }
      : { type: 'complete' };
    return {
      body: {
        object: 'list',
        results: page.map(pageOf),
        next_cursor: next,
        has_more: next !== null,
        request_status: status,
      },
    };
  };

  const write = (body: JsonValue | undefined, row: VendorRow | undefined): Answer => {
    const fields = plainOf(objectOf(objectOf(body)['properties']));
    if (fields === undefined) return error(400, 'validation_error');
    const code = refused.get(textOf(fields[KEY]));
    if (code !== undefined) return error(400, code);
    const id = row?.id ?? table.put({ atMs: minute(), fields }).id;
    if (row !== undefined) table.change(id, fields, minute());
    const written = table.rows().find((one) => one.id === id);
    return { body: written === undefined ? null : pageOf(written) };
  };

  const handle = ({ method, path, headers, body }: Asked): Answer => {
    if (headers['authorization'] === undefined) return error(401, 'unauthorized');
    if (headers['notion-version'] === undefined) return error(400, 'missing_version');
    if (method === 'POST' && path === `v1/data_sources/${SOURCE}/query`) return query(body);
    if (method === 'POST' && path === 'v1/pages') {
      const parent = objectOf(objectOf(body)['parent']);
      return parent['data_source_id'] === SOURCE ? write(body, undefined) : error(404, 'object_not_found');
    }
    const row = table.rows().find(({ id }) => path === `v1/pages/${id}`);
    if (row === undefined) return error(404, 'object_not_found');
    return method === 'PATCH' ? write(body, row) : { body: pageOf(row) };
  };
  return { server: await startVendor(handle), table, refused };
};
