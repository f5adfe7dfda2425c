import { sql } from 'kysely';
import { contractFor } from '../../core/contract/bundle.ts';
import { compareInstants, type Instant } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { type Checkpoint, type Cursor, startInstant, sweepState } from '../../core/read/checkpoint.ts';
import { isBySequence, sequenceStartTrouble } from '../../core/read/sequence.ts';
import { type CycleLease, type CycleState, cycleState, decideCycle } from '../../core/read/cycle-lease.ts';
import { currentBundle, unknownSync } from './contracts-table.ts';
import { appendEvidence } from './evidence-table.ts';
import { releaseHeld } from './held-release.ts';
import type { Operations } from './operations.ts';
import { ownerColumns, type OwnerRow, ownPolling, ownSwitchedOn } from './stream-owner.ts';
import type { Work } from './work.ts';

export type StreamKey = { readonly sync: string; readonly stream: string };

const columns = [
  'stream_id',
  'sync',
  'name',
  'start_at',
  'fetched_at',
  'fetched_id',
  'fetched_token',
  'sweep_begun_at',
  'sweep',
  'committed_at',
  'committed_id',
  'version',
  'fence',
  'lease_until',
  'lease_cycle',
  ...ownerColumns,
] as const;

type StreamRow = OwnerRow & {
  sync: string;
  name: string;
  start_at: Instant | null;
  fetched_at: Instant | null;
  fetched_id: string | null;
  fetched_token: string | null;
  sweep_begun_at: Instant | null;
  sweep: JsonObject | null;
  committed_at: Instant | null;
  committed_id: string | null;
  version: number;
  fence: number;
  lease_until: Instant | null;
  lease_cycle: string | null;
};

const cursorOf = (at: Instant | null, id: string | null): Cursor | null =>
  at === null || id === null ? null : { updatedAt: at, id };

export const checkpointOf = (row: StreamRow): Checkpoint => ({
  version: row.version,
  startAt: row.start_at,
  fetched: {
    cursor: cursorOf(row.fetched_at, row.fetched_id),
    token: row.fetched_token,
    begunAt: row.sweep_begun_at,
    sweep: sweepState.nullable().parse(row.sweep),
  },
  committed: cursorOf(row.committed_at, row.committed_id),
});

export const noStream = (work: Work, { sync, stream }: StreamKey): StoreError =>
  new StoreError(
    'not_found',
    `Cannot find stream "${stream}" of sync "${sync}" in ${work.caller.environment}: switch the Zap off and on again to create it`,
  );

export const findStream = (work: Work, { sync, stream }: StreamKey) =>
  work.tx
    .selectFrom('streams')
    .select(columns)
    .where('environment', '=', work.caller.environment)
    .where('sync', '=', sync)
    .where('name', '=', stream);

/** The stream's ID; rejects when there is none. */
export const streamIdOf = async (work: Work, key: StreamKey): Promise<number> => {
  const row = await findStream(work, key).executeTakeFirst();
  if (row === undefined) throw noStream(work, key);
  return row.stream_id;
};

/**
 * Creates a stream; one that exists keeps its checkpoint, so that a Zap switched off and on misses nothing.
 *
 * @throws StoreError `conflict` when another Zap polls it
 */
