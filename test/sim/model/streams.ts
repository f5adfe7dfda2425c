import { contractFor } from '../../../src/core/contract/bundle.ts';
import { compareInstants } from '../../../src/core/instant.ts';
import type { ObligationState } from '../../../src/core/obligation/obligation-state.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { type Cursor, startInstant } from '../../../src/core/read/checkpoint.ts';
import { type CycleState, cycleState, decideCycle } from '../../../src/core/read/cycle-lease.ts';
import { isBySequence, sequenceStartTrouble } from '../../../src/core/read/sequence.ts';
import { decidePoll } from '../../../src/core/read/stream-owner.ts';
import { currentBundle } from './contracts.ts';
import { appendEvidence } from './evidence.ts';
import type { Operation } from './operation.ts';
import { releaseHeld } from './held-release.ts';
import { NO_OWNER, ownPolling, ownSwitchedOn } from './owners.ts';
import { comparePositions, placeOf } from './position.ts';
import { type Cycle, found, indexOf, type Stream, type Work, streamById } from './state.ts';

type StreamKey = { readonly sync: string; readonly stream: string };

const findStream = ({ state }: Work, { sync, stream }: StreamKey): Stream | undefined =>
  state.streams.get(state.streamIds.get(`${sync}/${stream}`) ?? 0);

/** The stream; rejects when there is none. */
export const streamOf = (work: Work, key: StreamKey): Stream => {
  const stream = findStream(work, key);
  if (stream !== undefined) return stream;
  throw new StoreError(
    'not_found',
    `Cannot find stream "${key.stream}" of sync "${key.sync}" in ${work.environment}: switch the Zap off and on again to create it`,
  );
};

export const openStream: Operation<'openStream'> = (work, key, { start, zapId }) => {
  const { state, now } = work;
  if (start.kind === 'at' && compareInstants(start.at, now) > 0) {
    throw new StoreError(
      'invalid_request',
      `Cannot start stream "${key.stream}" at ${start.at}: that is in the future`,
    );
  }
  const bundle = currentBundle(work, key.sync);
  const { sync } = bundle;
  const before = findStream(work, key);
  if (before !== undefined) {
    if (zapId !== null) ownSwitchedOn(work, before, zapId);
    return { created: false, checkpoint: before.checkpoint };
  }
  const trouble = isBySequence(bundle) ? sequenceStartTrouble(start) : undefined;
  if (trouble !== undefined) {
    throw new StoreError('invalid_request', `Cannot start stream "${key.stream}" at such a point: ${trouble}`);
  }
  const startAt = startInstant(start, now, sync.read);
  const streamId = state.streams.size + 1;
  const fetched = { cursor: null, token: null, begunAt: null, sweep: null };
  const checkpoint = { version: 0, startAt, fetched, committed: null };
  const lease = { fence: 0, leaseUntil: null, leaseCycle: null };
  state.streamIds.set(`${key.sync}/${key.stream}`, streamId);
  const owner = { ...NO_OWNER, zapId, polledAt: zapId === null ? null : now };
  state.streams.set(streamId, { streamId, sync: key.sync, name: key.stream, checkpoint, lease, owner });
  state.indexes.set(streamId, {
    byVersion: new Map(),
    byRecord: new Map(),
    latest: new Map(),
    unsettled: new Set(),
    positions: [],
    counts: new Map(),
    reading: { cycles: 0, pages: 0, rows: 0, late: 0 },
    deliveries: 0,
  });
  const body = { stream: key.stream, start: start.kind, startAt, by: work.keyId };
  appendEvidence(work, { kind: 'stream_opened', sync: key.sync, body });
  return { created: true, checkpoint };
};

export const getStream: Operation<'getStream'> = (work, key) => {
  const { streamId, checkpoint, owner } = streamOf(work, key);
  const { counts, reading, deliveries } = indexOf(work, streamId);
  const count = (state: ObligationState): number => counts.get(state) ?? 0;
  return {
    ...key,
    owner: owner.zapId === null || owner.polledAt === null ? null : { zapId: owner.zapId, polledAt: owner.polledAt },
    checkpoint,
    counts: {
      open: count('open'),
      held: count('held'),
      applied: count('applied'),
      superseded: count('superseded'),
      unchanged: count('unchanged'),
      deadLettered: count('dead_lettered'),
      deliveries,
    },
    reading: { ...reading },
  };
};

