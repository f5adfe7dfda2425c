import { digestJson } from '../core/digest.ts';
import { compareInstants, type Instant } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import type { ReconcileResult } from '../core/protocol/reconcile-routes.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import { sourceOwned } from '../core/mapping/target-owned.ts';
import { sequenceWindowTrouble, isBySequence } from '../core/read/sequence.ts';
import { compareRecord, type Comparison, projectTarget } from '../core/reconcile/compare.ts';
import type { ScanEnd } from '../core/reconcile/verdict.ts';
import type { Cursor } from '../core/read/checkpoint.ts';
import { scanWords } from '../core/read/scan-words.ts';
import { checkPageOrder } from '../core/read/page-order.ts';
import type { EntityDriver, FoundRecord, PageReply, SystemRecord } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import { type ContractCache, type DriverFactory, prepare, type Prepared, takeContract } from './contracts.ts';
import { filedId, observeRecord } from './observe.ts';
import { withRetry } from './retry.ts';
import { remainingMs, type Runtime } from './runtime.ts';

/** No page is begun with less time left: a page of 500 records needs its read, its lookups and its slice. */
export const SLICE_RESERVE_MS = 8000;

/** Look-ups under way at once in one call. */
export const LOOKUPS_AT_ONCE = 4;
/** Rounds of look-ups for one page. */
export const ROUNDS_A_SLICE = 20;

/** Characters of payloads for the repair in one slice, of at most three bytes each: the store takes 12 MB a call. */
const REPAIR_CHARS_MAX = 3_500_000;

export type ReconcilePorts = {
  readonly store: StorePort;
  readonly contracts: ContractCache;
  readonly driver: DriverFactory;
  readonly runtime: Runtime;
};

export type ReconcileWindow =
  | { readonly kind: 'contract' }
  | { readonly kind: 'hours'; readonly hours: number }
  | { readonly kind: 'between'; readonly from: Instant; readonly to: Instant | null };

export type ReconcileRequest = {
  readonly sync: string;
  readonly stream: string;
  /** `to` null for now less the settle time; a window in hours ends there too. */
  readonly window: ReconcileWindow;
  /** Null for the policy of the contract. */
  readonly repair: boolean | null;
};

type Lookup =
  | { readonly kind: 'found'; readonly byValue: ReadonlyMap<string, readonly FoundRecord[]> }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

type Wanted = {
  readonly record: SystemRecord;
  readonly fields: JsonObject;
  readonly digest: string;
  /** Null for a record that validation holds back. */
  readonly payload: JsonObject | null;
};

type Judged = { readonly wanted: Wanted; readonly comparison: Comparison; readonly targetDigest: string };

type Window = { readonly from: Instant; readonly to: Instant };

type SliceRequest = Parameters<StorePort['recordSlice']>[1];
type Difference = SliceRequest['differences'][number];

type Find = (batch: readonly string[]) => ReturnType<EntityDriver['find']>;

/**
 * Looks keys up in batches, a few at once: one after the other, a page of 500 keys at 20 a request would be mostly
 * waiting. The first failure ends it.
 */
const lookUp = async (runtime: Runtime, batchMax: number, ids: readonly string[], find: Find): Promise<Lookup> => {
  const byValue = new Map<string, readonly FoundRecord[]>();
  const width = batchMax * LOOKUPS_AT_ONCE;
  for (let start = 0; start < ids.length; start += width) {
    const batches: (readonly string[])[] = [];
    for (let at = start; at < Math.min(start + width, ids.length); at += batchMax) {
      batches.push(ids.slice(at, at + batchMax));
    }
    const found = await Promise.all(batches.map((batch) => withRetry(runtime, () => find(batch))));
    for (const { reply } of found) {
      if (reply.kind === 'failed') return reply;
      for (const [value, records] of reply.byValue) byValue.set(value, records);
    }
  }
  return { kind: 'found', byValue };
};

const findOnTarget = (prepared: Prepared, runtime: Runtime, ids: readonly string[]): Promise<Lookup> => {
  const { target, bundle } = prepared;
  return lookUp(runtime, target.findBatchMax, ids, (batch) => target.find(bundle.sync.target.externalIdField, batch));
};

const want = async (prepared: Prepared, record: SystemRecord): Promise<Wanted> => {
  const { fields, observed } = await observeRecord(prepared.mapping, record);
  return { record, fields, digest: observed.digest, payload: observed.state === 'ready' ? fields : null };
};

const judge = (prepared: Prepared, wanted: Wanted, found: readonly FoundRecord[]): Judged => {
  const projections = found.map(({ body }) => projectTarget(prepared.bundle.sync, prepared.mapping, body));
  const compared = sourceOwned(prepared.bundle.sync, wanted.fields);
  return { wanted, comparison: compareRecord(compared, projections), targetDigest: digestJson([...projections]) };
};

