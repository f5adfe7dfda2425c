import { mentions } from '../../core/contract/rest/check-template.ts';
import { canFilterSince } from '../../core/contract/rest/entity.ts';
import { compareInstants } from '../../core/instant.ts';
import type { PageReply, PageRequest } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import type { Rows } from '../row-reader.ts';
import { edgeOf, freshRecords, NO_EDGE } from './keyset-edge.ts';
import { beginKeyset, isFinerThanFilter, keysetBindings, type KeysetState, keysetState } from './keyset-state.ts';
import { getRows, malformed, type RestReading, SERVER_PAGE_ROWS_MIN } from './rest-reading.ts';

/** The most rows asked for in one page while looking for the end of a tie. */
export const TIE_PAGE_ROWS_MAX = 5000;
const TIE_GROWTH = 4;
/** Pages of one tie that could not be told from those before, after which reading does not get on. */
export const TIE_AGAIN_MAX = 8;

/** A page as it came, and the state that asked for it. */
type Step = {
  readonly reading: RestReading;
  readonly state: KeysetState;
  readonly rows: Rows;
  /** Rows in the reply, of any kind. */
  readonly count: number;
  readonly pageSize: number;
};

/**
 * Reads by key: each page starts at the update time of the last row read, and rows already read at that time are
 * dropped. Nothing that changes behind the reader can push a row out of its way.
 *
 * The source ends where a page brings no new row. Inside a tie wider than a page there is none either, so that is
 * ruled out first: by walking the tie by ID, by larger pages, by a page known to have been wider. Where it cannot be
 * ruled out the read fails.
 */
export const readKeysetPage = async (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const { entity, subject } = reading;
  if (!canFilterSince(entity)) {
    return malformed(`Cannot read ${subject}: paging by keyset needs sinceParam, or {since} in requests.list`);
  }
  const token = request.token === null ? undefined : readToken(keysetState, request.token, subject);
  if (token?.kind === 'failed') return token;
  const state = token?.state ?? beginKeyset(request);
  const reply = await getRows(reading, reading.requests.list, { bindings: keysetBindings(reading, state) });
  if (reply.kind === 'failed') return reply;
  const rows = reading.reader.read(reply.rows);
  const step = { reading, state, rows, count: reply.rows.length, pageSize: request.pageSize };
  switch (state.mode) {
    case 'page':
    case 'past':
      return afterPage(step);
    case 'tie':
      return afterTie(step);
    case 'probe':
      return afterProbe(step);
  }
};

const goOn = ({ reading, state }: Step, rows: Rows, change: Partial<KeysetState>): PageReply =>
  pageWith(rows, { ...state, ...change, step: state.step + 1 }, reading.subject);

const end = ({ reading }: Step, rows: Rows): PageReply => pageWith(rows, null, reading.subject, { kind: 'complete' });

/** The ID that the walk of a tie begins behind; undefined where the list cannot be asked for a tie by ID. */
const tieStart = ({ reading }: Step, lastTied: string | undefined): string | undefined => {
  const { paging } = reading.entity;
  if (paging.style !== 'keyset' || (paging.afterIdParam === undefined && paging.tie === undefined)) return undefined;
  return paging.tieFrom ?? lastTied;
};

const afterPage = (step: Step): PageReply => {
  const { reading, state, rows, count, pageSize } = step;
  const records = freshRecords(rows.records, state.at, state.edge);
  const last = records.at(-1);
  if (last === undefined) return count === 0 ? end(step, rows) : afterNothingNew(step);
  const at = last.updatedAt;
  const walkFrom = isOneTie(step) ? tieStart(step, undefined) : undefined;
  if (walkFrom !== undefined) {
    return goOn(step, { records, unusable: rows.unusable }, { mode: 'tie', at, edge: NO_EDGE, afterId: walkFrom });
  }
  const isOnward = state.at === null || compareInstants(at, state.at) > 0;
  // Where the source has no order inside a tie, a page that is full can bring other rows of it for ever.
  const isBlind = !isOnward && state.edge.kind === 'set';
  if (isBlind && state.again >= TIE_AGAIN_MAX) return tooWide(step);
  return goOn(
    step,
    { records, unusable: rows.unusable },
    {
      mode: 'page',
      at,
      edge: edgeOf(rows.records, at, isOnward ? NO_EDGE : state.edge),
      size: isOnward ? pageSize : isBlind && isFullPage(step) ? grown(state.size) : state.size,
      again: isOnward ? 0 : state.again + (isBlind ? 1 : 0),
      widest: Math.max(state.widest, count),
      isFine: state.isFine || rows.records.some((record) => isFinerThanFilter(reading, record)),
    },
  );
};

