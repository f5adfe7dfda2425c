import type { JsonObject } from '../../../../src/core/json.ts';
import { objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';
import { parseFilter } from './filter.ts';

/**
 * The Web API of Dataverse for accounts: OData with upsert by an alternate key, which some characters cannot address,
 * 204 unless the representation is asked for, and protection limits in a window of five minutes.
 * Sources: "Upsert a table row", "Define alternate keys", "Service protection API limits".
 */
export type Dynamics = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
};

const SET = 'accounts';
const KEY = 'tm_erpid';
const ID = 'accountid';
const TOP_MAX = 5000;
const WINDOW_MS = 300_000;
const REQUESTS_MAX = 6000;
const UNFIT = /[/#<>*%&:\\?+]/;

const error = (status: number, code: string): Answer => ({
  status,
  body: { error: { code, message: 'see the manual' } },
});

export const throttled: Answer = { ...error(429, '0x80072322'), headers: { 'retry-after': '12' } };

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const columnOf =
  (row: VendorRow) =>
  (name: string): string | number | null => {
    if (name === ID) return row.id;
    if (name === 'modifiedon') return row.atMs;
    return textOf(row.fields[name]) === '' ? null : textOf(row.fields[name]);
  };

const recordOf = (row: VendorRow, select: string | null): JsonObject => {
  const all = { ...row.fields, [ID]: row.id, modifiedon: new Date(row.atMs).toISOString().replace('.000', '') };
  const names = select?.split(',');
  const chosen = Object.entries(all).filter(([name]) => names === undefined || names.includes(name));
  return { '@odata.etag': `W/"${row.version}"`, ...Object.fromEntries(chosen) };
};

const byOrder =
  (order: string | null) =>
  (a: VendorRow, b: VendorRow): number => {
    for (const name of order?.split(',') ?? []) {
      const [left, right] = [columnOf(a)(name) ?? '', columnOf(b)(name) ?? ''];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  };

export const startDynamics = async (now: () => number): Promise<Dynamics> => {
  const table = createVendorTable(idOf);
  const refused = new Map<string, string>();
  const second = (): number => Math.floor(now() / 1000) * 1000;
  let askedAtMs: readonly number[] = [];
  let url = '';

  const list = ({ query }: Asked): Answer => {
    const filter = query.get('$filter');
    const top = Number(query.get('$top') ?? TOP_MAX);
    let passes: ReturnType<typeof parseFilter>;
    try {
      passes = filter === null ? () => true : parseFilter(filter);
    } catch {
      return error(400, '0x80060888');
    }
    const rows = table
      .rows()
      .filter((row) => passes(columnOf(row)))
      .toSorted(byOrder(query.get('$orderby')))
      .slice(0, Math.min(top, TOP_MAX));
    return { body: { value: rows.map((row) => recordOf(row, query.get('$select'))) } };
  };

  /** With what is asked for the record itself, which costs a read; without, the same answer to both. */
  const written = (row: VendorRow, created: boolean, { headers }: Asked): Answer =>
    headers['prefer'] === 'return=representation'
      ? { status: created ? 201 : 200, body: recordOf(row, null) }
      : { status: 204, headers: { 'odata-entityid': `${url}/${SET}(${row.id})` } };

  const change = (id: string, fields: JsonObject, asked: Asked): Answer => {
    table.change(id, fields, second());
    const row = table.rows().find((one) => one.id === id);
    return row === undefined ? error(404, '0x80040217') : written(row, false, asked);
  };

  const upsert = (key: string, asked: Asked): Answer => {
    if (UNFIT.test(key)) return error(400, '0x80060888');
    const code = refused.get(key);
    if (code !== undefined) return error(400, code);
    const { [KEY]: inBody, ...fields } = objectOf(asked.body);
    const [found] = table.byField(KEY, key, isSame);
    if (found !== undefined) return change(found.id, fields, asked);
    // On a create what stands in the body wins over the address.
    const own = inBody === undefined ? key : inBody;
    return written(table.put({ atMs: second(), fields: { ...fields, [KEY]: own } }), true, asked);
  };

  const patch = (key: string, asked: Asked): Answer => {
    const named = /^(\w+)='(.*)'$/s.exec(key);
    if (named !== null) {
      return named[1] === KEY ? upsert((named[2] ?? '').replaceAll("''", "'"), asked) : error(400, '0x80060888');
    }
    const row = table.rows().find(({ id }) => id === key);
    if (row !== undefined) return change(row.id, objectOf(asked.body), asked);
    if (asked.headers['if-match'] === '*') return error(404, '0x80040217');
    return written(table.put({ id: key, atMs: second(), fields: objectOf(asked.body) }), true, asked);
  };

  const handle = (asked: Asked): Answer => {
    const { method, path, headers } = asked;
    if (headers['authorization'] === undefined) return error(401, '0x80048306');
    askedAtMs = [...askedAtMs.filter((atMs) => atMs > now() - WINDOW_MS), now()];
    if (askedAtMs.length > REQUESTS_MAX) return throttled;
    const key = /^accounts\((.*)\)$/s.exec(decodeURIComponent(path))?.[1];
    if (path === SET && method === 'GET') return list(asked);
    if (key !== undefined && method === 'PATCH') return patch(key, asked);
    if (path !== SET || method !== 'POST') return error(404, '0x8006088a');
    const fields = objectOf(asked.body);
    const [taken] = table.byField(KEY, textOf(fields[KEY]), isSame);
    if (taken !== undefined) return error(412, '0x80040237');
    return written(table.put({ atMs: second(), fields }), true, asked);
  };
  const server = await startVendor(handle);
  url = server.url;
  return { server, table, refused };
};
