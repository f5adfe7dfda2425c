import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { listOf, objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';

/**
 * Shopify's GraphQL Admin API for customers: a search ordered by update time that lags and gives so many objects at most,
 * look-up and upsert by a custom ID, errors and user errors under status 200, and a bucket of points.
 * Sources: "Working with custom IDs", "API limits", "customerSet".
 */
export type Shopify = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
};

type Options = { readonly now: () => number; readonly capRows: number; readonly lagMs: number };

const KEY = 'erp_id';
const NAMESPACE = 'custom';
const PATH = 'admin/api/2025-10/graphql.json';
const FIRST_MAX = 250;
const POINTS_MAX = 2000;
const POINTS_PER_SECOND = 100;
const WRITE_POINTS = 10;
const COLUMNS = ['id', 'updatedAt', 'note', 'legacyResourceId'];

const costOf = (needed: number, available: number): JsonObject => ({
  cost: {
    requestedQueryCost: needed,
    throttleStatus: { maximumAvailable: POINTS_MAX, currentlyAvailable: available, restoreRate: POINTS_PER_SECOND },
  },
});

const errors = (code: string): Answer => ({ body: { errors: [{ message: code, extensions: { code } }] } });

const overCost = (needed: number, available: number): Answer => ({
  body: {
    errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }],
    extensions: costOf(needed, available),
  },
});

export const throttled = overCost(502, 40);

const compare = (a: VendorRow, b: VendorRow): number => a.atMs - b.atMs || (a.id < b.id ? -1 : 1);

/** The fields that a selection names. */
const selectedIn = (query: string): readonly string[] | undefined => {
  const inside = /(?:nodes|\.\.\. on Customer|\}\)) \{ ([\w,]+) /.exec(query)?.[1]?.split(',') ?? [];
  return inside.length > 0 && inside.every((name) => COLUMNS.includes(name)) ? inside : undefined;
};

const nodeOf = (row: VendorRow, names: readonly string[]): JsonObject =>
  Object.fromEntries(
    names.map((name): [string, JsonValue] => {
      if (name === 'id') return [name, row.id];
      if (name === 'updatedAt') return [name, new Date(row.atMs).toISOString().replace('.000', '')];
      return [name, row.fields[name] ?? null];
    }),
  );

const sinceIn = (query: JsonValue | undefined): number => {
  if (query === undefined || query === null) return 0;
  const text = /^updated_at:>='([^']+)'$/.exec(textOf(query))?.[1];
  return text === undefined ? Number.NaN : Date.parse(text);
};

const cursorOf = (row: VendorRow): string => Buffer.from(`${row.atMs} ${row.id}`).toString('base64');

const isBehind = (row: VendorRow, cursor: string): boolean => {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64').toString().split(' ');
  const atMs = Number(at);
  return row.atMs > atMs || (row.atMs === atMs && row.id > id);
};

export const startShopify = async ({ now, capRows, lagMs }: Options): Promise<Shopify> => {
  const table = createVendorTable((n) => `gid://shopify/Customer/${String(n).padStart(6, '0')}`);
  const refused = new Map<string, string>();
  let points = POINTS_MAX;
  let countedAtMs = now();

  const take = (needed: number): boolean => {
    points = Math.min(POINTS_MAX, points + ((now() - countedAtMs) / 1000) * POINTS_PER_SECOND);
    countedAtMs = now();
    if (points < needed) return false;
    points -= needed;
    return true;
  };

  const list = (names: readonly string[], variables: JsonObject): Answer => {
    const { first, after } = variables;
    const sinceMs = sinceIn(variables['query']);
    const size = Number(first);
    if (Number.isNaN(sinceMs) || !(size > 0 && size <= FIRST_MAX)) return errors('INVALID_VARIABLE');
    const all = table
      .rows()
      .filter(({ atMs }) => atMs >= sinceMs && atMs + lagMs <= now())
      .toSorted(compare);
    const rest = typeof after === 'string' ? all.filter((row) => isBehind(row, after)) : all;
    if (all.length - rest.length + size > capRows) return errors('PAGINATION_LIMIT_EXCEEDED');
    const rows = rest.slice(0, size);
    const last = rows.at(-1);
    const pageInfo = { hasNextPage: rest.length > size, endCursor: last === undefined ? null : cursorOf(last) };
    return { body: { data: { customers: { nodes: rows.map((row) => nodeOf(row, names)), pageInfo } } } };
  };

  const byIdentifier = (names: readonly string[], { namespace, key, value }: JsonObject): Answer => {
    if (namespace !== NAMESPACE || key !== KEY) return errors('INVALID_VARIABLE');
    const [row] = table.byField(KEY, textOf(value));
    const found = row === undefined ? null : { ...nodeOf(row, names), externalId: { value: row.fields[KEY] ?? null } };
    return { body: { data: { customerByIdentifier: found } } };
  };

  const byIds = (names: readonly string[], { ids }: JsonObject): Answer => {
    const nodes = listOf(ids).map((id) => {
      const row = table.rows().find((one) => one.id === id);
      return row === undefined ? null : nodeOf(row, names);
    });
    return { body: { data: { nodes } } };
  };

  const second = (): number => Math.floor(now() / 1000) * 1000;

  const set = ({ identifier, input }: JsonObject): Answer => {
    const answer = (customer: JsonValue, userErrors: JsonValue): Answer => ({
      body: { data: { customerSet: { customer, userErrors } } },
    });
    const { customId, id } = objectOf(identifier);
    const { namespace, key, value } = objectOf(customId);
    if (KEY in objectOf(input)) return errors('variableMismatch');
    if (id !== undefined) {
      const row = table.rows().find((one) => one.id === id);
      if (row === undefined) return answer(null, [{ field: ['identifier'], code: 'NOT_FOUND' }]);
      table.change(row.id, objectOf(input), second());
      return answer({ id: row.id }, []);
    }
    if (namespace !== NAMESPACE || key !== KEY || typeof value !== 'string') return errors('variableMismatch');
    const code = refused.get(value);
    if (code !== undefined) return answer(null, [{ field: ['input'], code }]);
    const [found] = table.byField(KEY, value);
    const fields = { ...objectOf(input), [KEY]: value };
    const row = found ?? table.put({ atMs: second(), fields });
    if (found !== undefined) table.change(found.id, fields, second());
    return answer({ id: row.id }, []);
  };

  const handle = ({ method, path, headers, body }: Asked): Answer => {
    if (path !== PATH || method !== 'POST') return { status: 404, body: { errors: 'Not Found' } };
    if (headers['x-shopify-access-token'] === undefined) return { status: 401, body: { errors: 'Invalid API key' } };
    const { query, variables } = objectOf(body);
    const text = textOf(query);
    const given = objectOf(variables);
    const isWrite = text.startsWith('mutation');
    const needed = isWrite ? WRITE_POINTS : Number(given['first'] ?? 0) + 2;
    if (!take(needed)) return overCost(needed, points);
    if (isWrite) return text.includes('customerSet(') ? set(given) : errors('undefinedField');
    const names = selectedIn(text);
    if (names === undefined) return errors('undefinedField');
    if (text.includes(' customers(')) return list(names, given);
    if (text.includes('customerByIdentifier(')) return byIdentifier(names, given);
    return text.includes('nodes(ids:') ? byIds(names, given) : errors('undefinedField');
  };
  return { server: await startVendor(handle), table, refused };
};