/** True for a full page of one update time: more of its rows may follow, in any order. */
const isOneTie = (step: Step): boolean => {
  const [first] = step.rows.records;
  return isFullPage(step) && first?.updatedAt === step.rows.records.at(-1)?.updatedAt;
};

/** True where the system gave all the rows that it was asked for, so that there may be more. */
const isFullPage = ({ reading, state, count }: Step): boolean => takesSize(reading) && count >= state.size;

const takesSize = ({ requests }: RestReading): boolean => mentions(requests.list, 'pageSize');

const grown = (size: number): number => Math.min(size * TIE_GROWTH, TIE_PAGE_ROWS_MAX);

/** The page had rows, all of them known: the end, or the inside of a tie. */
const afterNothingNew = (step: Step): PageReply => {
  const { state, count } = step;
  const rows = { records: [], unusable: step.rows.unusable };
  const isFull = isFullPage(step);
  if (state.at === null) return afterNoRecord(step, isFull);
  // A page that could have had more rows was not cut off; and no server gives pages of one row.
  if (!isFull && (count === 1 || count < state.widest)) return end(step, rows);
  // Behind a tie the filter still lets the tie through: it is coarser than the times it compares.
  if (state.mode === 'past') return tooWide(step);
  const lastTied = step.rows.records.findLast(({ updatedAt }) => updatedAt === state.at);
  const walkFrom = lastTied === undefined ? undefined : tieStart(step, lastTied.id);
  if (walkFrom !== undefined) return goOn(step, rows, { mode: 'tie', edge: NO_EDGE, afterId: walkFrom });
  if (!isFull) return goOn(step, rows, { mode: 'probe', stuck: count });
  if (state.size >= TIE_PAGE_ROWS_MAX) return tooWide(step);
  return goOn(step, rows, { mode: 'page', size: grown(state.size) });
};

const afterNoRecord = (step: Step, isFull: boolean): PageReply =>
  isFull || step.count >= SERVER_PAGE_ROWS_MIN
    ? malformed(
        `Cannot read ${step.reading.subject}: a page of ${step.count} rows has none with an ID and an update time`,
      )
    : end(step, step.rows);

/**
 * A page from the very beginning of the source: when it is wider than the one that brought nothing new, that one was
 * not cut off. When all there is are the rows of that one, only their number tells a small source from a small page.
 */
const afterProbe = (step: Step): PageReply => {
  const { state, rows, count } = step;
  const nothing = { records: [], unusable: [] };
  if (count > state.stuck) return end(step, nothing);
  const isAllTied = rows.records.every(({ updatedAt }) => updatedAt === state.at);
  return isAllTied && count < SERVER_PAGE_ROWS_MIN ? end(step, nothing) : tooWide(step);
};

const tooWide = ({ reading, state, count }: Step): PageReply => {
  const remedy = !takesSize(reading)
    ? 'set afterIdParam or pageSizeParam'
    : 'set afterIdParam, or a pageSize that the system grants';
  return malformed(
    `Cannot read on ${reading.subject}: more rows may share the update time ${state.at ?? ''} than fit a page of ${count}; ${remedy} in the contract`,
  );
};

/** A page of rows with a greater ID: those at the time of the tie are new, later ones lack the smaller IDs. */
const afterTie = (step: Step): PageReply => {
  const { reading, state, rows, count } = step;
  const records = rows.records.filter(({ updatedAt }) => updatedAt === state.at);
  const last = records.at(-1);
  if (last !== undefined) {
    return isAscending([state.afterId, ...records.map(({ id }) => id)])
      ? goOn(step, { records, unusable: rows.unusable }, { afterId: last.id, widest: Math.max(state.widest, count) })
      : malformed(
          `Cannot read on ${reading.subject}: rows of one update time do not come in the order of their IDs, or afterIdParam is ignored`,
        );
  }
  const isBehind = rows.records.some(({ updatedAt }) => state.at !== null && updatedAt < state.at);
  if (isBehind || state.isFine) return tooWide(step);
  return goOn(step, { records: [], unusable: rows.unusable }, { mode: 'past', edge: NO_EDGE });
};

/** True unless the IDs visibly go back or repeat. How a system orders text is its own affair; how it orders numbers is not. */
const isAscending = (ids: readonly string[]): boolean => {
  if (new Set(ids).size < ids.length) return false;
  if (!ids.every((id) => /^\d{1,30}$/.test(id))) return true;
  const goesUp = (isLess: (a: string, b: string) => boolean): boolean =>
    ids.every((id, index) => index === 0 || isLess(ids[index - 1] ?? '', id));
  return goesUp((a, b) => BigInt(a) < BigInt(b)) || goesUp((a, b) => a < b);
};
