import { z } from 'zod';
import type { RestEntity } from '../../core/contract/rest/entity.ts';
import { answerAt } from '../../core/answer-path.ts';
import { compareInstants, formatInstant, type Instant, instantFromMs, instantToMs } from '../../core/instant.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageReply, PageRequest, Scan, SystemRecord } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import { type Rows, scalarText } from '../row-reader.ts';
import { holds } from './dialect.ts';
import { getRows, malformed, pageBindings, type RestReading } from './rest-reading.ts';

/** The smallest window. Rows inside one share their time, as far as the filter can tell, so that any order will do. */
const STEP_MS = 1000;
const DAY_MS = 86_400_000;
const GROWTH = 2;

const stateSchema = z.strictObject({
  style: z.literal('newest-first'),
  /** Makes the tokens of a sweep differ. */
  step: z.int(),
  /** Where the sweep began. */
  since: instantText.nullable(),
  /** The window: from here on, and before there; null for an open end. */
  from: instantText.nullable(),
  until: instantText.nullable(),
  /** The last row read of a window of one step. */
  place: z.string().nullable(),
  /** Update time of the newest row seen: windows reach no further, but for the last. */
  head: instantText.nullable(),
});
type State = z.infer<typeof stateSchema>;

type Paging = Extract<RestEntity['paging'], { style: 'newest-first' }>;

/**
 * Reads a list that begins with the newest row, oldest rows first: in windows of time, each of which must fit a page. A
 * window that does not is halved, and gives nothing; the next one after a window that does is twice as wide. A window of
 * one second is walked by its cursor.
 *
 * Of several rows of one record with one time, only the newest stands.
 *
 * Where the API forgets (`retentionDays`), a scan from the beginning is no proof of what there is: `truncated`.
 */
export const readNewestFirstPage = async (
  reading: RestReading,
  paging: Paging,
  request: PageRequest,
): Promise<PageReply> => {
  const { subject } = reading;
  const token = request.token === null ? undefined : readToken(stateSchema, request.token, subject);
  if (token?.kind === 'failed') return token;
  const state = token?.state ?? begin(request);
  const { from, until, place } = state;
  const bindings = {
    ...pageBindings(reading, from, request.pageSize),
    ...(until === null ? {} : { until: timeOf(reading, until) }),
    ...(place === null ? {} : { cursor: place }),
  };
  const reply = await getRows(reading, reading.requests.list, { bindings });
  if (reply.kind === 'failed') return reply;
  const rows = reading.reader.read(reply.rows);
  const head = rows.records[0]?.updatedAt ?? state.head;
  const next = { ...state, head: later(head, state.head), step: state.step + 1 };
  if (!holds(paging.more, reply.json)) return afterWindow(reading, next, oldestFirst(rows));
  const last = scalarText(answerAt(reply.rows.at(-1), paging.cursorField));
  if (last === undefined || last === place) {
    return malformed(`Cannot read on ${subject}: there is more, and the last row has no new "${paging.cursorField}"`);
  }
  return isOneStep(next)
    ? pageWith(oldestFirst(rows), { ...next, place: last }, subject)
    : halve(reading, next, rows.records);
};

const begin = ({ since }: PageRequest): State => ({
  style: 'newest-first',
  step: 0,
  since,
  from: since,
  until: null,
  place: null,
  head: null,
});

const timeOf = ({ entity }: RestReading, at: Instant): string => formatInstant(at, entity.sinceAs ?? entity.timestamp);

const later = (a: Instant | null, b: Instant | null): Instant | null =>
  a === null || (b !== null && compareInstants(b, a) > 0) ? b : a;

const isOneStep = ({ from, until }: State): boolean =>
  from !== null && until !== null && instantToMs(until) - instantToMs(from) <= STEP_MS;

const floored = (ms: number): number => Math.floor(ms / STEP_MS) * STEP_MS;

const afterWindow = (reading: RestReading, state: State, rows: Rows): PageReply => {
  const { from, until, head } = state;
  if (until === null) return pageWith(rows, null, reading.subject, scanOf(reading, state));
  const untilMs = instantToMs(until);
  const widthMs = from === null ? DAY_MS : (untilMs - instantToMs(from)) * GROWTH;
  const isLast = head === null || untilMs + widthMs > instantToMs(head);
  const next = { ...state, from: until, until: isLast ? null : instantFromMs(untilMs + widthMs), place: null };
  return pageWith(rows, next, reading.subject);
};

/** A window that ends earlier. What is read of the wider one is read again, in its turn. */
const halve = (reading: RestReading, state: State, records: readonly SystemRecord[]): PageReply => {
  const oldest = records.at(-1)?.updatedAt;
  if (oldest === undefined) {
    return malformed(`Cannot read ${reading.subject}: a page has no row with an ID and an update time`);
  }
  const oldestMs = instantToMs(oldest);
  const { retentionDays } = reading.entity;
  const keptFromMs = retentionDays === undefined ? 0 : Math.max(0, oldestMs - retentionDays * DAY_MS);
  const fromMs = floored(state.from === null ? keptFromMs : instantToMs(state.from));
  const untilMs = Math.max(floored((fromMs + oldestMs) / 2), fromMs + STEP_MS);
  return pageWith({ records: [], unusable: [] }, { ...state, until: instantFromMs(untilMs) }, reading.subject);
};

const oldestFirst = ({ records, unusable }: Rows): Rows => {
  const newest = new Map<string, SystemRecord>();
  // From the oldest on, so that the newer of two with one time takes the place of the older.
  for (const record of records.toReversed()) newest.set(`${record.updatedAt} ${record.id}`, record);
  return { records: [...newest.values()].toSorted((a, b) => compareInstants(a.updatedAt, b.updatedAt)), unusable };
};

const scanOf = ({ entity }: RestReading, { since }: State): Scan =>
  since === null && entity.retentionDays !== undefined ? { kind: 'truncated', because: 'cap' } : { kind: 'complete' };
