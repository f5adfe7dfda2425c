import type { JsonValue } from '../../core/json.ts';
import type { FindReply, FoundRecord } from '../../core/system/entity-driver.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { checkValues } from '../check-values.ts';
import { type Grouped, groupFound } from '../group-found.ts';
import { nextPlace } from './next-place.ts';
import {
  getLinkedRows,
  getRows,
  malformed,
  pageQuery,
  type Query,
  type RestReading,
  type RowsReply,
  SERVER_PAGE_ROWS_MIN,
} from './rest-reading.ts';

/** Pages of one lookup; more is a filter that does not filter. */
export const FIND_PAGES_MAX = 20;

type Failed = { readonly kind: 'failed'; readonly failure: SystemFailure };
type Whole = { readonly kind: 'rows'; readonly rows: readonly JsonValue[]; readonly isWhole: boolean };

/** How many values one call takes: one, where the API takes no more. */
export const findBatchMaxOf = ({ entity }: Pick<RestReading, 'entity'>): number =>
  entity.findMany === 'none' && entity.findTemplate === undefined ? 1 : entity.findBatchMax;

/**
 * Looks records up by the values of one field. What the answer leaves out decides whether a record is created, so an
 * answer that may be cut short, or was not filtered, is a failure.
 *
 * One request when all values are found, one more when some are not: an API may read only one of repeated parameters,
 * or cut its answer. Values with a comma are looked up apart where commas join them.
 *
 * @throws RangeError on more values than `findBatchMaxOf`, or an empty one
 */
export const findRows = async (reading: RestReading, field: string, values: readonly string[]): Promise<FindReply> => {
  const unique = checkValues(field, values, findBatchMaxOf(reading));
  const byValue = new Map<string, readonly FoundRecord[]>();
  for (const batch of batchesOf(reading, unique)) {
    const found = await findBatch(reading, field, batch);
    if (found.kind === 'failed') return found;
    for (const [value, records] of found.byValue) byValue.set(value, records);
  }
  return { kind: 'found', byValue };
};

const batchesOf = ({ entity }: RestReading, values: readonly string[]): readonly (readonly string[])[] => {
  const apart = entity.findMany === 'comma' ? values.filter((value) => value.includes(',')) : [];
  const together = values.filter((value) => !apart.includes(value));
  return [...(together.length === 0 ? [] : [together]), ...apart.map((value) => [value])];
};

const findBatch = async (reading: RestReading, field: string, values: readonly string[]): Promise<FindReply> => {
  const found = await lookUp(reading, field, values);
  if (found.kind === 'failed') return found;
  const missing = values.filter((value) => !found.byValue.has(value));
  const doubted = doubtedOf(missing, found.byValue.size);
  if (values.length > 1 && doubted.length > 0) {
    const again = await lookUp(reading, field, doubted);
    if (again.kind === 'failed') return again;
    if (again.byValue.size > 0) {
      const key = reading.entity.findTemplate === undefined ? 'findMany' : 'findTemplate';
      return malformed(
        `Cannot look up ${reading.subject}: an answer for ${values.length} values left out ${again.byValue.size} of ${doubted.length} that are there; lower findBatchMax, or correct ${key}, in the contract`,
      );
    }
  }
  return { kind: 'found', byValue: found.byValue };
};

/**
 * What to ask for a second time. Where some were found, all the others. Where none was, one from the middle: the list
 * as a whole may not have been understood (Express drops a parameter that is repeated more than 20 times).
 */
const doubtedOf = (missing: readonly string[], found: number): readonly string[] =>
  found > 0 ? missing : missing.slice(Math.floor(missing.length / 2)).slice(0, 1);

