import { z } from 'zod';
import { compareInstants, type Instant, instantFromMs } from '../../core/instant.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageReply, PageRequest, Scan } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import type { Rows } from '../row-reader.ts';
import type { Bindings } from './fill-template.ts';
import { nextPlace } from './next-place.ts';
import {
  getLinkedRows,
  getRows,
  malformed,
  pageBindings,
  type RestReading,
  type RowsReply,
  totalIn,
} from './rest-reading.ts';
import { doubtOf, scanOf } from './scan.ts';
import { capFailure, capIn, isCapError, isPlateau } from './window-cap.ts';

/** Pages without a row in a row, after which following on is taken for going in a circle. */
export const EMPTY_PAGES_MAX = 100;

const stateSchema = z.strictObject({
  style: z.enum(['cursor', 'link', 'page']),
  /** Where the window begins. */
  since: instantText.nullable(),
  /** The system's own cursor, the path and query of its link, or the number of the page; null for a first page. */
  place: z.string().nullable(),
  empty: z.int(),
  /** Update time of the last row read; null before the first. */
  at: instantText.nullable().default(null),
  /** Rows of this window so far. */
  rows: z.int().default(0),
  /** Rows that the API counted at the first page of this window; null where it does not say. */
  total: z.int().nullable().default(null),
  /** Windows before this one, which tell the tokens of a sweep apart. */
  window: z.int().default(0),
  /** When the window began by the clock of the API, in seconds; null where rows keep their places. */
  frozenAt: instantText.nullable().default(null),
  doubt: z.enum(['short_page', 'count_disagrees', 'page_numbers']).nullable().default(null),
});
export type FollowState = z.infer<typeof stateSchema>;

/**
 * Reads by what the system itself gives to go on with: a cursor or a link in the body, a link in the header, or a page
 * number. Ends when it gives none, or the same one again after an empty page; an empty page alone is no end, for a
 * system that filters after paging gives such pages.
 *
 * A window that reaches the cap of the API is no end: another begins at the last update time. Where none can, the read
 * fails and names the cap.
 *
 * Whether rows can be lost between pages is up to the system: a link that counts pages is an offset in disguise.
 */
export const readFollowedPage = async (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const token = request.token === null ? undefined : readToken(stateSchema, request.token, reading.subject);
  if (token?.kind === 'failed') return token;
  const state = token?.state ?? beginAt(reading, request.since, null);
  const reply = await read(reading, state, request.pageSize);
  if (reply.kind === 'failed') {
    const isCapped = isCapError(reading, state.rows + request.pageSize, reply.failure);
    return isCapped ? nextWindow(reading, state, { records: [], unusable: [] }) : reply;
  }
  return afterPage(reading, request, state, reply);
};

const beginAt = ({ entity }: RestReading, since: Instant | null, before: FollowState | null): FollowState => {
  const { style } = entity.paging;
  return {
    style: style === 'link' || style === 'page' ? style : 'cursor',
    since,
    place: null,
    empty: 0,
    at: before?.at ?? null,
    rows: 0,
    total: null,
    window: before === null ? 0 : before.window + 1,
    frozenAt: null,
    doubt: before?.doubt ?? null,
  };
};

/** When a window was frozen: the Date header of its first page. */
const frozenAtOf = ({ entity }: RestReading, before: FollowState, headers: Headers): Instant | null => {
  const { paging } = entity;
  if ((paging.style !== 'cursor' && paging.style !== 'link') || paging.isFrozen !== true) return null;
  const firstMs = Date.parse(headers.get('date') ?? '');
  return before.frozenAt ?? (Number.isNaN(firstMs) ? null : instantFromMs(firstMs));
};

/**
 * Leaves out rows changed since the window was frozen, which stand where they stood before. No mark is set beyond them,
 * so that the next scan begins before them.
 */
const unmoved = (rows: Rows, frozenAt: Instant | null): Rows =>
  frozenAt === null
    ? rows
    : { ...rows, records: rows.records.filter(({ updatedAt }) => compareInstants(updatedAt, frozenAt) < 0) };