export const openCycle: Operation<'openCycle'> = (work, _params, request) => {
  const { state, now } = work;
  const { cycleId, zapId } = request;
  const bundle = currentBundle(work, request.sync);
  const contract = contractFor(bundle, request.knownContract);
  const stream = streamOf(work, request);
  const { streamId, checkpoint, name } = stream;
  const decision = decideCycle(cycleId, stream.lease, now);
  if (decision.kind === 'repeat') return { kind: 'opened', fence: stream.lease.fence, checkpoint, now, ...contract };
  const polling = zapId === null ? undefined : decidePoll(stream.owner, { zapId, cycleId }, now);
  const isAllowed = polling === undefined || polling.kind === 'owns';
  if (isAllowed && decision.kind === 'begin' && state.cycles.has(cycleId)) {
    throw new StoreError(
      'fenced',
      `Cannot begin cycle ${cycleId} of stream "${name}" again: a newer cycle has taken over`,
    );
  }
  const contested = zapId === null ? undefined : ownPolling(work, stream, { zapId, cycleId });
  if (contested !== undefined) return contested;
  if (decision.kind === 'busy') return decision;
  const { fence } = decision.lease;
  const markAt = checkpoint.fetched.cursor?.updatedAt ?? null;
  state.cycles.set(cycleId, {
    cycleId,
    streamId,
    fence,
    markAt,
    contractVersion: bundle.version,
    openedAt: now,
    endedAt: null,
  });
  state.streams.set(streamId, { ...streamById(work, streamId), lease: decision.lease });
  indexOf(work, streamId).reading.cycles += 1;
  releaseHeld(work, stream, bundle);
  return { kind: 'opened', fence, checkpoint, now, ...contract };
};

/** A cycle with its stream. */
export type OwnedCycle = { readonly cycle: Cycle; readonly stream: Stream; readonly state: CycleState };

/** @throws StoreError `fenced` when a newer cycle has taken over */
export const ownCycle = (work: Work, cycleId: string, fence: number): OwnedCycle => {
  const cycle = work.state.cycles.get(cycleId);
  if (cycle === undefined) {
    throw new StoreError('not_found', `Cannot find cycle ${cycleId} in ${work.environment}`);
  }
  const stream = streamById(work, cycle.streamId);
  const state = cycleState(cycle.fence, stream.lease, work.now);
  if (state === 'overtaken' || stream.lease.fence !== fence) {
    throw new StoreError(
      'fenced',
      `Cannot go on with cycle ${cycleId} of stream "${stream.name}": a newer cycle has taken over`,
    );
  }
  return { cycle, stream, state };
};

const lowWaterMark = (work: Work, { streamId, checkpoint }: Stream): Cursor | null => {
  const { unsettled, positions } = indexOf(work, streamId);
  let oldest;
  for (const id of unsettled) {
    const one = found(work.state.obligations.get(id), `obligation ${id}`);
    if (oldest === undefined || comparePositions(one, oldest) < 0) oldest = one;
  }
  const fetched = checkpoint.fetched.cursor;
  if (oldest === undefined || fetched === null) return fetched;
  const below = positions[placeOf(positions, oldest) - 1];
  if (below === undefined) return null;
  const isBeyond = comparePositions(below, { updatedAt: fetched.updatedAt, externalId: fetched.id }) > 0;
  return isBeyond ? fetched : { updatedAt: below.updatedAt, id: below.externalId };
};

/** Moves `committed` to the last position below the oldest unsettled obligation, or to all that was fetched. */
export const moveCommitted = (work: Work, streamId: number): void => {
  const stream = streamById(work, streamId);
  const { checkpoint } = stream;
  const committed = lowWaterMark(work, stream);
  const before = checkpoint.committed;
  if (before?.updatedAt === committed?.updatedAt && before?.id === committed?.id) return;
  const moved = { ...checkpoint, committed, version: checkpoint.version + 1 };
  work.state.streams.set(streamId, { ...stream, checkpoint: moved });
};
