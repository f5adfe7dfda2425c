import type { JsonObject, JsonValue } from '../../../../src/core/json.ts';
import { listOf, objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';

/**
 * HubSpot's contacts as its documentation has them: a search that sorts by one property, gives 200 a page, refuses to go
 * beyond a cap and lags behind writes; batch read and batch upsert by a unique property, with 207 where some failed.
 * Inside one update time a search by update time gives records in no order that one could rely on.
 * Sources: "Search the CRM", the OpenAPI document of contacts.
 */
export type HubSpot = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
};

const KEY = 'erp_id';
const MODIFIED = 'lastmodifieddate';
const PAGE_MAX = 200;
const BATCH_MAX = 100;
const BASE = 'crm/v3/objects/contacts';

const error = (status: number, category: string, message: string): Answer => ({
  status,
  body: { status: 'error', message, correlationId: 'c-1', category },
});

export const overRate: Answer = {
  status: 429,
  body: {
    status: 'error',
    message: 'You have reached your ten_secondly_rolling limit.',
    errorType: 'RATE_LIMIT',
    category: 'RATE_LIMITS',
    policyName: 'TEN_SECONDLY_ROLLING',
  },
};

const idOf = (n: number): string => String(30_000_000_000 + n);

const text = (value: JsonValue | undefined): string | null =>
  value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);

const propertiesOf = (row: VendorRow): Readonly<Record<string, string | null>> => ({
  ...Object.fromEntries(Object.entries(row.fields).map(([name, value]) => [name, text(value)])),
  hs_object_id: row.id,
  [MODIFIED]: new Date(row.atMs).toISOString(),
});

const recordOf = (row: VendorRow, names: readonly string[]): JsonObject => ({
  id: row.id,
  properties: Object.fromEntries(names.map((name): [string, JsonValue] => [name, propertiesOf(row)[name] ?? null])),
  createdAt: new Date(row.atMs).toISOString(),
  updatedAt: new Date(row.atMs).toISOString(),
  archived: false,
});

const namesIn = (body: JsonValue | undefined): readonly string[] => listOf(objectOf(body)['properties']).map(textOf);

const numberOf = (row: VendorRow, name: string): number => (name === MODIFIED ? row.atMs : Number(row.id));

const passes = (row: VendorRow, filter: JsonValue): boolean => {
  const { propertyName, operator, value } = objectOf(filter);
  const own = numberOf(row, textOf(propertyName));
  const wanted = Number(value);
  if (Number.isNaN(wanted)) throw new TypeError('a date filter takes milliseconds');
  return operator === 'EQ' ? own === wanted : operator === 'GT' ? own > wanted : own >= wanted;
};

export type HubSpotOptions = { readonly now: () => number; readonly capRows: number; readonly lagMs: number };

