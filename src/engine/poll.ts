import { compareInstants, shiftInstant } from '../core/instant.ts';
import { PAYLOAD_BYTES_MAX, type DeliveryItem } from '../core/protocol/cycle-routes.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import { scanWords } from '../core/read/scan-words.ts';
import type { Scan } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import { type ContractCache, type DriverFactory, prepare, type Prepared, takeContract } from './contracts.ts';
import { readSweep } from './read-sweep.ts';
import type { Runtime } from './runtime.ts';

/** Payload bytes handed out in one poll: an item carries them twice, and Zapier takes 6 MB. */
export const EMIT_BYTES_MAX = PAYLOAD_BYTES_MAX + 500_000;

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
      /** How the scan of the source stands, where its driver certifies that; null otherwise. */
      readonly scan: Scan | null;
      /** Why reading stopped before the end; what was read is kept and the next poll goes on there. */
      readonly failure: SystemFailure | null;
    }
  /** Another poll of this stream is at work; it hands out what there is. */
  | { readonly kind: 'busy' }
  /** Another Zap polls this stream: as its `owner`, of which this is the rival, or the other way round. Nothing was read. */
  | { readonly kind: 'contested'; readonly as: 'owner' | 'rival'; readonly zapId: string };

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
  const { fence, checkpoint, now } = opened;
  // What the source leaves out until it is old enough must not be passed.
  const until = shiftInstant(now, -(prepared.source.exclusionLagMs ?? 0));
  const mark = checkpoint.fetched.cursor?.updatedAt ?? until;
  // Another process of the store may have a clock that is a little ahead: no sweep may end before the mark of the last.
  const bound = compareInstants(mark, until) > 0 ? mark : until;
  const cycle = { id: cycleId, fence, checkpoint, bound };
  const { pages, scan, failure } = await readSweep({ ports, prepared, cycle });
  const { emitMax } = prepared.bundle.sync.delivery;
  const out = await store.emit(
    { cycle: cycleId },
    {
      fence: cycle.fence,
      limit: request.limit ?? emitMax,
      bytesMax: EMIT_BYTES_MAX,
      failure: failure === null ? null : storableReason(failure.reason),
      scan: scanWords(scan),
    },
  );
  return {
    kind: 'items',
    prepared,
    traceId: cycleId,
    items: out.items,
    waiting: out.waiting,
    pages,
    scan,
    failure,
  };
};
