import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/json.ts';
import { textOf } from './json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from './vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from './vendor-table.ts';

/**
 * The API of contracts/examples/search-crm.yaml: it lists by POST, with a cursor that names the row before, and cuts a
 * search with no sign but a flag.
 */
export type SearchCrm = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
};

export const tooMany: Answer = { status: 400, body: { error: { code: 'TOO_MANY', waitSeconds: 7 } } };

const personOf = ({ id, atMs, version, fields }: VendorRow): JsonObject => ({
  uuid: id,
  meta: { changed: new Date(atMs).toISOString(), version: String(version) },
  fields,
});

const memberOf = (body: JsonValue | undefined, name: string): JsonValue | undefined =>
  isJsonObject(body) ? body[name] : undefined;

const search = ({ table, cutRows }: Setup, body: JsonValue | undefined): Answer => {
  const where = memberOf(body, 'where');
  // The row before, and how many were given: rows that come and go move no other.
  const [lastMs = '', lastId = '', givenText = '0'] = textOf(memberOf(body, 'cursor')).split('|');
  const given = Number(givenText);
  const limit = Number(memberOf(body, 'limit'));
  const since = memberOf(where, 'atLeast');
  const anyOf = memberOf(where, 'anyOf');
  const field = memberOf(where, 'field');
  const matches = (row: VendorRow): boolean => {
    if (typeof since === 'string') return row.atMs >= Number(since);
    if (!Array.isArray(anyOf)) return true;
    return anyOf.includes(field === 'uuid' ? row.id : (row.fields[textOf(field)] ?? null));
  };
  const all = table
    .rows()
    .filter(matches)
    .toSorted((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
  const isBehind = ({ atMs, id }: VendorRow): boolean =>
    lastMs === '' || atMs > Number(lastMs) || (atMs === Number(lastMs) && id > lastId);
  const rest = all.filter(isBehind);
  const people = rest.slice(0, Math.min(limit, cutRows - given));
  const last = people.at(-1);
  const isCut = given + people.length >= cutRows && rest.length > people.length;
  const data = {
    people: people.map(personOf),
    total: all.length,
    // Given also where there is no more.
    next: last === undefined ? '0|0|0' : `${last.atMs}|${last.id}|${given + people.length}`,
    more: !isCut && rest.length > people.length,
    cut: isCut,
  };
  return { body: { data } };
};

const fieldsIn = (body: JsonValue | undefined): JsonObject => {
  const fields = memberOf(body, 'fields');
  return isJsonObject(fields) ? fields : {};
};

type Setup = Pick<SearchCrm, 'table' | 'refused'> & { readonly now: () => number; readonly cutRows: number };

const handle =
  (setup: Setup) =>
  ({ method, path: place, headers, body }: Asked): Answer => {
    const { table, refused, now } = setup;
    if (place === 'people/search') return search(setup, body);
    const code = refused.get(textOf(fieldsIn(body)['erpId']));
    if (code !== undefined) return { status: 422, body: { error: { code } } };
    if (method === 'POST') {
      const row = table.put({ atMs: now(), fields: fieldsIn(body) });
      return { status: 201, body: { data: { person: personOf(row) } } };
    }
    const id = decodeURIComponent(place.split('/')[1] ?? '');
    const row = table.rows().find((one) => one.id === id);
    if (row === undefined) return { status: 404, body: { error: { code: 'NOT_FOUND' } } };
    if (headers['if-match'] !== undefined && headers['if-match'] !== `"${row.version}"`) {
      return { status: 412, body: { error: { code: 'CHANGED' } } };
    }
    table.change(id, fieldsIn(body), now());
    return { body: { data: { person: personOf(row) } } };
  };

export const startSearchCrm = async (options: {
  readonly now: () => number;
  readonly cutRows: number;
}): Promise<SearchCrm> => {
  const table = createVendorTable((n) => `p-${String(n).padStart(5, '0')}`);
  const refused = new Map<string, string>();
  return { server: await startVendor(handle({ table, refused, ...options })), table, refused };
};