export const startHubSpot = async ({ now, capRows, lagMs }: HubSpotOptions): Promise<HubSpot> => {
  const table = createVendorTable(idOf);
  const refused = new Map<string, string>();
  let searches = 0;

  const search = (body: JsonValue | undefined): Answer => {
    searches += 1;
    const { limit, after, sorts, filterGroups } = objectOf(body);
    const size = Number(limit);
    const start = Number(after ?? 0);
    const sortedBy = listOf(sorts).map((one) => textOf(objectOf(one)['propertyName']));
    if (size > PAGE_MAX || sortedBy.length > 1) return error(400, 'VALIDATION_ERROR', 'limit or sorts');
    if (start + size > capRows) return error(400, 'VALIDATION_ERROR', `paging beyond ${capRows}`);
    const groups = listOf(filterGroups).map((one) => listOf(objectOf(one)['filters']));
    const by = sortedBy[0] ?? MODIFIED;
    // Another order of equal rows with each search: what a distributed index gives.
    const shuffled = (row: VendorRow): number => (Number(row.id) * 7919 + searches * 104_729) % 1009;
    const rows = table
      .rows()
      .filter(({ atMs }) => atMs + lagMs <= now())
      .filter((row) => groups.length === 0 || groups.some((filters) => filters.every((one) => passes(row, one))))
      .toSorted((a, b) => numberOf(a, by) - numberOf(b, by) || shuffled(a) - shuffled(b));
    const end = start + size;
    const names = [...namesIn(body), 'hs_object_id', MODIFIED];
    return {
      body: {
        total: rows.length,
        results: rows.slice(start, end).map((row) => recordOf(row, names)),
        ...(end < rows.length ? { paging: { next: { after: String(end) } } } : {}),
      },
    };
  };

  const batchRead = (body: JsonValue | undefined): Answer => {
    const { inputs, idProperty } = objectOf(body);
    const ids = listOf(inputs).map((one) => textOf(objectOf(one)['id']));
    if (ids.length > BATCH_MAX) return error(400, 'VALIDATION_ERROR', 'at most 100 inputs');
    const found = ids.flatMap((id) =>
      idProperty === undefined ? table.rows().filter((row) => row.id === id) : table.byField(textOf(idProperty), id),
    );
    const missing = ids.length - found.length;
    const errors = { status: 'error', category: 'OBJECT_NOT_FOUND', message: 'Could not get some CONTACT objects' };
    return {
      status: missing > 0 ? 207 : 200,
      body: {
        status: 'COMPLETE',
        results: found.map((row) => recordOf(row, [...namesIn(body), 'hs_object_id', MODIFIED])),
        ...(missing > 0 ? { numErrors: 1, errors: [errors] } : {}),
      },
    };
  };

  const upsertOne = (input: JsonValue): { readonly result?: JsonObject; readonly error?: JsonObject } => {
    const { id, idProperty, objectWriteTraceId, properties } = objectOf(input);
    const key = textOf(id);
    const trace = textOf(objectWriteTraceId);
    const category = idProperty === KEY ? refused.get(key) : 'VALIDATION_ERROR';
    if (category !== undefined) {
      return { error: { status: 'error', category, message: 'refused', context: { objectWriteTraceId: [trace] } } };
    }
    const [found] = table.byField(KEY, key);
    const fields = { ...objectOf(properties), [KEY]: key };
    const row = found ?? table.put({ atMs: now(), fields });
    if (found !== undefined) table.change(found.id, fields, now());
    return { result: { ...recordOf(row, []), new: found === undefined, objectWriteTraceId: trace } };
  };

  const batchUpsert = (body: JsonValue | undefined): Answer => {
    const inputs = listOf(objectOf(body)['inputs']);
    if (inputs.length > BATCH_MAX) return error(400, 'VALIDATION_ERROR', 'at most 100 inputs');
    const done = inputs.map(upsertOne);
    // In an order of their own: what is first here says nothing.
    const results = done.flatMap(({ result }) => (result === undefined ? [] : [result])).toReversed();
    const errors = done.flatMap((one) => (one.error === undefined ? [] : [one.error]));
    return errors.length === 0
      ? { body: { status: 'COMPLETE', results } }
      : { status: 207, body: { status: 'COMPLETE', results, numErrors: errors.length, errors } };
  };

  const handle = ({ method, path, headers, body }: Asked): Answer => {
    if (headers['authorization'] === undefined) return error(401, 'INVALID_AUTHENTICATION', 'no token');
    if (path === `${BASE}/search`) return search(body);
    if (path === `${BASE}/batch/read`) return batchRead(body);
    if (path === `${BASE}/batch/upsert`) return batchUpsert(body);
    const id = path.slice(BASE.length + 1);
    if (method !== 'PATCH' || !table.rows().some((row) => row.id === id)) {
      return error(404, 'OBJECT_NOT_FOUND', 'resource not found');
    }
    table.change(id, objectOf(objectOf(body)['properties']), now());
    return { body: { id, properties: {} } };
  };
  return { server: await startVendor(handle), table, refused };
};
