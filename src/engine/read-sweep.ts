import { digestJson, digestText } from '../core/digest.ts';
import { compareInstants, type Instant } from '../core/instant.ts';
import { type ObservedRecord, PAGE_RECORDS_MAX } from '../core/protocol/cycle-routes.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import {
  type Checkpoint,
  type Cursor,
  furthest,
  type ReadAgain,
  type SweepState,
  sweepStart,
} from '../core/read/checkpoint.ts';
import { checkPageOrder } from '../core/read/page-order.ts';
import { isBySequence, sequencePlaceTrouble } from '../core/read/sequence.ts';
import { followToken, NO_TOKENS, type TokenTrail } from '../core/read/token-trail.ts';
import type { DeletedRow, PageReply, Scan } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import type { Prepared } from './contracts.ts';
import { filedId, type Observation, observeRecord, observeUnusable } from './observe.ts';
import { withRetry } from './retry.ts';
import { remainingMs, type Runtime } from './runtime.ts';

/** Payload bytes in one call to the store. */
const PART_BYTES_MAX = 6 * 1024 * 1024;
/** Time kept for handing out; no page is begun with less left. */
export const EMIT_RESERVE_MS = 6000;
/** What one page may take at most in the reckoning; a system that is slower is read a page a poll. */
const PAGE_MS_MAX = 10_000;

type Cycle = {
  readonly id: string;
  readonly fence: number;
  readonly checkpoint: Checkpoint;
  /** Upper bound of the read, frozen when the cycle began. */
  readonly bound: Instant;
};

type Sweep = {
  token: string | null;
  /** When the sweep began; a continued one began in an earlier cycle. */
  readonly begunAt: Instant | null;
  /** The furthest record read, which becomes the mark. */
  mark: Cursor | null;
  state: SweepState;
  /** Parts sent to the store so far: the number of the next. */
  part: number;
  /** Pages read in this cycle. */
  pages: number;
  /** What the driver said of the scan last; null where it said nothing. */
  scan: Scan | null;
};

type PageEnd =
  | { readonly kind: 'more' }
  | { readonly kind: 'end' }
  /** `isPlaceLost` when the token leads nowhere, so that only another sweep gets on. */
  | { readonly kind: 'failed'; readonly failure: SystemFailure; readonly isPlaceLost: boolean };

const malformed = (reason: string, isPlaceLost = false): PageEnd => ({
  kind: 'failed',
  failure: { kind: 'malformed', reason },
  isPlaceLost,
});

/** Where a row stands, be it a record or the deletion of one. */
const cursorOf = (record: DeletedRow | undefined): Cursor | null =>
  record === undefined ? null : { updatedAt: record.updatedAt, id: filedId(record.id) };

/**
 * The furthest record that may become the mark. A record dated after the frozen bound is delivered, but a mark set by
 * it (one row dated 2099 is enough) would leave every later change below the mark, unread.
 */
const markOf = (records: readonly DeletedRow[], bound: Instant): Cursor | null =>
  cursorOf(records.findLast(({ updatedAt }) => compareInstants(updatedAt, bound) <= 0));

/** What is recorded of a row, and the characters of its payload. */
type Sized = Pick<Observation, 'observed' | 'chars'>;

/** Cuts a page into parts that fit one call to the store each; an empty page is one empty part. */
const partition = (records: readonly Sized[]): ObservedRecord[][] => {
  const parts: ObservedRecord[][] = [[]];
  let bytes = 0;
  for (const { observed: record, chars } of records) {
    const size = chars * 2;
    const current = parts.at(-1) ?? [];
    if (current.length >= PAGE_RECORDS_MAX || (current.length > 0 && bytes + size > PART_BYTES_MAX)) {
      parts.push([record]);
      bytes = size;
    } else {
      current.push(record);
      bytes += size;
    }
  }
  return parts;
};

type ReadPage = Extract<PageReply, { kind: 'page' }>;

type Context = {
  readonly ports: { readonly store: Pick<StorePort, 'recordPage'>; readonly runtime: Runtime };
  readonly prepared: Prepared;
  readonly cycle: Cycle;
};

/** Where the next sweep begins, if this one ends with that mark. */
const nextStart = ({ prepared, cycle }: Context, { begunAt }: Sweep, mark: Cursor | null): Instant | null => {
  const fetched = { ...cycle.checkpoint.fetched, cursor: mark, token: null, begunAt };
  const start = sweepStart({ ...cycle.checkpoint, fetched }, prepared.bundle.sync.read);
  return start.kind === 'begin' ? start.since : null;
};