export const openStream = async (
  work: Work,
  key: StreamKey,
  { start, zapId }: Parameters<Operations['openStream']>[2],
): ReturnType<Operations['openStream']> => {
  if (start.kind === 'at' && compareInstants(start.at, work.now) > 0) {
    throw new StoreError(
      'invalid_request',
      `Cannot start stream "${key.stream}" at ${start.at}: that is in the future, it is ${work.now} by the clock of the store. Choose an earlier time, or set that clock`,
    );
  }
  const bundle = await currentBundle(work, key.sync);
  const { sync } = bundle;
  const startAt = startInstant(start, work.now, sync.read);
  const inserted = await sql<{ stream_id: number }>`
    insert into streams (environment, sync, name, start_at, created_at)
    select s.environment, s.name, ${key.stream}, ${startAt}::instant, ${work.now}
    from syncs s where s.environment = ${work.caller.environment} and s.name = ${key.sync}
    on conflict (environment, sync, name) do nothing
    returning stream_id
  `.execute(work.tx);
  const row = await findStream(work, key).forUpdate().executeTakeFirst();
  if (row === undefined) throw unknownSync(work, key.sync);
  if (zapId !== null) await ownSwitchedOn(work, key, row, zapId);
  const created = inserted.rows.length > 0;
  const trouble = created && isBySequence(bundle) ? sequenceStartTrouble(start) : undefined;
  if (trouble !== undefined) {
    throw new StoreError('invalid_request', `Cannot start stream "${key.stream}" at such a point: ${trouble}`);
  }
  if (created) {
    const body = { stream: key.stream, start: start.kind, startAt: row.start_at, by: work.caller.keyId };
    await appendEvidence(work, { kind: 'stream_opened', sync: key.sync, body });
  }
  return { created, checkpoint: checkpointOf(row) };
};

type BegunCycle = {
  readonly cycleId: string;
  readonly stream: StreamRow;
  readonly lease: CycleLease;
  readonly contractVersion: string;
};

/** Gives a cycle the lease of its stream. Two statements. */
const beginCycle = async (work: Work, begun: BegunCycle): Promise<void> => {
  const { cycleId, stream, contractVersion } = begun;
  const { fence, leaseUntil } = begun.lease;
  await work.tx
    .updateTable('streams')
    .set({ fence, lease_until: leaseUntil, lease_cycle: cycleId })
    .where('stream_id', '=', stream.stream_id)
    .execute();
  const made = await work.tx
    .insertInto('cycles')
    .values({
      cycle_id: cycleId,
      stream_id: stream.stream_id,
      fence,
      key_id: work.caller.keyId,
      opened_at: work.now,
      ended_at: null,
      mark_at: stream.fetched_at,
      contract_version: contractVersion,
      failure: null,
    })
    .onConflict((conflict) => conflict.column('cycle_id').doNothing())
    .returning('cycle_id')
    .execute();
  if (made.length === 0) {
    throw new StoreError(
      'fenced',
      `Cannot begin cycle ${cycleId} of stream "${stream.name}" again: a newer cycle has taken over`,
    );
  }
};

/**
 * Begins a poll cycle. While another cycle holds the lease this one is `busy`; a lease that has ended is taken over,
 * and the fence refuses whatever its old owner still sends. The same cycle again gets the same answer. A Zap that
 * polls the stream of another is `contested`, and so is one poll of the other. Held records that a newer contract lets through are released here,
 * before the cycle hands out.
 */
export const openCycle = async (
  work: Work,
  request: Parameters<Operations['openCycle']>[2],
): ReturnType<Operations['openCycle']> => {
  const bundle = await currentBundle(work, request.sync);
  const contract = contractFor(bundle, request.knownContract);
  const row = await findStream(work, request).forUpdate().executeTakeFirst();
  if (row === undefined) throw noStream(work, request);
  const { fence: fenceBefore, lease_until: leaseUntil, lease_cycle: leaseCycle } = row;
  const decision = decideCycle(request.cycleId, { fence: fenceBefore, leaseUntil, leaseCycle }, work.now);
  const opened = { kind: 'opened' as const, checkpoint: checkpointOf(row), now: work.now, ...contract };
  if (decision.kind === 'repeat') return { ...opened, fence: fenceBefore };
  const { cycleId, zapId } = request;
  const contested = zapId === null ? undefined : await ownPolling(work, request, row, { zapId, cycleId });
  if (contested !== undefined) return contested;
  switch (decision.kind) {
    case 'busy':
      return decision;
    case 'begin':
      await beginCycle(work, {
        cycleId: request.cycleId,
        stream: row,
        lease: decision.lease,
        contractVersion: bundle.version,
      });
      await releaseHeld(work, { streamId: row.stream_id, name: row.name }, bundle);
      return { ...opened, fence: decision.lease.fence };
  }
};

