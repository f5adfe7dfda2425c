import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';
import { clausesOf } from './search.ts';

/**
 * Stripe for customers: form bodies, events newest first that are forgotten after 30 days, a search by metadata that lags
 * behind writes, and idempotency keys that are kept for a day with the first answer.
 * Sources: "Idempotent requests", "Rate limits", "List all events", "Search".
 */
export type Stripe = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
};

type Options = { readonly now: () => number; readonly searchLagMs: number };
type Event = { readonly id: string; readonly type: string; readonly atMs: number; readonly object: JsonObject };
type Kept = { readonly form: string; readonly answer: Answer; readonly atMs: number };

export const KEY = 'metadata.erp_id';
const KEY_NAME = 'erp_id';
const LIMIT_MAX = 100;
const DAY_MS = 86_400_000;
const EVENTS_KEPT_MS = 30 * DAY_MS;

const error = (status: number, type: string, code?: string): Answer => ({
  status,
  body: { error: { type, message: 'see the manual', ...(code === undefined ? {} : { code }) } },
});

export const throttled: Answer = error(429, 'invalid_request_error', 'lock_timeout');

const customerOf = ({ id, fields }: VendorRow): JsonObject => {
  const { [KEY]: key, ...others } = fields;
  return {
    id,
    object: 'customer',
    created: 1_700_000_000,
    ...others,
    metadata: key === undefined ? {} : { erp_id: key },
  };
};

/** What a form says of a customer. */
const fieldsOf = (form: URLSearchParams): JsonObject =>
  Object.fromEntries(
    [...form].map(([name, value]): [string, JsonValue] => [name === `metadata[${KEY_NAME}]` ? KEY : name, value]),
  );

/** A table whose changes leave events. */
const withEvents = (table: VendorTable, log: (row: VendorRow, kind: string) => void): VendorTable => ({
  ...table,
  put: (row) => {
    const made = table.put(row);
    log(made, 'created');
    return made;
  },
  change: (id, fields, atMs) => {
    table.change(id, fields, atMs);
    for (const row of table.rows()) if (row.id === id) log(row, 'updated');
  },
  remove: (id) => {
    for (const row of table.rows()) if (row.id === id) log(row, 'deleted');
    table.remove(id);
  },
});

export const startStripe = async ({ now, searchLagMs }: Options): Promise<Stripe> => {
  const events: Event[] = [];
  const searchableFromMs = new Map<string, number>();
  const kept = new Map<string, Kept>();
  const refused = new Map<string, string>();
  const table = withEvents(
    createVendorTable((n) => `cus_${String(n).padStart(8, '0')}`),
    (row, kind) => {
      searchableFromMs.set(row.id, now() + searchLagMs);
      const id = `evt_${String(events.length + 1).padStart(8, '0')}`;
      events.push({ id, type: `customer.${kind}`, atMs: row.atMs, object: customerOf(row) });
    },
  );
  const second = (): number => Math.floor(now() / 1000) * 1000;

  const listEvents = (query: URLSearchParams): Answer => {
    const limit = Number(query.get('limit') ?? '10');
    if (!(limit >= 1 && limit <= LIMIT_MAX)) return error(400, 'invalid_request_error', 'parameter_invalid_integer');
    const types = [...query].filter(([name]) => /^types\[\d\]$/.test(name)).map(([, value]) => value);
    const from = Number(query.get('created[gte]') ?? '0') * 1000;
    const until = Number(query.get('created[lt]') ?? '1e12') * 1000;
    if (Number.isNaN(from) || Number.isNaN(until)) return error(400, 'invalid_request_error');
    const all = events
      .filter(({ atMs, type }) => atMs > now() - EVENTS_KEPT_MS && types.includes(type))
      .toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1));
    const after = query.get('starting_after');
    const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
    const rest = all.slice(start).filter(({ atMs }) => atMs >= from && atMs < until);
    const data = rest.slice(0, limit).map(({ id, type, atMs, object }) => ({
      id,
      object: 'event',
      type,
      created: atMs / 1000,
      data: { object },
    }));
    return { body: { object: 'list', url: '/v1/events', has_more: rest.length > limit, data } };
  };

  const search = (query: string): Answer => {
    let clauses: ReturnType<typeof clausesOf>;
    try {
      clauses = clausesOf(query);
    } catch {
      return error(400, 'invalid_request_error');
    }
    const wanted = clauses.filter(({ key }) => key === KEY_NAME).map(({ value }) => value.toLowerCase());
    const data = table
      .rows()
      .filter(({ id }) => (searchableFromMs.get(id) ?? 0) <= now())
      .filter(({ fields }) => wanted.includes(textOf(fields[KEY]).toLowerCase()));
    return { body: { object: 'search_result', has_more: false, next_page: null, data: data.map(customerOf) } };
  };

  const create = (form: URLSearchParams): Answer => {
    const fields = fieldsOf(form);
    const key = fields[KEY];
    const code = typeof key === 'string' ? refused.get(key) : undefined;
    return code === undefined
      ? { body: customerOf(table.put({ atMs: second(), fields })) }
      : error(400, 'invalid_request_error', code);
  };

  /** The first answer under a key again, whatever it was; another form under it is an error. */
  const once = (key: Asked['headers'][string], form: URLSearchParams, run: () => Answer): Answer => {
    if (typeof key !== 'string') return run();
    const before = kept.get(key);
    const text = form.toString();
    if (before === undefined || before.atMs < now() - DAY_MS) {
      const answer = run();
      kept.set(key, { form: text, answer, atMs: now() });
      return answer;
    }
    return before.form === text ? before.answer : error(400, 'idempotency_error');
  };

  const handle = ({ method, path, query, headers, form }: Asked): Answer => {
    if (headers['authorization'] === undefined) return error(401, 'invalid_request_error');
    if (path === 'v1/events' && method === 'GET') return listEvents(query);
    if (path === 'v1/customers/search' && method === 'GET') return search(query.get('query') ?? '');
    if (method !== 'POST' || form === undefined) return error(404, 'invalid_request_error');
    if (path === 'v1/customers') return once(headers['idempotency-key'], form, () => create(form));
    const id = path.slice('v1/customers/'.length);
    if (!table.rows().some((row) => row.id === id)) return error(404, 'invalid_request_error', 'resource_missing');
    table.change(id, fieldsOf(form), second());
    return { body: { id, object: 'customer' } };
  };
  return { server: await startVendor(handle), table, refused };
};