const recordPage = async (context: Context, sweep: Sweep, page: ReadPage, trail: TokenTrail): Promise<void> => {
  const { ports, prepared, cycle } = context;
  const { deleted = [] } = page;
  const rows: Sized[] = page.unusable.map((row) => ({ observed: observeUnusable(row, sweep.pages), chars: 0 }));
  for (const record of page.records) rows.push(await observeRecord(prepared.mapping, record));
  const parts = partition(rows);
  const pageDigest = digestJson([
    ...rows.map(({ observed: { externalId, digest } }) => [externalId, digest]),
    ...deleted.map(({ id }) => [filedId(id), 'deleted']),
  ]);
  const last = furthest(cursorOf(page.records.at(-1)), cursorOf(deleted.at(-1)));
  // Until the last part is in, a crash must read this page again: hence the place that led to it.
  const before = { mark: sweep.mark, token: sweep.token, state: sweep.state };
  const after = {
    mark: [page.records, deleted].map((rows) => markOf(rows, cycle.bound)).reduce(furthest, sweep.mark),
    token: page.nextToken,
    state: { ...sweep.state, last: last ?? sweep.state.last, trail },
  };
  for (const [index, records] of parts.entries()) {
    const place = index === parts.length - 1 ? after : before;
    // Counted with the last part, as the mark is moved by it.
    const gone = place === after ? deleted.length : 0;
    await ports.store.recordPage(
      { cycle: cycle.id },
      {
        fence: cycle.fence,
        page: sweep.part,
        tokenDigest: before.token === null ? null : digestText(before.token),
        pageDigest,
        rows: records.length + gone,
        deleted: gone,
        first: cursorOf(page.records[0]),
        last,
        records,
        fetched: { cursor: place.mark, token: place.token, begunAt: sweep.begunAt, sweep: place.state },
        edge: {
          contract: prepared.bundle.version,
          keepFrom: nextStart(context, sweep, place.mark),
          bound: cycle.bound,
          isOver: place === after && after.token === null,
        },
      },
    );
    sweep.part += 1;
  }
  Object.assign(sweep, after);
};

const readPage = async (context: Context, sweep: Sweep): Promise<PageEnd> => {
  const { ports, prepared, cycle } = context;
  const { source } = prepared;
  const { token, state } = sweep;
  const request = { since: token === null ? state.since : null, token, pageSize: source.pageSize };
  const { reply } = await withRetry(ports.runtime, () => source.readPage(request));
  sweep.scan = reply.scan ?? sweep.scan;
  if (reply.kind === 'failed') return { ...reply, isPlaceLost: reply.failure.kind === 'rejected' };
  const where = `page ${sweep.pages + 1} of source "${prepared.bundle.source.name}"`;
  const followed = reply.nextToken === null ? state.trail : followToken(state.trail, reply.nextToken);
  if (followed === 'circle') {
    return malformed(
      `Cannot go on after ${where}: it gave a page token that it gave before, so its paging goes in a circle; correct the paging in the system's contract`,
      true,
    );
  }
  // A page that goes back behind the one before it may be the fault of the place it was read from.
  const order = checkPageOrder(reply.records, state.last ?? undefined);
  if (order.kind === 'out_of_order') {
    return malformed(
      `Cannot use ${where}: record ${order.position + 1} is older than the one before it; the source does not sort by update time as asked`,
      order.position === 0,
    );
  }
  const last = reply.records.at(-1);
  const beyond = last !== undefined && compareInstants(last.updatedAt, cycle.bound) > 0;
  const page = beyond ? { ...reply, nextToken: null } : reply;
  await recordPage(context, sweep, page, followed);
  sweep.pages += 1;
  return { kind: page.nextToken === null ? 'end' : 'more' };
};

/** The sweep that goes on, or the one that begins. */
const takeUp = (checkpoint: Checkpoint, again: ReadAgain, { bound, newId }: Begin): Sweep => {
  const start = sweepStart(checkpoint, again);
  const { cursor: mark, begunAt, sweep } = checkpoint.fetched;
  const state = { id: newId(), since: null, last: null, trail: NO_TOKENS };
  const both = { mark, part: 0, pages: 0, scan: null };
  return start.kind === 'continue'
    ? { ...both, token: start.token, begunAt, state: sweep ?? state }
    : { ...both, token: null, begunAt: bound, state: { ...state, since: start.since } };
};

/** What one cycle read. */
type SweepRead = Pick<Sweep, 'pages' | 'scan'> & { readonly failure: SystemFailure | null };

type Begin = { readonly bound: Instant; readonly newId: () => string };

/**
 * Reads pages until the source ends, the limit of pages or time is reached, or a page fails.
 *
 * A token kept from an earlier poll may have expired, or lead back into a circle; the sweep then begins again at the
 * mark, which costs reading and loses nothing.
 */
export const readSweep = async (context: Context): Promise<SweepRead> => {
  const { ports, prepared, cycle } = context;
  const { read } = prepared.bundle.sync;
  const { checkpoint, bound } = cycle;
  const { newId } = ports.runtime;
  let sweep = takeUp(checkpoint, read, { bound, newId });
  const trouble = isBySequence(prepared.bundle) ? sequencePlaceTrouble(sweep.state.since) : undefined;
  if (trouble !== undefined) {
    const reason = `Cannot read source "${prepared.bundle.source.name}": ${trouble}`;
    return { pages: 0, scan: null, failure: { kind: 'malformed', reason } };
  }
  let mayRestart = sweep.token !== null;
  let failure: SystemFailure | null = null;
  // The first page is always tried; another only while its slowest answer leaves the time to hand out.
  const pageMs = EMIT_RESERVE_MS + Math.min(prepared.bundle.source.limits.timeoutMs, PAGE_MS_MAX);
  while (sweep.pages === 0 || (sweep.pages < read.pagesMax && remainingMs(ports.runtime) > pageMs)) {
    const end = await readPage(context, sweep);
    if (end.kind === 'end') break;
    if (end.kind === 'more') continue;
    if (!mayRestart || sweep.pages > 0 || !end.isPlaceLost) {
      return { pages: sweep.pages, scan: sweep.scan, failure: end.failure };
    }
    mayRestart = false;
    // An expired token is nobody's fault; paging that goes in a circle is said, even where reading goes on.
    if (end.failure.kind !== 'rejected') failure = end.failure;
    const fetched = { ...checkpoint.fetched, token: null };
    sweep = takeUp({ ...checkpoint, fetched }, read, { bound, newId });
  }
  return { pages: sweep.pages, scan: sweep.scan, failure };
};
