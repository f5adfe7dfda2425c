import { isJsonObject, type JsonObject, type JsonValue } from '../../../../src/core/json.ts';
import { listOf, objectOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';
import { parseSoql, sortedBy } from './soql.ts';

/**
 * Salesforce as its documentation has it, for one object: SOQL over `query`, upsert by an External ID field, of one
 * record (201, 200, 300) and of up to 200 (200, whatever became of them). Times in seconds, IDs of 18 characters, text
 * compared without regard to case.
 * Sources: "Insert or Update (Upsert) a Record Using an External ID", "Upsert Multiple Records (SObject Collections)".
 */
export type Salesforce = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  /** External IDs whose write is refused, by the code that says why. */
  readonly refused: Map<string, string>;
};

const OBJECT = 'Contact';
const KEY = 'Erp_Id__c';
const COLLECTION_MAX = 200;
/** A query gives so many rows and a locator for the rest. */
const BATCH_ROWS = 2000;
const BASE = 'services/data/v61.0/';
/** Numbers that JavaScript cannot hold are kept as their digits. */
const NUMBER_FIELD = 'Big__c';

const error = (status: number, errorCode: string, message: string): Answer => ({
  status,
  body: [{ message, errorCode }],
});

export const overLimit = error(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');

const idOf = (n: number): string => `003000000${String(n).padStart(9, '0')}`;
const timeOf = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000');

const columnOf =
  (row: VendorRow) =>
  (column: string): string | number => {
    if (column === 'Id') return row.id;
    if (column === 'SystemModstamp') return row.atMs;
    const value = row.fields[column];
    return typeof value === 'string' || typeof value === 'number' ? value : '';
  };

const recordOf = (row: VendorRow, columns: readonly string[]): JsonObject => ({
  attributes: { type: OBJECT, url: `/${BASE}sobjects/${OBJECT}/${row.id}` },
  ...Object.fromEntries(
    columns.map((column): [string, JsonValue] => {
      if (column === 'Id') return [column, row.id];
      if (column === 'SystemModstamp') return [column, timeOf(row.atMs)];
      return [column, row.fields[column] ?? null];
    }),
  ),
});

/** Digits of the number field go out as a number. */
const asText = (body: JsonValue): { readonly text: string } => ({
  text: JSON.stringify(body).replaceAll(new RegExp(`"${NUMBER_FIELD}":"(\\d+)"`, 'g'), `"${NUMBER_FIELD}":$1`),
});

const query = (table: VendorTable, soql: string): Answer => {
  let parsed: ReturnType<typeof parseSoql>;
  try {
    parsed = parseSoql(soql);
  } catch (cause) {
    return error(400, 'MALFORMED_QUERY', String(cause));
  }
  if (parsed.object !== OBJECT) return error(400, 'INVALID_TYPE', 'sObject type is not supported');
  const rows = table
    .rows()
    .filter((row) => parsed.matches(columnOf(row)))
    .toSorted((a, b) => sortedBy(parsed.order, columnOf(a), columnOf(b)))
    .slice(0, parsed.limit);
  const records = rows.slice(0, BATCH_ROWS).map((row) => recordOf(row, parsed.columns));
  const isDone = rows.length <= BATCH_ROWS;
  const more = isDone ? {} : { nextRecordsUrl: `/${BASE}query/01g000-2000` };
  return { body: asText({ totalSize: rows.length, done: isDone, ...more, records }) };
};

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const startSalesforce = async (now: () => number): Promise<Salesforce> => {
  const table = createVendorTable(idOf);
  const refused = new Map<string, string>();
  const second = (): number => Math.floor(now() / 1000) * 1000;

  const put = (key: string, fields: JsonObject): { readonly id: string; readonly created: boolean } | 'several' => {
    const [found, other] = table.byField(KEY, key, isSame);
    if (other !== undefined) return 'several';
    if (found === undefined) {
      return { id: table.put({ atMs: second(), fields: { ...fields, [KEY]: key } }).id, created: true };
    }
    table.change(found.id, fields, second());
    return { id: found.id, created: false };
  };

  const upsert = (key: string, body: JsonValue | undefined): Answer => {
    const fields = objectOf(body);
    if ('Id' in fields || KEY in fields) return error(400, 'INVALID_FIELD', 'The external ID stands in the address');
    const code = refused.get(key);
    if (code !== undefined) return error(400, code, 'refused');
    const done = put(key, fields);
    if (done === 'several') {
      return { status: 300, body: table.byField(KEY, key, isSame).map(({ id }) => `/${BASE}sobjects/${OBJECT}/${id}`) };
    }
    return {
      status: done.created ? 201 : 200,
      body: { id: done.id, success: true, errors: [], created: done.created },
    };
  };

  const upsertMany = (body: JsonValue | undefined): Answer => {
    const all = listOf(objectOf(body)['records']);
    if (all.length > COLLECTION_MAX) return error(400, 'INVALID_INPUT', 'at most 200 records');
    const results = all.map((record): JsonValue => {
      const { attributes, ...fields } = objectOf(record);
      const key = fields[KEY];
      const fail = (statusCode: string): JsonValue => ({
        success: false,
        errors: [{ statusCode, message: 'refused', fields: [] }],
      });
      if (!isJsonObject(attributes) || attributes['type'] !== OBJECT) return fail('INVALID_TYPE');
      if (typeof key !== 'string') return fail('MISSING_ARGUMENT');
      const code = refused.get(key);
      if (code !== undefined) return fail(code);
      const done = put(key, fields);
      return done === 'several'
        ? fail('DUPLICATE_EXTERNAL_ID')
        : { id: done.id, success: true, errors: [], created: done.created };
    });
    return { body: results };
  };

  const handle = ({ method, path, query: asked, headers, body }: Asked): Answer => {
    if (headers['authorization'] === undefined) return error(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    const [kind, ...rest] = path.slice(BASE.length).split('/').map(decodeURIComponent);
    if (kind === 'query') return query(table, asked.get('q') ?? '');
    if (kind === 'composite' && method === 'PATCH') return upsertMany(body);
    const [, field = '', key = ''] = rest;
    if (kind === 'sobjects' && method === 'PATCH' && field === KEY) return upsert(key, body);
    if (kind === 'sobjects' && method === 'PATCH') {
      if (!table.rows().some(({ id }) => id === field)) return error(404, 'NOT_FOUND', 'no such record');
      table.change(field, objectOf(body), second());
      return { status: 204 };
    }
    return error(404, 'NOT_FOUND', 'The requested resource does not exist');
  };
  return { server: await startVendor(handle), table, refused };
};
