import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { objectOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';

/**
 * Zendesk's users as its documentation has them: an export by cursor that leaves out the last minute, gives the last item
 * of a page again with the next and takes 10 requests a minute; an upsert by an external ID that is compared without
 * regard to case and written anew; 404 for an ID that is not there. Times have whole seconds.
 * Sources: "Incremental Exports", the OpenAPI document of users.
 */
export type Zendesk = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  /** External IDs whose write is refused, by the code that says why. */
  readonly refused: Map<string, string>;
};

const EXPORT = 'api/v2/incremental/users/cursor';
const KEY = 'external_id';
const MINUTE_MS = 60_000;
const EXPORTS_A_MINUTE = 10;
const PAGE_MAX = 1000;

const error = (status: number, code: string): Answer => ({ status, body: { error: code, description: 'refused' } });

export const overRate: Answer = {
  status: 429,
  headers: { 'retry-after': '43' },
  body: { error: 'APIRateLimitExceeded', description: 'Number of allowed API requests per minute exceeded' },
};

const idOf = (n: number): string => String(900_000_000 + n);
const recordOf = (row: VendorRow): JsonObject => ({
  ...row.fields,
  id: Number(row.id),
  updated_at: `${new Date(row.atMs).toISOString().slice(0, 19)}Z`,
});
const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const byPlace = (a: VendorRow, b: VendorRow): number => a.atMs - b.atMs || Number(a.id) - Number(b.id);

/** The last row that was given: its time and ID. */
type Cursor = { readonly atMs: number; readonly id: number };
const cursorText = ({ atMs, id }: VendorRow): string =>
  Buffer.from(JSON.stringify([atMs, Number(id)])).toString('base64');
const readCursor = (text: string): Cursor | undefined => {
  const [atMs, id] = /^\[(\d+),(\d+)\]$/.exec(Buffer.from(text, 'base64').toString())?.slice(1).map(Number) ?? [];
  return atMs === undefined || id === undefined ? undefined : { atMs, id };
};

export const startZendesk = async (now: () => number): Promise<Zendesk> => {
  const table = createVendorTable(idOf);
  const refused = new Map<string, string>();
  const exportedMs: number[] = [];
  let url = '';
  const second = (): number => Math.floor(now() / 1000) * 1000;

  const exportPage = (asked: URLSearchParams): Answer => {
    if (exportedMs.filter((ms) => ms > now() - MINUTE_MS).length >= EXPORTS_A_MINUTE) return overRate;
    exportedMs.push(now());
    const given = asked.get('cursor');
    const cursor = given === null ? undefined : readCursor(given);
    const startMs = Number(asked.get('start_time')) * 1000;
    const size = Number(asked.get('per_page') ?? PAGE_MAX);
    if (size > PAGE_MAX || (given !== null && cursor === undefined)) return error(400, 'InvalidValue');
    if (given === null && !(startMs > 0 && startMs <= now() - MINUTE_MS)) return error(422, 'StartTimeTooRecent');
    // From the row of the cursor on, which comes again.
    const rows = table
      .rows()
      .filter(({ atMs, id }) =>
        cursor === undefined
          ? atMs >= startMs
          : atMs > cursor.atMs || (atMs === cursor.atMs && Number(id) >= cursor.id),
      )
      .filter(({ atMs }) => atMs <= now() - MINUTE_MS)
      .toSorted(byPlace);
    const page = rows.slice(0, size);
    const last = page.at(-1);
    const after = last === undefined ? given : cursorText(last);
    const query = new URLSearchParams({ cursor: after ?? '', per_page: String(size) });
    return {
      body: {
        users: page.map(recordOf),
        after_cursor: after,
        after_url: after === null ? null : `${url}/${EXPORT}?${query.toString()}`,
        before_url: null,
        end_of_stream: rows.length <= size,
      },
    };
  };

  const upsert = (body: JsonValue | undefined): Answer => {
    const { skip_verify_email: _skip, ...fields } = objectOf(objectOf(body)['user']);
    const key = fields[KEY];
    if (typeof key !== 'string') return error(422, 'RecordInvalid');
    const code = refused.get(key);
    if (code !== undefined) return error(422, code);
    const [found] = table.byField(KEY, key, isSame);
    if (found !== undefined) table.change(found.id, fields, second());
    const id = found?.id ?? table.put({ atMs: second(), fields }).id;
    const row = table.rows().find((one) => one.id === id);
    return { status: found === undefined ? 201 : 200, body: { user: row === undefined ? null : recordOf(row) } };
  };

  const listed = (rows: readonly VendorRow[]): Answer => ({
    body: { users: rows.slice(0, 100).map(recordOf), next_page: null, previous_page: null, count: rows.length },
  });

  const handle = ({ method, path, query, headers, body }: Asked): Answer => {
    if (headers['authorization'] === undefined) return error(401, "Couldn't authenticate you");
    const wanted = query.get(KEY);
    if (path === EXPORT) return exportPage(query);
    if (path === 'api/v2/users/create_or_update') return upsert(body);
    if (path === 'api/v2/users/show_many') {
      const ids = (query.get('ids') ?? '').split(',');
      return listed(table.rows().filter(({ id }) => ids.includes(id)));
    }
    if (path === 'api/v2/users') return listed(wanted === null ? table.rows() : table.byField(KEY, wanted, isSame));
    const id = path.slice('api/v2/users/'.length);
    const row = table.rows().find((one) => one.id === id);
    if (method !== 'PUT' || row === undefined) return error(404, 'RecordNotFound');
    table.change(id, objectOf(objectOf(body)['user']), second());
    return { body: { user: recordOf(row) } };
  };
  const server = await startVendor(handle);
  url = server.url;
  return { server, table, refused };
};
