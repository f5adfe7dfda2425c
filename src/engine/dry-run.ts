import { compareInstants, type Instant } from '../core/instant.ts';
import { type ObservedRecord, recordPage as recordPageRoute } from '../core/protocol/cycle-routes.ts';
import type { CheckpointName, NamedCheckpoint } from '../core/protocol/dry-run-routes.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import { WRITES_MAX } from '../core/protocol/write-routes.ts';
import type { Checkpoint } from '../core/read/checkpoint.ts';
import { chunked } from './chunked.ts';
import { type DriverFactory, prepare, type Prepared } from './contracts.ts';
import { type DryRunRecord, previewRecords } from './preview-records.ts';
import { readSweep } from './read-sweep.ts';
import type { Runtime } from './runtime.ts';

/** Pages of one dry run, also where they bring nothing. */
export const DRY_RUN_PAGES_MAX = 10_000;

export type DryRunPorts = {
  readonly store: Pick<StorePort, 'openDryRun' | 'previewWrites'>;
  readonly driver: DriverFactory;
  /** Made anew for each page: each has its own time. */
  readonly runtime: () => Runtime;
  /** True once somebody wants it to end: it ends after the page that it is at. */
  readonly isStopped: () => boolean;
  readonly onPage: (progress: { readonly pages: number; readonly records: number }) => void;
};

export type DryRunRequest = {
  readonly requestId: string;
  readonly sync: string;
  readonly stream: string;
  readonly from: CheckpointName;
  readonly to: CheckpointName;
  /** Version of the contract; null for that of now. */
  readonly contract: string | null;
  /** Most records looked at. */
  readonly limit: number;
};

export type DryRunReport = {
  readonly contractVersion: string;
  readonly from: NamedCheckpoint;
  readonly to: NamedCheckpoint;
  readonly evidenceId: string;
  /** In the order of the source; of one that was read twice the later look. */
  readonly records: readonly DryRunRecord[];
  /** `complete`: all that the source shows of the stretch now. Else what was looked at before it ended, and why. */
  readonly end:
    | { readonly kind: 'complete' }
    | { readonly kind: 'limit' | 'stopped' | 'failed'; readonly reason: string };
};

type Page = {
  readonly records: readonly ObservedRecord[];
  readonly checkpoint: Checkpoint;
  /** Why it ended early; null where it did not. */
  readonly failure: string | null;
};

type Stretch = { readonly since: Instant | null; readonly bound: Instant };

/** Where the reading begins: at the update time of the earlier checkpoint, or at the start of the stream. */
const sinceOf = (from: NamedCheckpoint, startAt: Instant | null): Instant | null => {
  const mark = from.mark?.updatedAt ?? null;
  if (mark === null || startAt === null) return mark ?? startAt;
  return compareInstants(mark, startAt) > 0 ? mark : startAt;
};

/** Reads one page, as a poll would, and records it nowhere. */
const readPage = async (
  prepared: Prepared,
  runtime: Runtime,
  checkpoint: Checkpoint,
  { bound }: Stretch,
): Promise<Page> => {
  const records: ObservedRecord[] = [];
  let after = checkpoint;
  const store: Pick<StorePort, 'recordPage'> = {
    recordPage: (_params, request) => {
      const page = recordPageRoute.request.parse(request);
      records.push(...page.records);
      after = { ...after, fetched: page.fetched };
      return Promise.resolve({ checkpointVersion: 0, opened: 0, unchanged: 0, late: 0 });
    },
  };
  const cycle = { id: runtime.newId(), fence: 0, checkpoint, bound };
  const { failure } = await readSweep({ ports: { store, runtime }, prepared, cycle });
  return { records, checkpoint: after, failure: failure === null ? null : storableReason(failure.reason) };
};

/** Rows that cannot be ordered are of every stretch: they have no time. */
const isWithin = ({ state, updatedAt }: ObservedRecord, { since, bound }: Stretch): boolean =>
  state === 'refused' ||
  (compareInstants(updatedAt, bound) <= 0 && (since === null || compareInstants(updatedAt, since) >= 0));