const differenceOf = ({ wanted, comparison }: Judged): Difference | undefined => {
  if (comparison.kind === 'matched') return undefined;
  return {
    externalId: filedId(wanted.record.id),
    updatedAt: wanted.record.updatedAt,
    digest: wanted.digest,
    kind: comparison.kind,
    fields: comparison.kind === 'changed' ? [...comparison.fields] : [],
    payload: wanted.payload,
  };
};

/** Leaves out payloads beyond what one call carries: those records are named now, and repaired by a later run. */
const withinLimit = (differences: readonly Difference[]): Difference[] => {
  let chars = 0;
  return differences.map((difference) => {
    chars += JSON.stringify(difference.payload).length;
    return chars > REPAIR_CHARS_MAX ? { ...difference, payload: null } : difference;
  });
};

type Slice =
  | {
      readonly kind: 'judged';
      readonly judged: readonly Judged[];
      /** Differing records that the source did not show a second time: nothing is proven of them. */
      readonly vanished: number;
    }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

const compareAll = async (prepared: Prepared, runtime: Runtime, records: readonly SystemRecord[]): Promise<Slice> => {
  const targets = await findOnTarget(
    prepared,
    runtime,
    records.map(({ id }) => id),
  );
  if (targets.kind === 'failed') return targets;
  const judged: Judged[] = [];
  for (const record of records) {
    judged.push(judge(prepared, await want(prepared, record), targets.byValue.get(record.id) ?? []));
  }
  return { kind: 'judged', judged, vanished: 0 };
};

/**
 * Reads the records that differ a second time, on both sides: one that changed between the read of its page and the
 * lookup on the target looked different and is not. What left the window meanwhile belongs to the next run.
 */
const lookAgain = async (
  prepared: Prepared,
  runtime: Runtime,
  window: Window,
  first: readonly Judged[],
): Promise<Slice> => {
  const differing = first.filter(({ comparison }) => comparison.kind !== 'matched');
  if (differing.length === 0) return { kind: 'judged', judged: first, vanished: 0 };
  const ids = differing.map(({ wanted }) => wanted.record.id);
  const { source } = prepared;
  const fresh = await lookUp(runtime, source.findBatchMax, ids, (batch) => source.readByIds(batch));
  if (fresh.kind === 'failed') return fresh;
  const records: SystemRecord[] = [];
  let vanished = 0;
  for (const { wanted } of differing) {
    const [found] = fresh.byValue.get(wanted.record.id) ?? [];
    const record = found === undefined ? undefined : source.toRecord(found.body);
    if (record === undefined) vanished += 1;
    else if (compareInstants(record.updatedAt, window.to) <= 0) records.push(record);
  }
  const second = await compareAll(prepared, runtime, records);
  if (second.kind === 'failed') return second;
  return {
    kind: 'judged',
    judged: [...first.filter(({ comparison }) => comparison.kind === 'matched'), ...second.judged],
    vanished,
  };
};

type Scan = {
  token: string | null;
  last: Cursor | null;
  slice: number;
  previous: SystemRecord | undefined;
  readonly seen: Set<string>;
};

type Progress = Pick<SliceRequest, 'end' | 'endReason'>;

type ComparedPage = { readonly judged: readonly Judged[]; readonly unusable: number; readonly progress: Progress };

const sliceOf = (scan: Scan, fence: number, page: ComparedPage): SliceRequest => {
  const { judged, unusable, progress } = page;
  const sorted = judged.toSorted((a, b) => (a.wanted.record.id < b.wanted.record.id ? -1 : 1));
  return {
    fence,
    slice: scan.slice,
    source: judged.length,
    matched: judged.filter(({ comparison }) => comparison.kind === 'matched').length,
    unusable,
    sourceDigest: digestJson(sorted.map(({ wanted }) => [wanted.record.id, wanted.digest])),
    targetDigest: digestJson(sorted.map(({ wanted, targetDigest }) => [wanted.record.id, targetDigest])),
    differences: withinLimit(judged.flatMap((one) => differenceOf(one) ?? [])),
    token: scan.token,
    last: scan.last,
    ...progress,
  };
};

type Page = Extract<PageReply, { kind: 'page' }>;

/** What the order and tokens of a page say of the scan; undefined when nothing is wrong. */
const pageTrouble = (scan: Scan, page: Page): string | undefined => {
  if (page.nextToken !== null && scan.seen.has(page.nextToken)) return 'the source gave a page token a second time';
  return checkPageOrder(page.records, scan.previous).kind === 'out_of_order'
    ? 'the source does not sort by update time as asked'
    : undefined;
};