/** What a cycle's later calls need, with the stream locked. */
export type OwnedCycle = {
  readonly cycleId: string;
  readonly streamId: number;
  readonly sync: string;
  readonly stream: string;
  readonly fetched: Cursor | null;
  readonly startAt: Instant | null;
  readonly markAt: Instant | null;
  /** Of the contract that the cycle reads by; null for one from before this was recorded. */
  readonly contractVersion: string | null;
  readonly version: number;
  readonly state: CycleState;
};

/**
 * Locks the stream of a cycle and checks the fence.
 *
 * @throws StoreError `fenced` when a newer cycle has taken over
 */
export const ownCycle = async (work: Work, cycleId: string, fence: number): Promise<OwnedCycle> => {
  const row = await work.tx
    .selectFrom('cycles as c')
    .innerJoin('streams as s', 's.stream_id', 'c.stream_id')
    .select([
      's.stream_id',
      's.sync',
      's.name',
      's.fetched_at',
      's.fetched_id',
      's.start_at',
      's.version',
      's.fence',
      's.lease_cycle',
      's.lease_until',
      'c.mark_at',
      'c.contract_version',
      'c.fence as cycle_fence',
    ])
    .where('c.cycle_id', '=', cycleId)
    .where('s.environment', '=', work.caller.environment)
    .forUpdate('s')
    .executeTakeFirst();
  if (row === undefined) {
    throw new StoreError('not_found', `Cannot find cycle ${cycleId} in ${work.caller.environment}`);
  }
  const lease = { fence: row.fence, leaseUntil: row.lease_until, leaseCycle: row.lease_cycle };
  const state = cycleState(row.cycle_fence, lease, work.now);
  if (state === 'overtaken' || row.fence !== fence) {
    throw new StoreError(
      'fenced',
      `Cannot go on with cycle ${cycleId} of stream "${row.name}": a newer cycle has taken over`,
    );
  }
  return {
    cycleId,
    streamId: row.stream_id,
    sync: row.sync,
    stream: row.name,
    fetched: cursorOf(row.fetched_at, row.fetched_id),
    startAt: row.start_at,
    markAt: row.mark_at,
    contractVersion: row.contract_version,
    version: row.version,
    state,
  };
};

/** Locks streams, in the order of their IDs. One statement. */
export const lockStreams = async (work: Work, streamIds: readonly number[]): Promise<void> => {
  if (streamIds.length === 0) return;
  await sql`
    select stream_id from streams where stream_id = any(${streamIds}::bigint[]) order by stream_id for update
  `.execute(work.tx);
};

/**
 * Moves `committed` to the low-water mark: the last position below the oldest unsettled obligation, but never beyond what
 * was fetched, which it is when nothing is unsettled. (A repair opens obligations that no sweep has come to yet.) It can
 * move back, when a late row or a repair opens one below it: then it was true before, and is true now.
 *
 * Two index look-ups and one update, with the stream locked by the caller.
 */
export const moveCommitted = async (work: Work, streamId: number): Promise<void> => {
  await sql`
    with oldest as (
      select updated_at, external_id from obligations
      where stream_id = ${streamId} and state in ('open', 'held')
      order by updated_at, external_id limit 1
    ), below as (
      select o.updated_at, o.external_id from obligations o, oldest
      where o.stream_id = ${streamId} and (o.updated_at, o.external_id) < (oldest.updated_at, oldest.external_id)
      order by o.updated_at desc, o.external_id desc limit 1
    ), mark as (
      select case when everything.yes then s.fetched_at else below.updated_at end as at,
             case when everything.yes then s.fetched_id else below.external_id end as id
      from streams s left join below on true
      cross join lateral (
        select not exists (select 1 from oldest) or s.fetched_at is null
               or (below.updated_at, below.external_id) > (s.fetched_at, s.fetched_id) as yes) everything
      where s.stream_id = ${streamId}
    )
    update streams s
    set committed_at = mark.at, committed_id = mark.id, version = s.version + 1
    from mark
    where s.stream_id = ${streamId} and (s.committed_at, s.committed_id) is distinct from (mark.at, mark.id)
  `.execute(work.tx);
};
