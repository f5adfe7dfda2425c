import type { JsonValue } from '../../core/json.ts';
import type { FindReply, FoundRecord } from '../../core/system/entity-driver.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { checkValues } from '../check-values.ts';
import { groupFound } from '../group-found.ts';
import { type LiteralType, odataLiteral, odataPath } from './odata-literal.ts';
import { getLinkedSet, getSet, malformed, type ODataReading } from './odata-reading.ts';

/** Servers and gateways refuse URLs from about 8,000 characters on; select and order take their share. */
const FILTER_CHARS_MAX = 5000;
/** Pages of one lookup; more is a filter that does not filter. */
export const FIND_PAGES_MAX = 20;

/**
 * Looks records up by the values of one field, in one request per 5,000 characters of filter.
 *
 * The filter is a chain of `or`: Dataverse does not take `in`.
 *
 * @throws RangeError on more values than `findBatchMax`, or an empty one
 */
export const findInSet = async (
  reading: ODataReading,
  field: string,
  values: readonly string[],
): Promise<FindReply> => {
  const { entity } = reading;
  const type: LiteralType = field === entity.idField ? entity.idType : 'string';
  const unique = checkValues(field, values, entity.findBatchMax);
  const byValue = new Map<string, readonly FoundRecord[]>();
  for (const { filter, batch } of filtersOf(field, type, unique)) {
    const reply = await readAll(reading, field, filter);
    if (reply.kind === 'failed') return reply;
    const normalize = (value: string): string => (type === 'guid' ? value.toLowerCase() : value);
    const grouped = groupFound(reply.rows, { field, values: batch, reader: reading.reader, normalize });
    if (grouped.withoutId > 0) return malformed(`Cannot look up ${reading.subject}: a row that was found has no ID`);
    if (grouped.foreign > 0) {
      return malformed(
        `Cannot look up ${reading.subject}: filter ignored; ${grouped.foreign} of ${reply.rows.length} rows hold none of the values of "${field}" asked for`,
      );
    }
    for (const [value, records] of grouped.byValue) byValue.set(value, records);
  }
  return { kind: 'found', byValue };
};

type Filter = { readonly filter: string; readonly batch: readonly string[] };

const filtersOf = (field: string, type: LiteralType, values: readonly string[]): readonly Filter[] => {
  const filters: { filter: string; chars: number; batch: string[] }[] = [];
  for (const value of values) {
    const literal = odataLiteral(type, value);
    // No record can have a value that is none of the type: nothing to ask.
    if (literal === undefined) continue;
    const term = `${odataPath(field)} eq ${literal}`;
    const chars = encodeURIComponent(` or ${term}`.toWellFormed()).length;
    const current = filters.at(-1);
    if (current === undefined || current.chars + chars > FILTER_CHARS_MAX) {
      filters.push({ filter: term, chars, batch: [value] });
    } else {
      current.filter += ` or ${term}`;
      current.chars += chars;
      current.batch.push(value);
    }
  }
  return filters;
};

type AllRows =
  | { readonly kind: 'rows'; readonly rows: readonly JsonValue[] }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

const readAll = async (reading: ODataReading, field: string, filter: string): Promise<AllRows> => {
  const rows: JsonValue[] = [];
  let reply = await getSet(reading, { filter, orderBy: [reading.entity.idField], fields: [field] });
  for (let pages = 1; pages <= FIND_PAGES_MAX; pages += 1) {
    if (reply.kind === 'failed') return reply;
    rows.push(...reply.rows);
    if (reply.nextLink === null) return { kind: 'rows', rows };
    reply = await getLinkedSet(reading, reply.nextLink);
  }
  return malformed(`Cannot look up ${reading.subject}: the answer goes on after ${FIND_PAGES_MAX} pages`);
};
