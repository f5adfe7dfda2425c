import type { RestEntity } from '../../core/contract/system-contract.ts';
import { type JsonValue, valueAt } from '../../core/json.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import type { Http, HttpRequest } from '../http/http.ts';
import type { RowReader } from '../row-reader.ts';

/** What every part of the driver needs of one entity. */
export type RestReading = {
  readonly entity: RestEntity;
  readonly http: Http;
  readonly reader: RowReader;
  /** Path of the entity as reasons show it. */
  readonly label: string;
  /** Entity and system, for reasons. */
  readonly subject: string;
};

/**
 * No API known to us gives fewer rows a page than this when asked for more. A reply with fewer rows was not cut short
 * by a page limit of the server's own.
 */
export const SERVER_PAGE_ROWS_MIN = 10;

export type Query = readonly (readonly [name: string, value: string])[];

export type RowsReply =
  | {
      readonly kind: 'rows';
      readonly rows: readonly JsonValue[];
      readonly json: JsonValue;
      readonly headers: Headers;
      /** What was asked, to resolve links in the answer against. */
      readonly href: string;
    }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/** Reads one page of rows. The query goes before the fixed parameters of the contract where both name one. */
export const getRows = async (reading: RestReading, query: Query): Promise<RowsReply> => {
  const { entity } = reading;
  const given = new Set(query.map(([name]) => name));
  const fixed = Object.entries(entity.params).filter(([name]) => !given.has(name));
  return request(reading, { path: entity.path }, [...fixed, ...query]);
};

/** Reads the page that a link of the system leads to. */
export const getLinkedRows = (reading: RestReading, url: string): Promise<RowsReply> => request(reading, { url }, []);

/** The parameters that ask for `size` rows changed at or after `since`, written as the system writes times. */
export const pageQuery = ({ entity }: RestReading, since: string | null, size: number): Query => [
  ...(since === null || entity.sinceParam === undefined ? [] : [[entity.sinceParam, since] as const]),
  ...(entity.pageSizeParam === undefined ? [] : [[entity.pageSizeParam, String(size)] as const]),
];

export const malformed = (reason: string): { readonly kind: 'failed'; readonly failure: SystemFailure } => ({
  kind: 'failed',
  failure: { kind: 'malformed', reason },
});

const request = async (reading: RestReading, to: HttpRequest['to'], query: Query): Promise<RowsReply> => {
  const { entity, http, label, subject } = reading;
  const reply = await http.request({ method: 'GET', to, query, label });
  if (reply.kind === 'failed') return reply;
  const rows = reply.json === undefined ? undefined : valueAt(reply.json, entity.recordsAt);
  if (reply.json === undefined || !isArray(rows)) {
    const where =
      entity.recordsAt === ''
        ? 'the answer is not an array of records'
        : `there is no array of records at "${entity.recordsAt}"`;
    return malformed(`Cannot read ${subject}: ${where} (status ${reply.status})`);
  }
  return { kind: 'rows', rows, json: reply.json, headers: reply.headers, href: reply.href };
};

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
