import { answerAt } from '../../core/answer-path.ts';
import type { RestEntity } from '../../core/contract/rest/entity.ts';
import type { RequestTemplate } from '../../core/contract/rest/template.ts';
import { formatInstant, type Instant } from '../../core/instant.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import type { Http, HttpRequest } from '../http/http.ts';
import { type RowReader, scalarText } from '../row-reader.ts';
import { holds, judgeDialect } from './dialect.ts';
import { fillRequest } from './fill-request.ts';
import type { Bindings } from './fill-template.ts';
import { decodeProperties } from './notion-properties.ts';
import type { Requests } from './requests-of.ts';
import { tableOf } from './table.ts';

/** What every part of the driver needs of one entity. */
export type RestReading = {
  readonly entity: RestEntity;
  readonly requests: Requests;
  /** What the contract gives to placeholders. */
  readonly constants: Bindings;
  readonly http: Http;
  readonly reader: RowReader;
  /** The field that holds the external ID, where it is known. */
  readonly externalIdField: string | undefined;
  /** Entity and system, for reasons. */
  readonly subject: string;
};

/**
 * No API known to us gives fewer rows a page than this when asked for more. A reply with fewer rows was not cut short
 * by a page limit of the server's own.
 */
export const SERVER_PAGE_ROWS_MIN = 10;

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

type Asked = { readonly bindings: Bindings; readonly items?: readonly Bindings[] };

/** Asks for a page of rows. */
export const getRows = async (reading: RestReading, template: RequestTemplate, asked: Asked): Promise<RowsReply> => {
  const filled = fillRequest(template, { ...reading.constants, ...asked.bindings }, asked.items);
  if (filled.kind === 'unsendable') {
    const reason = `Cannot read ${reading.subject}: not sent, because ${filled.what}`;
    return { kind: 'failed', failure: { kind: 'rejected', status: 0, reason } };
  }
  return read(reading, { ...filled.request, isRead: true }, template);
};

/** Reads the page that a link of the system leads to, with the headers of the list. */
export const getLinkedRows = async (reading: RestReading, url: string): Promise<RowsReply> => {
  const filled = fillRequest({ ...reading.requests.list, path: '' }, reading.constants);
  const headers = filled.kind === 'filled' ? (filled.request.headers ?? {}) : {};
  return read(reading, { method: 'GET', to: { url }, label: labelOfList(reading), headers });
};

/** An instant as the filter of the list takes it. */
const sinceText = ({ entity }: Pick<RestReading, 'entity'>, since: Instant | null): string | undefined =>
  since === null ? undefined : formatInstant(since, entity.sinceAs ?? entity.timestamp);

/** What asks for `size` rows changed at or after `since`. */
export const pageBindings = (reading: RestReading, since: Instant | null, size: number): Bindings => {
  const text = sinceText(reading, since);
  return { pageSize: size, ...(text === undefined ? {} : { since: text }) };
};

export const malformed = (reason: string): { readonly kind: 'failed'; readonly failure: SystemFailure } => ({
  kind: 'failed',
  failure: { kind: 'malformed', reason },
});

const labelOfList = ({ requests }: RestReading): string => {
  const { path } = requests.list;
  const text = typeof path === 'string' ? path : (path.firstOf[0] ?? '');
  return text.startsWith('/') ? text : `/${text}`;
};

const NOT_THERE = 404;

/** Where a request has its records, if not where a list has them. */
type Place = Pick<RequestTemplate, 'isOne' | 'recordsAt'>;

const read = async (reading: RestReading, request: HttpRequest, place: Place = {}): Promise<RowsReply> => {
  const { entity, http, subject } = reading;
  const reply = await http.request({
    ...request,
    judge: (answer) => judgeDialect(entity.errors, answer),
    ...(place.isOne === true ? { answers: [NOT_THERE] } : {}),
  });
  if (reply.kind === 'failed') return reply;
  const items = reply.json === undefined ? undefined : itemsOf(entity, place, { ...reply, json: reply.json });
  if (reply.json === undefined || !isArray(items)) {
    const recordsAt = place.recordsAt ?? entity.recordsAt;
    const where =
      recordsAt === '' ? 'the answer is not an array of records' : `there is no array of records at "${recordsAt}"`;
    return malformed(`Cannot read ${subject}: ${where} (status ${reply.status})`);
  }
  const rows = entity.rowsAre === 'table' ? tableOf(items)?.rows.map(({ record }) => record) : rowsOf(entity, items);
  if (rows === undefined) return malformed(`Cannot read ${subject}: its first row does not name each column once`);
  return { kind: 'rows', rows, json: reply.json, headers: reply.headers, href: reply.href };
};

/** The items of an answer to a request; undefined where there is no place for them. */
const itemsOf = (
  entity: RestEntity,
  { isOne, recordsAt }: Place,
  { status, json }: { readonly status: number; readonly json: JsonValue },
): JsonValue | undefined => {
  if (isOne === true) return status === NOT_THERE ? [] : [json];
  return recordsAt === undefined ? itemsIn(entity, json) : listOf(answerAt(json, recordsAt));
};

/** What a look-up found as a list; null is how an API says that there is no such record. */
const listOf = (found: JsonValue | undefined): JsonValue | undefined => {
  if (isArray(found)) return found.filter((one) => one !== null);
  return found === null ? [] : found === undefined ? undefined : [found];
};

/** The items of an answer; undefined where it has no place for them, unless the contract says that this means none. */
const itemsIn = ({ recordsAt, emptyWhen }: RestEntity, json: JsonValue): JsonValue | undefined =>
  answerAt(json, recordsAt) ?? (emptyWhen !== undefined && holds(emptyWhen, json) ? [] : undefined);

/** An item without a record inside stays what it is, so that it is told from others. */
const rowsOf = (
  { rowAt, skipRows, codec, fieldsAt }: RestEntity,
  items: readonly JsonValue[],
): readonly JsonValue[] => {
  const rows =
    rowAt === '' && skipRows.length === 0
      ? items
      : items.filter((item) => !skipRows.some((one) => holds(one, item))).map((item) => answerAt(item, rowAt) ?? item);
  if (codec === undefined || fieldsAt === undefined) return rows;
  return rows.map((row) => {
    const fields = isJsonObject(row) ? row[fieldsAt] : undefined;
    return isJsonObject(row) && isJsonObject(fields) ? { ...row, [fieldsAt]: decodeProperties(fields) } : row;
  });
};

/** The number of rows that the system counts; undefined where it does not say. */
export const totalIn = ({ entity }: RestReading, json: JsonValue): number | undefined => {
  const total = entity.totalAt === undefined ? undefined : scalarText(answerAt(json, entity.totalAt));
  return total !== undefined && /^\d{1,15}$/.test(total) ? Number(total) : undefined;
};

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