const limitReason = (limit: number): string =>
  `The limit of ${limit} records was reached: name checkpoints closer together, or a higher limit`;

/**
 * Looks at what a stream would write if it read again from one of its checkpoints to another: reads the source a page at
 * a time up to the later one, maps and validates by the contract, asks the store what it would answer, reads the target,
 * and goes through the writes on a target that only records them.
 *
 * Writes nothing to the target, opens no obligation and moves no checkpoint; the store keeps one entry of evidence. A
 * record that has changed again since is outside the stretch: a source shows only how it is now.
 *
 * Round trips to the store: 1, and 1 for each hundred records; to the source 1 a page, to the target 1 for each
 * `findBatchMax` records.
 *
 * @throws StoreError when the store refuses or cannot be reached
 */
export const dryRun = async (ports: DryRunPorts, request: DryRunRequest): Promise<DryRunReport> => {
  const { sync, stream, requestId, from, to, contract, limit } = request;
  const opened = await ports.store.openDryRun({ sync, stream }, { requestId, from, to, contract });
  const { bundle } = opened;
  const read = { ...bundle.sync.read, pagesMax: 1 };
  const prepared = prepare({ ...bundle, sync: { ...bundle.sync, read } }, ports.driver);
  const bound = opened.to.mark?.updatedAt;
  if (bound === undefined) throw new Error('Cannot make a dry run: the store gave a later checkpoint without a mark');
  const stretch = { since: sinceOf(opened.from, opened.startAt), bound };
  const records = new Map<string, DryRunRecord>();
  const end = await readStretch(ports, { prepared, stretch, limit, stream, records });
  const { from: earlier, to: later, evidenceId } = opened;
  return { contractVersion: bundle.version, from: earlier, to: later, evidenceId, records: [...records.values()], end };
};

type Reading = {
  readonly prepared: Prepared;
  readonly stretch: Stretch;
  readonly limit: number;
  readonly stream: string;
  /** By external ID: what was found so far. */
  readonly records: Map<string, DryRunRecord>;
};

const startOf = ({ since }: Stretch): Checkpoint => ({
  version: 0,
  startAt: since,
  fetched: { cursor: null, token: null, begunAt: null, sweep: null },
  committed: null,
});

/** Looks at the records of a page. Gives why it ended before their end; undefined where it did not. */
const lookAt = async (
  ports: DryRunPorts,
  reading: Reading,
  wanted: readonly ObservedRecord[],
): Promise<string | undefined> => {
  const { prepared, stream, records } = reading;
  for (const batch of chunked(wanted, WRITES_MAX)) {
    const looked = await previewRecords({ store: ports.store, runtime: ports.runtime() }, { prepared, stream }, batch);
    if (looked.kind === 'failed') return looked.reason;
    for (const one of looked.records) {
      records.delete(one.externalId);
      records.set(one.externalId, one);
    }
  }
  return undefined;
};

const readStretch = async (ports: DryRunPorts, reading: Reading): Promise<DryRunReport['end']> => {
  const { prepared, stretch, limit, records } = reading;
  let checkpoint = startOf(stretch);
  for (let pages = 1; pages <= DRY_RUN_PAGES_MAX; pages += 1) {
    const page = await readPage(prepared, ports.runtime(), checkpoint, stretch);
    const wanted = page.records.filter((one) => isWithin(one, stretch));
    const left = limit - records.size;
    const failure = (await lookAt(ports, reading, wanted.slice(0, left))) ?? page.failure;
    ports.onPage({ pages, records: records.size });
    if (failure !== null) return { kind: 'failed', reason: failure };
    checkpoint = page.checkpoint;
    const isOver = checkpoint.fetched.token === null;
    const isCut = wanted.length > left || (!isOver && records.size >= limit);
    if (isCut) return { kind: 'limit', reason: limitReason(limit) };
    if (isOver) return { kind: 'complete' };
    if (ports.isStopped()) return { kind: 'stopped', reason: 'It was stopped' };
  }
  return { kind: 'limit', reason: `${DRY_RUN_PAGES_MAX} pages were read: name checkpoints closer together` };
};