const lookUp = async (
  reading: RestReading,
  field: string,
  values: readonly string[],
): Promise<({ readonly kind: 'found' } & Grouped) | Failed> => {
  const reply = await readWhole(reading, field, values);
  if (reply.kind === 'failed') return reply;
  const grouped = groupFound(reply.rows, { field, values, reader: reading.reader });
  if (grouped.withoutId > 0) return malformed(`Cannot look up ${reading.subject}: a row that was found has no ID`);
  if (grouped.foreign > 0 && !reply.isWhole) {
    return malformed(
      `Cannot look up ${reading.subject}: filter ignored; ${grouped.foreign} of ${reply.rows.length} rows hold none of the values of "${field}" asked for, and there may be more rows than those`,
    );
  }
  return { kind: 'found', ...grouped };
};

/** Reads the answer to a lookup, all pages of it. `isWhole`: these are certainly all the rows the system would give. */
const readWhole = async (reading: RestReading, field: string, values: readonly string[]): Promise<Whole | Failed> => {
  const { entity, subject } = reading;
  const query = [...pageQuery(reading, null, entity.pageSize), ...valueQuery(reading, field, values)];
  const rows: JsonValue[] = [];
  let reply = await getRows(reading, query);
  for (let pages = 1; pages <= FIND_PAGES_MAX; pages += 1) {
    if (reply.kind === 'failed') return reply;
    rows.push(...reply.rows);
    const more = await nextReply(reading, query, reply, rows.length);
    if (more.kind === 'none') return { kind: 'rows', rows, isWhole: more.isWhole };
    reply = more.reply;
  }
  return malformed(
    `Cannot look up ${subject}: the answer goes on after ${FIND_PAGES_MAX} pages; the filter may be ignored`,
  );
};

type More = { readonly kind: 'none'; readonly isWhole: boolean } | { readonly kind: 'more'; readonly reply: RowsReply };

const nextReply = async (
  reading: RestReading,
  query: Query,
  reply: Extract<RowsReply, { kind: 'rows' }>,
  count: number,
): Promise<More> => {
  const { paging, pageSizeParam, pageSize } = reading.entity;
  const isFull = pageSizeParam !== undefined && reply.rows.length >= pageSize;
  const isShort = !isFull && reply.rows.length < SERVER_PAGE_ROWS_MIN;
  switch (paging.style) {
    case 'keyset':
      return isFull
        ? {
            kind: 'more',
            reply: malformed(
              `Cannot look up ${reading.subject}: the answer fills a page of ${pageSize} rows and may be cut; raise pageSize, or lower findBatchMax, in the contract`,
            ),
          }
        : { kind: 'none', isWhole: isShort };
    case 'offset':
      // Whether rows follow is asked for, unless the answer is too short for any page limit.
      return isShort
        ? { kind: 'none', isWhole: true }
        : { kind: 'more', reply: await getRows(reading, [...query, [paging.param, String(count)]]) };
    case 'cursor':
    case 'link': {
      const next = nextPlace(reading, reply);
      if (next.kind === 'failed') return { kind: 'more', reply: next };
      if (next.place === null || reply.rows.length === 0) return { kind: 'none', isWhole: true };
      return {
        kind: 'more',
        reply: await (paging.style === 'cursor'
          ? getRows(reading, [...query, [paging.param, next.place]])
          : getLinkedRows(reading, next.place)),
      };
    }
  }
};

const valueQuery = ({ entity }: RestReading, field: string, values: readonly string[]): Query => {
  const name = entity.findParam.replaceAll('{field}', () => field);
  if (entity.findTemplate !== undefined) return [[name, fillTemplate(entity.findTemplate, field, values)]];
  switch (entity.findMany) {
    case 'repeat':
      return values.map((value) => [name, value] as const);
    case 'comma':
    case 'none':
      return [[name, values.join(',')]];
  }
};

/** In one pass, so that a key that looks like a placeholder stays a key; and as JSON, so that none ends its own quotes. */
const fillTemplate = (template: string, field: string, values: readonly string[]): string =>
  template.replaceAll(/\{(field|values)\}/g, (_placeholder, name) =>
    name === 'field' ? field : values.map((value) => JSON.stringify(value)).join(','),
  );