const endOf = (end: ScanEnd | null, endReason: string | null): Progress => ({
  end,
  endReason: endReason === null ? null : storableReason(endReason),
});

type SliceContext = {
  readonly ports: ReconcilePorts;
  readonly prepared: Prepared;
  readonly runId: string;
  readonly fence: number;
  readonly window: Window;
};

const stop = (context: SliceContext, scan: Scan, end: ScanEnd, reason: string): Promise<ReconcileResult> =>
  context.ports.store.recordSlice(
    { run: context.runId },
    sliceOf(scan, context.fence, { judged: [], unusable: 0, progress: endOf(end, reason) }),
  );

/** The records of a page that the window takes in, each once: a source may give one twice, and the later one counts. */
const recordsIn = (window: Window, records: readonly SystemRecord[]): SystemRecord[] => {
  const within = records.filter(
    ({ updatedAt }) => compareInstants(updatedAt, window.from) >= 0 && compareInstants(updatedAt, window.to) <= 0,
  );
  return [...new Map(within.map((record) => [record.id, record])).values()];
};

/** A page whose look-ups fit into one call, also on a target that takes one key a request. */
const slicePageSize = ({ source, target }: Prepared): number =>
  Math.min(source.pageSize, target.findBatchMax * LOOKUPS_AT_ONCE * ROUNDS_A_SLICE);

const runSlice = async (context: SliceContext, scan: Scan): Promise<ReconcileResult> => {
  const { ports, prepared, window } = context;
  const { runtime } = ports;
  const request = { since: window.from, token: scan.token, pageSize: slicePageSize(prepared) };
  const { reply } = await withRetry(runtime, () => prepared.source.readPage(request));
  if (reply.kind === 'failed') return stop(context, scan, 'truncated', reply.failure.reason);
  const trouble = pageTrouble(scan, reply);
  if (trouble !== undefined) return stop(context, scan, 'unstable', trouble);
  const first = await compareAll(prepared, runtime, recordsIn(window, reply.records));
  const judged = first.kind === 'failed' ? first : await lookAgain(prepared, runtime, window, first.judged);
  if (judged.kind === 'failed') return stop(context, scan, 'truncated', judged.failure.reason);
  const last = reply.records.at(-1);
  const beyond = last !== undefined && compareInstants(last.updatedAt, window.to) > 0;
  const isEnd = reply.nextToken === null || beyond;
  scan.token = isEnd ? null : reply.nextToken;
  scan.last = last === undefined ? scan.last : { updatedAt: last.updatedAt, id: filedId(last.id) };
  scan.previous = last ?? scan.previous;
  if (reply.nextToken !== null) scan.seen.add(reply.nextToken);
  const progress = isEnd ? endOf(reply.scan?.kind ?? 'complete', scanWords(reply.scan ?? null)) : endOf(null, null);
  const compared = { judged: judged.judged, unusable: reply.unusable.length + judged.vanished, progress };
  const slice = sliceOf(scan, context.fence, compared);
  const result = await ports.store.recordSlice({ run: context.runId }, slice);
  scan.slice += 1;
  return result;
};

/**
 * A window run: every key that the source says changed in the window is point-read on the target by external ID, and
 * the two projections are compared. Trusts no checkpoint.
 *
 * Makes 1 round trip to the store plus 1 per page of the source; per page 1 request to the source and 1 to the target
 * per `findBatchMax` records. When the call's time ends first, the result is `running` and the next call with the
 * same input goes on from the last slice.
 *
 * @throws StoreError when the store refuses or cannot be reached
 */
export const reconcile = async (ports: ReconcilePorts, request: ReconcileRequest): Promise<ReconcileResult> => {
  const { store, contracts, runtime } = ports;
  const known = contracts.get(request.sync)?.version ?? null;
  const run = await store.openReconciliation({}, { ...request, runId: runtime.newId(), knownContract: known });
  const prepared = prepare(takeContract(contracts, request.sync, run), ports.driver);
  const context = {
    ports,
    prepared,
    runId: run.runId,
    fence: run.fence,
    window: { from: run.windowFrom, to: run.windowTo },
  };
  const scan: Scan = { token: run.token, last: run.last, slice: run.slice, previous: undefined, seen: new Set() };
  const trouble = isBySequence(prepared.bundle) ? sequenceWindowTrouble(run.windowFrom) : undefined;
  if (trouble !== undefined) return stop(context, scan, 'truncated', trouble);
  for (;;) {
    const result = await runSlice(context, scan);
    if (result.state === 'finished' || remainingMs(runtime) < SLICE_RESERVE_MS) return result;
  }
};
