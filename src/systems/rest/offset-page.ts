import { z } from 'zod';
import { canFilterSince } from '../../core/contract/rest/entity.ts';
import { compareInstants, type Instant } from '../../core/instant.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageReply, PageRequest } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import { rowDigest, type Rows } from '../row-reader.ts';
import { getRows, malformed, pageBindings, type RestReading } from './rest-reading.ts';
import { scanOf } from './scan.ts';
import { capFailure } from './window-cap.ts';

/** Steps back without a later update time in between, after which the source moves too much to be read by offset. */
export const STEPS_BACK_MAX = 5;
const MARK_CHARS = 32;

const stateSchema = z.strictObject({
  style: z.literal('offset'),
  /** Makes the tokens of a sweep differ, also after a step back. */
  step: z.int(),
  /** Where the count of rows begins: the start of the sweep, or the update time stepped back to. */
  since: instantText.nullable(),
  /** Rows before this time have been read; they come again where a filter is coarser than the times it compares. */
  floor: instantText.nullable(),
  /** Update time of the last row read; null before the first. */
  at: instantText.nullable(),
  /** Rows read since `since`. */
  offset: z.int(),
  /** The last row read, by ID and version; null at an offset of 0. */
  guard: z.string().nullable(),
  stepsBack: z.int(),
});
type State = z.infer<typeof stateSchema>;

/**
 * Reads by offset, and checks that no row moved. An offset counts rows that come and go: one deleted or updated behind
 * the reader moves all the others up, and one of them is never read.
 *
 * Each page after the first therefore begins with the last row of the page before. When that is not the same record in
 * the same version, reading steps back to its update time; rows that come twice do no harm. Without a filter on the
 * update time there is no way back, and the read fails as unstable.
 *
 * The source ends where nothing follows the last row; a page that is merely short proves nothing.
 */
export const readOffsetPage = async (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const { subject } = reading;
  const token = request.token === null ? undefined : readToken(stateSchema, request.token, subject);
  if (token?.kind === 'failed') return token;
  const stored = token?.state ?? begin(request);
  const state = withinCap(reading, stored, request.pageSize);
  if (state === undefined) return capFailure(reading, stored.offset);
  const overlap = state.guard === null ? 0 : 1;
  const bindings = {
    ...pageBindings(reading, state.since, request.pageSize + overlap),
    offset: state.offset - overlap,
  };
  const reply = await getRows(reading, reading.requests.list, { bindings });
  if (reply.kind === 'failed') return reply;
  const [first] = reply.rows;
  if (state.guard !== null && (first === undefined || guardOf(reading, first) !== state.guard)) {
    return stepBack(reading, state);
  }
  return afterPage(reading, state, { fresh: reply.rows.slice(overlap), json: reply.json });
};

/**
 * The state itself, or where the next page would pass the cap of a window, a new window that begins at the last update
 * time; undefined when that is where this one began.
 */
const withinCap = ({ entity }: RestReading, state: State, pageSize: number): State | undefined => {
  const { windowCap } = entity;
  if (windowCap === undefined || state.offset === 0 || state.offset + pageSize <= windowCap.rows) return state;
  if (!canFilterSince(entity) || !isLater(state.at, state.since) || state.at === null) return undefined;
  return { ...state, since: state.at, floor: state.at, offset: 0, guard: null };
};

const begin = ({ since }: PageRequest): State => ({
  style: 'offset',
  step: 0,
  since,
  floor: null,
  at: null,
  offset: 0,
  guard: null,
  stepsBack: 0,
});

/** Names a row in its version. A row that cannot be read is named by all of it. */
const guardOf = ({ reader }: RestReading, row: JsonValue): string => {
  const record = isJsonObject(row) ? reader.toRecord(row) : undefined;
  return rowDigest(record === undefined ? row : [record.id, record.updatedAt]).slice(0, MARK_CHARS);
};

type Fresh = { readonly fresh: readonly JsonValue[]; readonly json: JsonValue };

const afterPage = (reading: RestReading, state: State, { fresh, json }: Fresh): PageReply => {
  const read = reading.reader.read(fresh);
  const { floor } = state;
  const rows: Rows = {
    records:
      floor === null ? read.records : read.records.filter(({ updatedAt }) => compareInstants(updatedAt, floor) >= 0),
    unusable: read.unusable,
  };
  const lastRow = fresh.at(-1);
  if (lastRow === undefined) {
    return pageWith(
      rows,
      null,
      reading.subject,
      scanOf(reading, { rows: state.offset, total: null, doubt: null }, json),
    );
  }
  const at = rows.records.at(-1)?.updatedAt ?? state.at;
  const next: State = {
    ...state,
    step: state.step + 1,
    at,
    offset: state.offset + fresh.length,
    guard: guardOf(reading, lastRow),
    stepsBack: isLater(at, state.at) ? 0 : state.stepsBack,
  };
  return pageWith(rows, next, reading.subject);
};

const isLater = (at: Instant | null, before: Instant | null): boolean =>
  at !== null && (before === null || compareInstants(at, before) > 0);

const stepBack = (reading: RestReading, state: State): PageReply => {
  const { entity, subject } = reading;
  if (!canFilterSince(entity)) {
    return malformed(
      `Cannot read on ${subject}: it is unstable; rows moved while it was read by offset, and without sinceParam there is no way back`,
    );
  }
  if (state.stepsBack >= STEPS_BACK_MAX) {
    return malformed(
      `Cannot read on ${subject}: it is unstable; rows moved ${STEPS_BACK_MAX + 1} times while those of one update time were read by offset`,
    );
  }
  const since = state.at ?? state.since;
  const next: State = {
    ...state,
    step: state.step + 1,
    since,
    floor: state.at,
    offset: 0,
    guard: null,
    stepsBack: state.stepsBack + 1,
  };
  return pageWith({ records: [], unusable: [] }, next, subject);
};