const afterPage = (
  reading: RestReading,
  { pageSize }: PageRequest,
  before: FollowState,
  reply: Extract<RowsReply, { kind: 'rows' }>,
): PageReply => {
  const { subject } = reading;
  const next = nextPlace(reading, reply, before.place);
  if (next.kind === 'failed') return next;
  const frozenAt = frozenAtOf(reading, before, reply.headers);
  const rows = unmoved(sorted(reading, before.since, reading.reader.read(reply.rows)), frozenAt);
  const count = reply.rows.length;
  const state: FollowState = {
    ...before,
    frozenAt,
    empty: count === 0 ? before.empty + 1 : 0,
    rows: isCounted(reading) ? before.rows + count : 0,
    total: before.total ?? totalIn(reading, reply.json) ?? null,
    at: rows.records.at(-1)?.updatedAt ?? before.at,
    doubt: before.doubt ?? doubtOf(reading, { count, pageSize, asked: reply.href, next: next.place }),
  };
  const isCut = capIn(reading, state.rows, reply.json) || (next.place === null && isPlateau(reading, reply.json));
  if (isCut) return nextWindow(reading, state, rows);
  const isSame = next.place === before.place;
  if (next.place === null || (count === 0 && isSame)) {
    return pageWith(rows, null, subject, scanOf(reading, state, reply.json));
  }
  if (isSame) {
    return malformed(
      `Cannot read on ${subject}: a page with rows gives the ${next.style} that led to it as the next one`,
    );
  }
  if (goesRound(state, pageSize)) {
    return malformed(`Cannot read on ${subject}: it gave ${state.rows} rows, and counts ${state.total} of them`);
  }
  if (state.empty > EMPTY_PAGES_MAX) {
    return malformed(`Cannot read on ${subject}: ${state.empty} pages in a row were empty`);
  }
  // With each page from there on: whoever reads may end before the scan does.
  const doubt: Scan | undefined = state.doubt === null ? undefined : { kind: 'unstable', because: state.doubt };
  return pageWith(rows, { ...state, style: next.style, place: next.place }, subject, doubt);
};

/** Rows are counted only where something is held against them: a token that counts is never given twice. */
const isCounted = ({ entity }: RestReading): boolean => entity.windowCap !== undefined || entity.totalAt !== undefined;

/** Rows are added while they are read, but not as many again as there were. */
const goesRound = ({ rows, total }: FollowState, pageSize: number): boolean =>
  total !== null && rows > 2 * total + pageSize;

/** Goes on in a new window that begins at the last update time, which must be later than that of the one before. */
const nextWindow = (reading: RestReading, state: FollowState, rows: Rows): PageReply => {
  const isOnward = state.at !== null && (state.since === null || compareInstants(state.at, state.since) > 0);
  if (!isOnward) return capFailure(reading, state.rows);
  return pageWith(rows, beginAt(reading, state.at, state), reading.subject);
};

/** A whole list comes in an order of its own, and from its beginning. */
const sorted = ({ entity }: RestReading, since: Instant | null, rows: Rows): Rows =>
  entity.paging.style === 'whole'
    ? {
        records: rows.records
          .filter(({ updatedAt }) => since === null || updatedAt >= since)
          .toSorted((a, b) => compareInstants(a.updatedAt, b.updatedAt)),
        unusable: rows.unusable,
      }
    : rows;

const read = (reading: RestReading, state: FollowState, pageSize: number): Promise<RowsReply> => {
  if (state.style === 'link' && state.place !== null) return getLinkedRows(reading, state.place);
  const { paging } = reading.entity;
  const place: Bindings =
    paging.style === 'page'
      ? { page: Number(state.place ?? paging.first) }
      : state.place === null
        ? {}
        : { cursor: state.place };
  const bindings = { ...pageBindings(reading, state.since, pageSize), ...place };
  return getRows(reading, reading.requests.list, { bindings });
};
