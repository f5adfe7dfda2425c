import { isJsonObject, type JsonObject } from '../../../../src/core/json.ts';
import { listOf, objectOf, textOf } from '../json-parts.ts';
import { type Answer, type Asked, startVendor, type VendorServer } from '../vendor-server.ts';
import { createVendorTable, type VendorRow, type VendorTable } from '../vendor-table.ts';
import { tokensOf } from './token.ts';

/**
 * A FHIR R4 server, for patients: searches whose pages are kept for a while and show resources as they are by then,
 * `_count` lowered to what the server likes, conditional update, version by entity tag, batch, and resources that are
 * gone.
 * Sources: HL7 FHIR R4 "RESTful API" (conditional update, batch, paging) and "Search" (tokens, _lastUpdated).
 */
export type Fhir = {
  readonly server: VendorServer;
  readonly table: VendorTable;
  readonly refused: Map<string, string>;
};

export const SYSTEM = 'https://erp.example.com/ids';
const KEY = 'identifier';
const COUNT_MAX = 100;
const BATCH_MAX = 100;
const SEARCH_KEPT_MS = 10 * 60_000;
const TYPE = 'Patient';

const outcome = (status: number, code: string): Answer => ({
  status,
  body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics: 'see the manual' }] },
});

export const throttled: Answer = { ...outcome(429, 'throttled'), headers: { 'retry-after': '12' } };

const resourceOf = ({ id, version, atMs, fields }: VendorRow): JsonObject => {
  const { [KEY]: key, ...others } = fields;
  const identifier = [
    { system: 'urn:oid:2.16.840.1.113883.4.1', value: `other-${id}` },
    ...(key === undefined ? [] : [{ system: SYSTEM, value: key }]),
  ];
  const meta = { versionId: String(version), lastUpdated: new Date(atMs).toISOString().replace('Z', '+00:00') };
  return { resourceType: TYPE, id, meta, identifier, ...others };
};

/** What of a resource is kept: its elements, and the value of our identifier. */
const fieldsOf = (resource: JsonObject): JsonObject => {
  const { resourceType: _type, id: _id, meta: _meta, identifier, ...elements } = resource;
  const own = listOf(identifier)
    .map(objectOf)
    .find(({ system }) => system === SYSTEM)?.['value'];
  return own === undefined ? elements : { ...elements, [KEY]: own };
};

type Search = { readonly ids: readonly string[]; readonly madeAtMs: number };

