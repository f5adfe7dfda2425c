import type { ODataEntity } from '../../core/contract/system-contract.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import type { Http, HttpRequest } from '../http/http.ts';
import type { RowReader } from '../row-reader.ts';
import { odataPath } from './odata-literal.ts';

/** What every part of the driver needs of one entity set. */
export type ODataReading = {
  readonly entity: ODataEntity;
  readonly http: Http;
  readonly reader: RowReader;
  /** Field of a target that holds the external ID. */
  readonly externalIdField: string | undefined;
  readonly label: string;
  /** Entity and system, for reasons. */
  readonly subject: string;
};

/** IEEE754Compatible: 64-bit integers and decimals come as text, digit for digit, from servers that know it. */
export const ODATA_HEADERS: Readonly<Record<string, string>> = {
  accept: 'application/json;IEEE754Compatible=true',
  'odata-version': '4.0',
  'odata-maxversion': '4.0',
};

type SetReply =
  | { readonly kind: 'set'; readonly rows: readonly JsonValue[]; readonly nextLink: string | null }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

type QueryOptions = {
  readonly filter: string | null;
  readonly orderBy: readonly string[];
  readonly top?: number;
  /** Fields needed beside those of the contract. */
  readonly fields?: readonly string[];
};

/** Reads rows of the entity set. */
export const getSet = (reading: ODataReading, options: QueryOptions): Promise<SetReply> => {
  const { entity } = reading;
  const select = selectOf(reading, options.fields ?? []);
  const query: (readonly [string, string])[] = [];
  if (options.filter !== null) query.push(['$filter', options.filter]);
  query.push(['$orderby', options.orderBy.map(odataPath).join(',')]);
  if (options.top !== undefined) query.push(['$top', String(options.top)]);
  if (select !== null) query.push(['$select', select]);
  return request(reading, { path: entity.set }, query);
};

/** Reads the rows that a next link leads to. */
export const getLinkedSet = (reading: ODataReading, nextLink: string): Promise<SetReply> =>
  request(reading, { url: nextLink }, []);

export const malformed = (reason: string): { readonly kind: 'failed'; readonly failure: SystemFailure } => ({
  kind: 'failed',
  failure: { kind: 'malformed', reason },
});

const selectOf = ({ entity, externalIdField }: ODataReading, more: readonly string[]): string | null => {
  if (entity.select === undefined) return null;
  const needed = [
    entity.idField,
    entity.updatedAtField,
    ...(externalIdField === undefined ? [] : [externalIdField]),
    ...more,
  ];
  return [...new Set([...needed, ...entity.select])].map(odataPath).join(',');
};

const request = async (
  { http, label, subject }: ODataReading,
  to: HttpRequest['to'],
  query: readonly (readonly [string, string])[],
): Promise<SetReply> => {
  const reply = await http.request({ method: 'GET', to, query, label, headers: ODATA_HEADERS });
  if (reply.kind === 'failed') return reply;
  const rows = isJsonObject(reply.json) ? reply.json['value'] : undefined;
  if (!isJsonObject(reply.json) || !isArray(rows)) {
    return malformed(`Cannot read ${subject}: the answer holds no array "value" (status ${reply.status})`);
  }
  const nextLink = reply.json['@odata.nextLink'] ?? reply.json['@nextLink'];
  // Resolved here, because a relative link starts from the request and not from the base URL.
  const next = typeof nextLink === 'string' && nextLink !== '' ? URL.parse(nextLink, reply.href) : null;
  return { kind: 'set', rows, nextLink: next?.href ?? null };
};

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
