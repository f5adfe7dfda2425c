import { z } from 'zod';
import { formatInstant } from '../../core/instant.ts';
import { isJsonObject, type JsonObject, type JsonValue, valueAt } from '../../core/json.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageReply, PageRequest } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import { scalarText } from '../row-reader.ts';
import { odataLiteral, odataPath } from './odata-literal.ts';
import { getSet, malformed, type ODataReading } from './odata-reading.ts';

const stateSchema = z.strictObject({
  style: z.literal('odata'),
  since: instantText.nullable(),
  /** Update time of the last row as the system wrote it; null for a row that has none. */
  time: z.string().nullable(),
  id: z.string(),
});
type State = z.infer<typeof stateSchema>;

/**
 * Reads by key: in the order of update time and ID, from the last row on. The system's own next link is only a sign
 * that there is more: behind it may be a row number, and those lose rows when something is deleted.
 *
 * The source ends when a page has fewer rows than asked for and no next link.
 */
export const readODataPage = async (reading: ODataReading, request: PageRequest): Promise<PageReply> => {
  const { entity, subject } = reading;
  const token = request.token === null ? undefined : readToken(stateSchema, request.token, subject);
  if (token?.kind === 'failed') return token;
  const state = token?.state;
  const filter = state === undefined ? firstFilter(reading, request) : nextFilter(reading, state);
  if (filter === undefined) {
    return malformed(`Cannot read on ${subject}: the last row's key is no ${entity.idType}, as idType says it is`);
  }
  const reply = await getSet(reading, {
    filter,
    orderBy: [entity.updatedAtField, entity.idField],
    top: request.pageSize,
  });
  if (reply.kind === 'failed') return reply;
  const rows = reading.reader.read(reply.rows);
  if (reply.nextLink === null && reply.rows.length < request.pageSize) return pageWith(rows, null, subject);
  const position = lastPosition(reading, reply.rows);
  if (position === undefined) {
    return malformed(`Cannot read on ${subject}: there is a next page, but no row with an ID to go on from`);
  }
  if (position.id === state?.id && position.time === state.time) {
    return malformed(
      `Cannot read on ${subject}: a page ends with the row that it should begin after; times are compared finer than they are given`,
    );
  }
  const next: State = { style: 'odata', since: state?.since ?? request.since, ...position };
  return pageWith(rows, next, subject);
};

const firstFilter = ({ entity }: ODataReading, { since }: PageRequest): string | null =>
  since === null ? null : `${odataPath(entity.updatedAtField)} ge ${formatInstant(since, entity.timestamp)}`;

const nextFilter = ({ entity }: ODataReading, { time, id }: State): string | undefined => {
  const field = odataPath(entity.updatedAtField);
  const key = odataLiteral(entity.idType, id);
  if (key === undefined) return undefined;
  const isAfter = `${odataPath(entity.idField)} gt ${key}`;
  // Rows without a time sort before all others where a page ended with one.
  if (time === null) return `${field} ne null or (${field} eq null and ${isAfter})`;
  return `${field} gt ${time} or (${field} eq ${time} and ${isAfter})`;
};

// Bare in a filter, so nothing but a timestamp may pass: no space, no quote, no parenthesis.
const TIME = /^[\dTZtz:.+-]{1,40}$/;

/** Key of the last row that has one, with the text of its time exactly as given: rounded, it would not be equal. */
const lastPosition = ({ entity }: ODataReading, rows: readonly JsonValue[]): Pick<State, 'time' | 'id'> | undefined => {
  const positionOf = (row: JsonObject): Pick<State, 'time' | 'id'> | undefined => {
    const id = scalarText(valueAt(row, entity.idField));
    const time = scalarText(valueAt(row, entity.updatedAtField)) ?? null;
    return id === undefined || (time !== null && !TIME.test(time)) ? undefined : { time, id };
  };
  const row = rows.findLast((one) => isJsonObject(one) && positionOf(one) !== undefined);
  return row === undefined || !isJsonObject(row) ? undefined : positionOf(row);
};