export const startFhir = async (now: () => number): Promise<Fhir> => {
  const table = createVendorTable((n) => `pat-${n}`);
  const refused = new Map<string, string>();
  const searches: Search[] = [];
  let url = '';

  const byIdentifier = (param: string): readonly VendorRow[] =>
    tokensOf(param).flatMap(({ system, code }) => (system === SYSTEM ? table.byField(KEY, code) : []));

  const page = (number: number, offset: number, count: number): Answer => {
    const found = searches[number];
    if (found === undefined || now() - found.madeAtMs > SEARCH_KEPT_MS) return outcome(410, 'expired');
    const rows = new Map(table.rows().map((row) => [row.id, row]));
    // As they are now, though the search was then; one that was deleted since is left out.
    const entry = found.ids.slice(offset, offset + count).flatMap((id) => {
      const row = rows.get(id);
      return row === undefined
        ? []
        : [{ fullUrl: `${url}/${TYPE}/${id}`, resource: resourceOf(row), search: { mode: 'match' } }];
    });
    const self = { relation: 'self', url: `${url}/${TYPE}?x=1` };
    const next = { relation: 'next', url: `${url}?_getpages=${number}&_offset=${offset + count}&_count=${count}` };
    const link = offset + count < found.ids.length ? [self, next] : [self];
    const warning = { search: { mode: 'outcome' }, resource: { resourceType: 'OperationOutcome', issue: [] } };
    // No array in FHIR is empty: without an entry there is none.
    const entries = offset === 0 && entry.length > 0 ? [warning, ...entry] : entry;
    return {
      body: { resourceType: 'Bundle', type: 'searchset', link, ...(entries.length === 0 ? {} : { entry: entries }) },
    };
  };

  const search = (query: URLSearchParams): Answer => {
    let rows = table.rows();
    for (const [name, value] of query) {
      if (name === '_lastUpdated') {
        const sinceMs = value.startsWith('ge') ? Date.parse(value.slice(2)) : Number.NaN;
        if (Number.isNaN(sinceMs)) return outcome(400, 'value');
        rows = rows.filter(({ atMs }) => atMs >= sinceMs);
      } else if (name === KEY) {
        const found = byIdentifier(value);
        rows = rows.filter((row) => found.includes(row));
      } else if (name === '_id') {
        const ids = tokensOf(value).map(({ code }) => code);
        rows = rows.filter(({ id }) => ids.includes(id));
      } else if (name !== '_sort' && name !== '_count') return outcome(400, 'not-supported');
    }
    const sorted = query.get('_sort') === '_lastUpdated' ? rows.toSorted((a, b) => a.atMs - b.atMs) : rows.toReversed();
    searches.push({ ids: sorted.map(({ id }) => id), madeAtMs: now() });
    return page(searches.length - 1, 0, Math.min(Number(query.get('_count') ?? '20'), COUNT_MAX));
  };

  const given = (row: VendorRow, created: boolean, prefer: string): Answer => ({
    status: created ? 201 : 200,
    headers: { etag: `W/"${row.version}"`, location: `${url}/${TYPE}/${row.id}/_history/${row.version}` },
    ...(prefer.includes('return=representation') ? { body: resourceOf(row) } : {}),
  });

  const changed = (id: string, fields: JsonObject, prefer: string): Answer => {
    table.change(id, fields, now());
    const row = table.rows().find((one) => one.id === id);
    return row === undefined ? outcome(404, 'not-found') : given(row, false, prefer);
  };

  const putWhere = (identifier: string, resource: JsonObject, prefer: string): Answer => {
    const [token, second] = tokensOf(identifier);
    const fields = fieldsOf(resource);
    const isOne = token !== undefined && second === undefined;
    if (resource['resourceType'] !== TYPE || !isOne) return outcome(400, 'invalid');
    if (fields[KEY] !== token.code || token.system !== SYSTEM) return outcome(400, 'invariant');
    const code = refused.get(token.code);
    if (code !== undefined) return outcome(422, code);
    const [found, other] = byIdentifier(identifier);
    if (other !== undefined) return outcome(412, 'multiple-matches');
    return found === undefined
      ? given(table.put({ atMs: now(), fields }), true, prefer)
      : changed(found.id, fields, prefer);
  };

  const putAt = (id: string, { body, headers }: Asked): Answer => {
    const row = table.rows().find((one) => one.id === id);
    if (row === undefined) return id.startsWith('pat-') ? outcome(410, 'deleted') : outcome(404, 'not-found');
    const match = headers['if-match'];
    if (match !== undefined && match !== `W/"${row.version}"`) return outcome(412, 'conflict');
    if (objectOf(body)['id'] !== id) return outcome(400, 'invalid');
    return changed(id, fieldsOf(objectOf(body)), String(headers['prefer']));
  };

  const batch = ({ body, headers }: Asked): Answer => {
    const { resourceType, type, entry } = objectOf(body);
    if (resourceType !== 'Bundle' || type !== 'batch') return outcome(400, 'invalid');
    if (listOf(entry).length > BATCH_MAX) return outcome(413, 'too-costly');
    const answers = listOf(entry).map((one): JsonObject => {
      const { resource, request } = objectOf(one);
      const [path, query] = textOf(objectOf(request)['url']).split('?');
      const identifier = new URLSearchParams(query).get(KEY);
      const isUpsert = objectOf(request)['method'] === 'PUT' && path === TYPE && identifier !== null;
      const answer = isUpsert
        ? putWhere(identifier, objectOf(resource), String(headers['prefer']))
        : outcome(400, 'not-supported');
      const { status = 200 } = answer;
      const content = isJsonObject(answer.body) ? answer.body : {};
      return status < 300
        ? { response: { status: status === 201 ? '201 Created' : '200' }, resource: content }
        : { response: { status: `${status} Refused`, outcome: content } };
    });
    return { body: { resourceType: 'Bundle', type: 'batch-response', entry: answers } };
  };

  const handle = (asked: Asked): Answer => {
    const { method, path, query, headers, body } = asked;
    if (headers['authorization'] === undefined) return outcome(401, 'login');
    if (method !== 'GET' && headers['content-type'] !== 'application/fhir+json') return outcome(415, 'not-supported');
    const [, id] = path.split('/').map(decodeURIComponent);
    if (path === '' && method === 'POST') return batch(asked);
    if (path === '') {
      const [number, offset, count] = ['_getpages', '_offset', '_count'].map((name) => Number(query.get(name)));
      return page(number ?? 0, offset ?? 0, count ?? 0);
    }
    if (method === 'GET' && id === undefined) return search(query);
    if (method !== 'PUT') return outcome(405, 'not-supported');
    return id === undefined
      ? putWhere(query.get(KEY) ?? '', objectOf(body), String(headers['prefer']))
      : putAt(id, asked);
  };

  const dated = (asked: Asked): Answer => {
    const answer = handle(asked);
    return { ...answer, headers: { date: new Date(now()).toUTCString(), ...answer.headers } };
  };
  const server = await startVendor(dated);
  url = server.url;
  return { server, table, refused };
};
