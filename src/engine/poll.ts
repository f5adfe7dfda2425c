import { digestJson, digestText } from '../core/digest.ts';
import { compareInstants, type Instant } from '../core/instant.ts';
import {
  type DeliveryItem,
  type ObservedRecord,
  PAGE_RECORDS_MAX,
  PAYLOAD_BYTES_MAX,
} from '../core/protocol/cycle-routes.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import { type Checkpoint, type Cursor, furthest, sweepStart } from '../core/read/checkpoint.ts';
import { checkPageOrder } from '../core/read/page-order.ts';
import type { PageReply, SystemRecord } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import { type ContractCache, type DriverFactory, prepare, type Prepared, takeContract } from './contracts.ts';
import { filedId, observeRecord, observeUnusable } from './observe.ts';
import { withRetry } from './retry.ts';
import { remainingMs, type Runtime } from './runtime.ts';

/** Payload bytes handed out in one poll: an item carries them twice, and Zapier takes 6 MB. */
const EMIT_BYTES_MAX = PAYLOAD_BYTES_MAX + 500_000;
/** Payload bytes in one call to the store. */
const PART_BYTES_MAX = 6 * 1024 * 1024;
/** Time kept for handing out; no page is begun with less left. */
const EMIT_RESERVE_MS = 6000;
/** What one page may take at most in the reckoning; a system that is slower is read a page a poll. */
const PAGE_MS_MAX = 10_000;

export type PollPorts = {
  readonly store: StorePort;
  readonly contracts: ContractCache;
  readonly driver: DriverFactory;
  readonly runtime: Runtime;
};

export type PollRequest = {
  readonly sync: string;
  readonly stream: string;
  /** Most records to hand out; `delivery.emitMax` of the contract unless given. */
  readonly limit?: number;
  /** The Zap that polls, where it is known. */
  readonly zapId?: string | undefined;
};

export type PollResult =
  | {
      readonly kind: 'items';
      readonly prepared: Prepared;
      readonly traceId: string;
      readonly items: readonly DeliveryItem[];
      readonly waiting: number;
      /** Pages read from the source. */
      readonly pages: number;
      /** Why reading stopped before the end; what was read is kept and the next poll goes on there. */
      readonly failure: SystemFailure | null;
    }
  /** Another poll of this stream is at work; it hands out what there is. */
  | { readonly kind: 'busy' }
  /** Another Zap polls this stream: as its `owner`, of which this is the rival, or the other way round. Nothing was read. */
  | { readonly kind: 'contested'; readonly as: 'owner' | 'rival'; readonly zapId: string };

type Cycle = {
  readonly id: string;
  readonly fence: number;
  readonly checkpoint: Checkpoint;
  /** Upper bound of the read, frozen when the cycle began. */
  readonly bound: Instant;
};

type Sweep = {
  token: string | null;
  since: Instant | null;
  /** When the sweep began; a continued one began in an earlier cycle. */
  begunAt: Instant | null;
  cursor: Cursor | null;
  last: SystemRecord | undefined;
  /** Parts sent to the store so far: the number of the next. */
  part: number;
  pages: number;
  readonly seen: Set<string>;
};

type PageEnd =
  | { readonly kind: 'more' }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

const malformed = (reason: string): PageEnd => ({ kind: 'failed', failure: { kind: 'malformed', reason } });

const cursorOf = (record: SystemRecord | undefined): Cursor | null =>
  record === undefined ? null : { updatedAt: record.updatedAt, id: filedId(record.id) };

/**
 * The furthest record that may become the mark. A record dated after the frozen bound is delivered, but a mark set by
 * it (one row dated 2099 is enough) would leave every later change below the mark, unread.
 */
const markOf = (records: readonly SystemRecord[], bound: Instant): Cursor | null =>
  cursorOf(records.findLast(({ updatedAt }) => compareInstants(updatedAt, bound) <= 0));

