import { answerAt } from '../../core/answer-path.ts';
import { mentions } from '../../core/contract/rest/check-template.ts';
import type { RequestTemplate } from '../../core/contract/rest/template.ts';
import { isJsonObject, type JsonValue, valueAt } from '../../core/json.ts';
import type { FindReply, FoundRecord } from '../../core/system/entity-driver.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { checkValues } from '../check-values.ts';
import { type Grouped, groupFound } from '../group-found.ts';
import { scalarText } from '../row-reader.ts';
import { selectOf } from './constants.ts';
import { codeIn } from './dialect.ts';
import { type Bindings, fillText } from './fill-template.ts';
import { nextPlace } from './next-place.ts';
import { isSplitByComma } from './quote.ts';
import { findBatchMaxOf } from './requests-of.ts';
import {
  getLinkedRows,
  getRows,
  malformed,
  type RestReading,
  type RowsReply,
  SERVER_PAGE_ROWS_MIN,
} from './rest-reading.ts';

/** Pages of one lookup; more is a filter that does not filter. */
export const FIND_PAGES_MAX = 20;

type Failed = { readonly kind: 'failed'; readonly failure: SystemFailure };
type Whole = { readonly kind: 'rows'; readonly rows: readonly JsonValue[]; readonly isWhole: boolean };

/** What is looked up: by which request, and what of a row the field is a part of. */
export type Lookup = {
  readonly template: RequestTemplate;
  readonly field: string;
  /** Look-ups of a target give the fields of a row, those by ID the row as it was read. */
  readonly gives: 'fields' | 'row';
};

/**
 * Looks records up by the values of one field. What the answer leaves out decides whether a record is created, so an
 * answer that may be cut short, or was not filtered, is a failure.
 *
 * One request when all values are found, one more when some are not: an API may read only one of repeated parameters,
 * or cut its answer. Values with a comma are looked up apart where commas join them.
 *
 * @throws RangeError on more values than `findBatchMaxOf`, or an empty one
 */
export const findRows = async (reading: RestReading, lookup: Lookup, values: readonly string[]): Promise<FindReply> => {
  const unique = checkValues(lookup.field, values, findBatchMaxOf(reading.entity));
  const byValue = new Map<string, readonly FoundRecord[]>();
  for (const batch of batchesOf(lookup, unique)) {
    const found = await findBatch(reading, lookup, batch);
    if (found.kind === 'failed') return found;
    for (const [value, records] of found.byValue) byValue.set(value, records);
  }
  return { kind: 'found', byValue };
};

/**
 * Looks whether a record holds a value in another case, and none holds it as it is: an API that tells case apart
 * nowhere would take the two for one.
 */
export const findOtherCase = async (
  reading: RestReading,
  lookup: Lookup,
  value: string,
): Promise<{ readonly kind: 'found'; readonly isThere: boolean } | Failed> => {
  const found = await lookUp(reading, lookup, checkValues(lookup.field, [value], 1));
  return found.kind === 'failed' ? found : { kind: 'found', isThere: found.loose > 0 && found.byValue.size === 0 };
};

const batchesOf = ({ template }: Lookup, values: readonly string[]): readonly (readonly string[])[] => {
  if (template.isOne === true) return values.map((value) => [value]);
  const apart = isSplitByComma(template.quote) ? values.filter((value) => value.includes(',')) : [];
  const together = values.filter((value) => !apart.includes(value));
  return [...(together.length === 0 ? [] : [together]), ...apart.map((value) => [value])];
};

