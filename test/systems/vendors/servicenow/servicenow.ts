import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../../src/core/json.ts';
import { objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';
import { inOrder, parseQuery, type QueryRow } from './encoded-query.ts';

/**
 * ServiceNow as its documentation has it: a table read by encoded query, 10,000 rows where nothing else is asked, a Link
 * header, rows that a user may not see missing from their pages; an import set whose answer is 201 and whose row says
 * what became of it. Every value is text, times are in UTC and whole seconds.
 * Sources: "Table API", "Import Set API", the guide to encoded queries.
 */
export type ServiceNow = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  /** External IDs that the transform map refuses; the row says only "error". */
  readonly refused: Map<string, string>;
  /** IDs of rows that access control hides from the user of the API. */
  readonly hidden: Set<string>;
};

const TABLE = 'api/now/table/u_customer';
const STAGING = 'api/now/import/u_customer_staging';
const KEY = 'u_erp_id';
const COLUMNS: ReadonlySet<string> = new Set(['sys_id', 'sys_updated_on', KEY, 'u_name', 'u_big']);
const LIMIT_DEFAULT = 10_000;

const error = (status: number, message: string): Answer => ({
  status,
  body: { error: { message, detail: '' }, status: 'failure' },
});

export const overRate: Answer = { ...error(429, 'Rate limit reached'), headers: { 'retry-after': '120' } };

const idOf = (n: number): string => createHash('md5').update(String(n)).digest('hex');
const timeOf = (row: VendorRow): string => new Date(row.atMs).toISOString().slice(0, 19).replace('T', ' ');

const columnOf =
  (row: VendorRow): QueryRow =>
  (column) =>
    column === 'sys_id' ? row.id : column === 'sys_updated_on' ? timeOf(row) : textOf(row.fields[column]);

export const startServiceNow = async (now: () => number): Promise<ServiceNow> => {
  const table = createVendorTable(idOf);
  const refused = new Map<string, string>();
  const hidden = new Set<string>();
  const second = (): number => Math.floor(now() / 1000) * 1000;

  const list = (asked: URLSearchParams): Answer => {
    const { matches, order } = parseQuery(asked.get('sysparm_query') ?? '', COLUMNS);
    const limit = Number(asked.get('sysparm_limit') ?? LIMIT_DEFAULT);
    const names = asked.get('sysparm_fields')?.split(',') ?? [...COLUMNS];
    const rows = table
      .rows()
      .filter((row) => matches(columnOf(row)))
      .toSorted((a, b) => inOrder(order, columnOf(a), columnOf(b)));
    const shown = rows.slice(0, limit).filter(({ id }) => !hidden.has(id));
    const url = new URLSearchParams([...asked, ['sysparm_offset', String(limit)]]);
    const next = `<http://127.0.0.1/${TABLE}?${url.toString()}>;rel="next"`;
    return {
      headers: { 'x-total-count': String(rows.length), ...(rows.length > limit ? { link: next } : {}) },
      body: { result: shown.map((row) => Object.fromEntries(names.map((name) => [name, columnOf(row)(name)]))) },
    };
  };

  const row = (status: string, id: string, more: JsonObject = {}): Answer => ({
    status: 201,
    body: {
      import_set: 'ISET0010001',
      staging_table: 'u_customer_staging',
      result: [
        { transform_map: 'Customers', table: 'u_customer', status, ...(id === '' ? {} : { sys_id: id }), ...more },
      ],
    },
  });

  const importRow = (fields: JsonObject): Answer => {
    const key = textOf(fields[KEY]);
    const reason = refused.get(key);
    if (reason !== undefined) return row('error', '', { error_message: `Target record refused: ${reason}` });
    const [found] = table.byField(KEY, key);
    if (found === undefined) return row('inserted', table.put({ atMs: second(), fields }).id);
    const isSame = Object.entries(fields).every(([name, value]) => textOf(found.fields[name]) === textOf(value));
    if (isSame) return row('ignored', found.id, { status_message: 'No field values changed' });
    table.change(found.id, fields, second());
    return row('updated', found.id);
  };

  const handle = ({ method, path, query, headers, body }: Asked): Answer => {
    if (headers['authorization'] === undefined) return error(401, 'User Not Authenticated');
    if (method === 'GET' && path === TABLE) return list(query);
    if (method === 'POST' && path === STAGING) return importRow(objectOf(body));
    const id = path.slice(TABLE.length + 1);
    if (method !== 'PATCH' || !table.rows().some((one) => one.id === id)) return error(404, 'No Record found');
    table.change(id, objectOf(body), second());
    return { body: { result: { sys_id: id } } };
  };
  return { server: await startVendor(handle), table, refused, hidden };
};