/** Cuts a page into parts that fit one call to the store each; an empty page is one empty part. */
const partition = (records: readonly ObservedRecord[]): ObservedRecord[][] => {
  const parts: ObservedRecord[][] = [[]];
  let bytes = 0;
  for (const record of records) {
    const size = JSON.stringify(record.payload).length * 2;
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

type PollContext = { readonly ports: PollPorts; readonly prepared: Prepared; readonly cycle: Cycle };

const recordPage = async (context: PollContext, sweep: Sweep, page: ReadPage): Promise<void> => {
  const { ports, prepared, cycle } = context;
  const observed: ObservedRecord[] = page.unusable.map((row) => observeUnusable(row, sweep.pages));
  for (const record of page.records) observed.push((await observeRecord(prepared.mapping, record)).observed);
  const parts = partition(observed);
  const pageDigest = digestJson(observed.map(({ externalId, digest }) => [externalId, digest]));
  for (const [index, records] of parts.entries()) {
    const isLast = index === parts.length - 1;
    // Until the last part is in, a crash must read this page again: hence the token that led to it.
    const cursor = isLast ? furthest(sweep.cursor, markOf(page.records, cycle.bound)) : sweep.cursor;
    await ports.store.recordPage(
      { cycle: cycle.id },
      {
        fence: cycle.fence,
        page: sweep.part,
        tokenDigest: sweep.token === null ? null : digestText(sweep.token),
        pageDigest,
        rows: records.length,
        first: cursorOf(page.records[0]),
        last: cursorOf(page.records.at(-1)),
        records,
        fetched: { cursor, token: isLast ? page.nextToken : sweep.token, begunAt: sweep.begunAt },
      },
    );
    sweep.part += 1;
    sweep.cursor = cursor;
  }
};

const readPage = async (context: PollContext, sweep: Sweep): Promise<PageEnd> => {
  const { ports, prepared, cycle } = context;
  const { source } = prepared;
  const request = { since: sweep.since, token: sweep.token, pageSize: source.pageSize };
  const { reply } = await withRetry(ports.runtime, () => source.readPage(request));
  if (reply.kind === 'failed') return { kind: 'failed', failure: reply.failure };
  const where = `page ${sweep.pages + 1} of source "${prepared.bundle.source.name}"`;
  if (reply.nextToken !== null && sweep.seen.has(reply.nextToken)) {
    return malformed(
      `Cannot go on after ${where}: it gave a page token that it gave before, so its paging goes in a circle`,
    );
  }
  const order = checkPageOrder(reply.records, sweep.last);
  if (order.kind === 'out_of_order') {
    return malformed(
      `Cannot use ${where}: record ${order.position + 1} is older than the one before it; the source does not sort by update time as asked`,
    );
  }
  const last = reply.records.at(-1);
  const beyond = last !== undefined && compareInstants(last.updatedAt, cycle.bound) > 0;
  const page = beyond ? { ...reply, nextToken: null } : reply;
  await recordPage(context, sweep, page);
  sweep.pages += 1;
  sweep.last = last ?? sweep.last;
  if (page.nextToken === null) return { kind: 'end' };
  sweep.seen.add(page.nextToken);
  sweep.token = page.nextToken;
  return { kind: 'more' };
};

const beginSweep = (checkpoint: Checkpoint, overlapSeconds: number, bound: Instant): Sweep => {
  const start = sweepStart(checkpoint, overlapSeconds);
  const at =
    start.kind === 'continue'
      ? { token: start.token, since: null, begunAt: checkpoint.fetched.begunAt }
      : { token: null, since: start.since, begunAt: bound };
  return { ...at, cursor: checkpoint.fetched.cursor, last: undefined, part: 0, pages: 0, seen: new Set() };
};

/**
 * Reads pages until the source ends, the limit of pages or time is reached, or a page fails.
 *
 * A token kept from an earlier poll may have expired; the source then refuses it, and the sweep begins again at the
 * mark, which costs reading and loses nothing.
 */
const readPages = async (context: PollContext): Promise<{ sweep: Sweep; failure: SystemFailure | null }> => {
  const { ports, prepared, cycle } = context;
  const { overlapSeconds, pagesMax } = prepared.bundle.sync.read;
  let sweep = beginSweep(cycle.checkpoint, overlapSeconds, cycle.bound);
  const resumed = sweep.token !== null;
  let restarted = false;
  // The first page is always tried; another only while its slowest answer leaves the time to hand out.
  const pageMs = EMIT_RESERVE_MS + Math.min(prepared.bundle.source.limits.timeoutMs, PAGE_MS_MAX);
  while (sweep.pages === 0 || (sweep.pages < pagesMax && remainingMs(ports.runtime) > pageMs)) {
    const end = await readPage(context, sweep);
    if (end.kind === 'end') return { sweep, failure: null };
    if (end.kind === 'more') continue;
    if (!resumed || restarted || sweep.pages > 0 || end.failure.kind !== 'rejected') {
      return { sweep, failure: end.failure };
    }
    restarted = true;
    sweep = beginSweep(
      { ...cycle.checkpoint, fetched: { ...cycle.checkpoint.fetched, token: null } },
      overlapSeconds,
      cycle.bound,
    );
  }
  return { sweep, failure: null };
};

/**
 * One poll cycle: open, read page by page with a checkpoint at each, hand out.
 *
 * Makes 2 round trips to the store plus 1 per page (or part of a page beyond 1,000 records or 6 MB), and one request
 * to the source per page. Whatever ends it early, what was recorded stays and the next cycle goes on from there.
 *
 * @throws StoreError when the store refuses or cannot be reached
 */
export const poll = async (ports: PollPorts, request: PollRequest): Promise<PollResult> => {
  const { store, contracts, runtime } = ports;
  const { sync, stream, zapId = null } = request;
  const cycleId = runtime.newId();
  const known = contracts.get(sync);
  const opened = await store.openCycle({}, { cycleId, sync, stream, zapId, knownContract: known?.version ?? null });
  if (opened.kind === 'busy') return { kind: 'busy' };
  if (opened.kind === 'contested') return opened;
  const prepared = prepare(takeContract(contracts, sync, opened), ports.driver);
  const cycle = { id: cycleId, fence: opened.fence, checkpoint: opened.checkpoint, bound: opened.now };
  const { sweep, failure } = await readPages({ ports, prepared, cycle });
  const { emitMax } = prepared.bundle.sync.delivery;
  const out = await store.emit(
    { cycle: cycleId },
    {
      fence: cycle.fence,
      limit: request.limit ?? emitMax,
      bytesMax: EMIT_BYTES_MAX,
      failure: failure === null ? null : storableReason(failure.reason),
    },
  );
  return {
    kind: 'items',
    prepared,
    traceId: cycleId,
    items: out.items,
    waiting: out.waiting,
    pages: sweep.pages,
    failure,
  };
};