const findBatch = async (reading: RestReading, lookup: Lookup, values: readonly string[]): Promise<FindReply> => {
  const found = await lookUp(reading, lookup, values);
  if (found.kind === 'failed') return found;
  const missing = values.filter((value) => !found.byValue.has(value));
  const doubted = doubtedOf(missing, found.byValue.size);
  if (values.length > 1 && doubted.length > 0) {
    const again = await lookUp(reading, lookup, doubted);
    if (again.kind === 'failed') return again;
    if (again.byValue.size > 0) {
      const { requests, findTemplate } = reading.entity;
      const key =
        requests.find === undefined ? (findTemplate === undefined ? 'findMany' : 'findTemplate') : 'requests.find';
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
  lookup: Lookup,
  values: readonly string[],
): Promise<({ readonly kind: 'found' } & Grouped) | Failed> => {
  const { field, gives } = lookup;
  const reply = await readWhole(reading, lookup, values);
  if (reply.kind === 'failed') return reply;
  const { fieldsAt, versionAt } = reading.entity;
  const keyAt = gives === 'fields' && field === reading.externalIdField ? externalIdAtOf(reading) : undefined;
  const grouped = groupFound(reply.rows, {
    field,
    values,
    reader: reading.reader,
    ...(gives === 'row' || fieldsAt === undefined
      ? {}
      : {
          fieldsOf: (row) => {
            const fields = valueAt(row, fieldsAt);
            return isJsonObject(fields) ? fields : {};
          },
        }),
    ...(keyAt === undefined ? {} : { keyIn: (row) => answerAt(row, keyAt) }),
    ...(versionAt === undefined ? {} : { versionOf: (row) => scalarText(answerAt(row, versionAt)) }),
  });
  if (grouped.withoutId > 0) return malformed(`Cannot look up ${reading.subject}: a row that was found has no ID`);
  if (grouped.foreign > 0 && !reply.isWhole) {
    return malformed(
      `Cannot look up ${reading.subject}: filter ignored; ${grouped.foreign} of ${reply.rows.length} rows hold none of the values of "${field}" asked for, and there may be more rows than those`,
    );
  }
  return { kind: 'found', ...grouped };
};

/** The path of the external ID in a row, filled; undefined where it is the field of that name. */
const externalIdAtOf = ({ entity, constants }: RestReading): string | undefined =>
  entity.externalIdAt === undefined ? undefined : fillText(entity.externalIdAt, constants, (_name, value) => value);

const bindingsOf = ({ field, template }: Lookup, values: readonly string[], pageSize: number): Bindings => ({
  pageSize,
  field,
  fieldName: field.split('.').at(-1) ?? field,
  // Joined by its own commas, a value apart would be escaped for nothing.
  values,
  ...(values.length === 1 ? { value: values[0] ?? '' } : {}),
  ...(mentions(template, 'offset') ? { offset: 0 } : {}),
});

/** Reads the answer to a lookup, all pages of it. `isWhole`: these are certainly all the rows the system would give. */
const readWhole = async (reading: RestReading, lookup: Lookup, values: readonly string[]): Promise<Whole | Failed> => {
  const { entity, subject } = reading;
  const { template } = lookup;
  const items = values.map((value) => ({ value }));
  const own = {
    ...bindingsOf(lookup, values, entity.pageSize),
    ...selectOf(reading, lookup.gives === 'fields' ? lookup.field : undefined),
  };
  const ask = (more: Bindings): Promise<RowsReply> =>
    getRows(reading, template, { bindings: { ...own, ...more }, items });
  const rows: JsonValue[] = [];
  let reply = await ask({});
  let place: string | null = null;
  for (let pages = 1; pages <= FIND_PAGES_MAX; pages += 1) {
    if (reply.kind === 'failed') return reply;
    const trouble = errorBeside(template, reply.json);
    if (trouble !== undefined) {
      return malformed(`Cannot look up ${subject}: an error stands beside the rows (${trouble})`);
    }
    rows.push(...reply.rows);
    const more = await nextReply(reading, { template, ask, place }, reply, rows.length);
    if (more.kind === 'none') return { kind: 'rows', rows, isWhole: more.isWhole };
    reply = more.reply;
    place = more.place ?? null;
  }
  return malformed(
    `Cannot look up ${subject}: the answer goes on after ${FIND_PAGES_MAX} pages; the filter may be ignored`,
  );
};

/** The code of an error in a list of them that says more than that there is no such record. */
const errorBeside = ({ errors }: RequestTemplate, json: JsonValue): string | undefined => {
  const listed = errors === undefined ? undefined : answerAt(json, errors.at);
  if (errors === undefined || !Array.isArray(listed)) return undefined;
  return listed
    .map((one: JsonValue) => codeIn(one, errors.codeAt) ?? 'without a code')
    .find((code) => !errors.missing.includes(code));
};

type More =
  | { readonly kind: 'none'; readonly isWhole: boolean }
  | { readonly kind: 'more'; readonly reply: RowsReply; readonly place?: string };

type Asking = {
  readonly template: RequestTemplate;
  readonly ask: (more: Bindings) => Promise<RowsReply>;
  readonly place: string | null;
};

const nextReply = async (
  reading: RestReading,
  { template, ask, place }: Asking,
  reply: Extract<RowsReply, { kind: 'rows' }>,
  count: number,
): Promise<More> => {
  const { paging, pageSize } = reading.entity;
  const isFull = mentions(template, 'pageSize') && reply.rows.length >= pageSize;
  const isShort = !isFull && reply.rows.length < SERVER_PAGE_ROWS_MIN;
  if (paging.style === 'offset' && mentions(template, 'offset')) {
    // Whether rows follow is asked for, unless the answer is too short for any page limit.
    return isShort ? { kind: 'none', isWhole: true } : { kind: 'more', reply: await ask({ offset: count }) };
  }
  if (paging.style === 'whole') return { kind: 'none', isWhole: true };
  // An answer without a place for the next link is none of those that lead on by one.
  const isLinked =
    paging.style === 'link' && (paging.nextAt === undefined || answerAt(reply.json, paging.nextAt) !== undefined);
  const isFollowed = isLinked || (isFollowable(paging.style) && mentions(template, paging.style));
  if (!isFollowed) {
    return isFull
      ? {
          kind: 'more',
          reply: malformed(
            `Cannot look up ${reading.subject}: the answer fills a page of ${pageSize} rows and may be cut; raise pageSize, or lower findBatchMax, in the contract`,
          ),
        }
      : { kind: 'none', isWhole: isShort };
  }
  const next = nextPlace(reading, reply, place);
  if (next.kind === 'failed') return { kind: 'more', reply: next };
  if (next.place === null || reply.rows.length === 0) return { kind: 'none', isWhole: true };
  switch (next.style) {
    case 'cursor':
      return { kind: 'more', reply: await ask({ cursor: next.place }), place: next.place };
    case 'page':
      return { kind: 'more', reply: await ask({ page: Number(next.place) }), place: next.place };
    case 'link':
      return { kind: 'more', reply: await getLinkedRows(reading, next.place), place: next.place };
  }
};

const isFollowable = (style: string): style is 'cursor' | 'page' => style === 'cursor' || style === 'page';
