import { sql } from 'kysely';
import type { Circuit } from '../../core/circuit/circuit.ts';
import { decideRouting, type Route } from '../../core/circuit/routing.ts';
import { type Instant, shiftInstant } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import type { SyncContract } from '../../core/contract/sync-contract.ts';
import { cycleTable } from '../../core/read/cycle-lease.ts';
import { chooseHandOut, handOutMax } from '../../core/obligation/hand-out.ts';
import { readCircuit } from './circuits-table.ts';
import { currentBundle } from './contracts-table.ts';
import { fileDeadLetter } from './dead-letters-table.ts';
import { appendEvidence } from './evidence-table.ts';
import {
  openPayload,
  type SealedPayload,
  settleObligation,
  supersedeOlder,
  tryOpenPayload,
} from './obligations-table.ts';
import type { Operations } from './operations.ts';
import { parkOverdue } from './parking.ts';
import { moveCommitted, ownCycle, type OwnedCycle } from './streams-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['emit']>[2];
type Reply = Awaited<ReturnType<Operations['emit']>>;

type Candidate = {
  obligation_id: number;
  external_id: string;
  updated_at: Instant;
  digest: string;
  attempts: number;
  /** Attempts that count: those that were not parked. */
  tried: number;
  opened_at: Instant;
  deadline_at: Instant;
  sealed: Buffer;
  bytes: number;
};

type Opened = Candidate & { readonly payload: JsonObject };
type HandedOut = Omit<Opened, 'tried'> & {
  readonly delivery_id: string;
  readonly attempt: number;
  readonly route: Route;
};

/** Every obligation of the entities of those due, so that the newest of each can be chosen. */
const dueEntities = async (work: Work, streamId: number, limit: number): Promise<string[]> => {
  const rows = await sql<{ external_id: string; place: number }>`
    (select external_id, 0 as place from obligations
     where stream_id = ${streamId} and state = 'open' and due_at is not null and due_at <= ${work.now}
     order by due_at, updated_at, external_id limit ${limit})
    union all
    (select o.external_id, 1 as place from obligations o
     where o.stream_id = ${streamId} and o.state = 'open' and o.due_at is null
       and (o.not_before is null or o.not_before <= ${work.now})
       and not exists (select 1 from obligations f where f.stream_id = o.stream_id and f.external_id = o.external_id
                       and f.state = 'open' and f.due_at > ${work.now})
     order by o.updated_at, o.external_id limit ${limit})
    order by place
  `.execute(work.tx);
  return [...new Set(rows.rows.map((row) => row.external_id))].slice(0, limit);
};

/** Deliveries that a Zap may still be working on. */
const countInFlight = async (work: Work, streamId: number): Promise<number> => {
  const row = await sql<{ count: number }>`
    select count(*) as count from obligations where stream_id = ${streamId} and state = 'open' and due_at > ${work.now}
  `.execute(work.tx);
  return row.rows[0]?.count ?? 0;
};

const candidates = async (work: Work, streamId: number, externalIds: readonly string[]): Promise<Candidate[]> => {
  const rows = await sql<Candidate>`
    select o.obligation_id, o.external_id, o.updated_at, o.digest, o.attempts, o.opened_at, o.deadline_at, o.sealed, o.sealed_bytes as bytes,
           o.attempts - (select count(*) from deliveries d where d.obligation_id = o.obligation_id and d.state = 'parked'
                         and d.sequence = o.sequence) as tried
    from obligations o
    where o.stream_id = ${streamId} and o.external_id = any(${externalIds}::text[]) and o.state = 'open'
      and (o.due_at is null or o.due_at <= ${work.now}) and (o.not_before is null or o.not_before <= ${work.now})
      and not exists (select 1 from obligations f where f.stream_id = o.stream_id and f.external_id = o.external_id
                      and f.state = 'open' and f.due_at > ${work.now})
    order by (o.attempts = 0), o.updated_at, o.external_id
  `.execute(work.tx);
  return rows.rows;
};

const payloadOf = (
  streamId: number,
  { external_id: externalId, digest, sealed }: Pick<Candidate, 'external_id' | 'digest' | 'sealed'>,
): SealedPayload => ({
  streamId,
  externalId,
  digest,
  sealed,
});

type GivenUp = { readonly errorClass: string; readonly reason: string };

const giveUp = async (work: Work, cycle: OwnedCycle, candidate: Candidate, why: GivenUp): Promise<void> => {
  const { reason } = why;
  await settleObligation(work, candidate.obligation_id, 'given_up', reason);
  await fileDeadLetter(work, {
    sync: cycle.sync,
    streamId: cycle.streamId,
    externalId: candidate.external_id,
    obligationId: candidate.obligation_id,
    updatedAt: candidate.updated_at,
    stage: 'deliver',
    ...why,
    attempts: candidate.attempts,
  });
};

/** Those whose payload opens; a damaged one is given up on, so that it does not stop the others. */
const readable = async (work: Work, cycle: OwnedCycle, all: readonly Candidate[]): Promise<Opened[]> => {
  const opened: Opened[] = [];
  for (const candidate of all) {
    const payload = tryOpenPayload(work, payloadOf(cycle.streamId, candidate));
    if (payload !== undefined) opened.push({ ...candidate, payload });
    else {
      await giveUp(work, cycle, candidate, { errorClass: 'unreadable', reason: 'The sealed payload cannot be opened' });
    }
  }
  return opened;
};

const handOut = async (
  work: Work,
  cycleId: string,
  sync: SyncContract,
  { chosen, toTarget }: { readonly chosen: readonly Opened[]; readonly toTarget: number },
): Promise<HandedOut[]> => {
  const out = chosen.map((candidate, place) => ({
    ...candidate,
    delivery_id: work.newId(),
    attempt: candidate.attempts + 1,
    route: place < toTarget ? ('target' as const) : ('fallback' as const),
  }));
  if (out.length === 0) return out;
  const dueAt = shiftInstant(work.now, sync.delivery.acknowledgeWithinSeconds * 1000);
  const rows = JSON.stringify(
    out.map(({ obligation_id, delivery_id, attempt, route }) => ({ obligation_id, delivery_id, attempt, route })),
  );
  await sql`
    insert into deliveries (delivery_id, obligation_id, sequence, attempt, route, cycle_id, handed_at, due_at)
    select r.delivery_id, r.obligation_id, o.sequence, r.attempt, r.route, ${cycleId}::uuid, ${work.now}, ${dueAt}
    from jsonb_to_recordset(${rows}::jsonb) as r(delivery_id uuid, obligation_id bigint, attempt integer, route text)
    join obligations o using (obligation_id)
  `.execute(work.tx);
  await sql`
    update obligations set attempts = attempts + 1, due_at = ${dueAt}
    where obligation_id = any(${out.map((one) => one.obligation_id)}::bigint[])
  `.execute(work.tx);
  return out;
};

const itemOf = (work: Work, row: HandedOut): Reply['items'][number] => ({
  deliveryId: row.delivery_id,
  externalId: row.external_id,
  updatedAt: row.updated_at,
  // Keyed: by the plain digest of a record whose other fields are known, a short sensitive value could be guessed.
  digest: work.sealing.pseudonym(row.digest),
  attempt: row.attempt,
  openedAt: row.opened_at,
  deadlineAt: row.deadline_at,
  route: row.route,
  payload: row.payload,
});

/** The deliveries that this cycle handed out before, as far as they are unsettled: its reply was lost. */
const handedOutBefore = async (work: Work, { cycleId, streamId }: OwnedCycle): Promise<HandedOut[]> => {
  const rows = await sql<Omit<HandedOut, 'payload'>>`
    select o.obligation_id, o.external_id, o.updated_at, o.digest, o.attempts, o.opened_at, o.deadline_at, o.sealed,
           o.sealed_bytes as bytes, d.delivery_id, d.attempt, d.route
    from deliveries d join obligations o using (obligation_id)
    where d.cycle_id = ${cycleId} and o.state = 'open' order by (d.attempt = 1), o.updated_at, o.external_id
  `.execute(work.tx);
  return rows.rows.map((row) => ({ ...row, payload: openPayload(work, payloadOf(streamId, row)) }));
};

const countWaiting = async (work: Work, streamId: number): Promise<number> => {
  const row = await sql<{ count: number }>`
    select count(*) as count from obligations
    where stream_id = ${streamId} and state = 'open' and (due_at is null or due_at <= ${work.now})
  `.execute(work.tx);
  return row.rows[0]?.count ?? 0;
};

const endCycle = async (work: Work, cycle: OwnedCycle, request: Request, emitted: number): Promise<void> => {
  await work.tx
    .updateTable('cycles')
    .set({ ended_at: work.now, emitted, failure: request.failure })
    .where('cycle_id', '=', cycle.cycleId)
    .execute();
  await work.tx.updateTable('streams').set({ lease_until: null }).where('stream_id', '=', cycle.streamId).execute();
  const { stream } = cycle;
  await appendEvidence(work, {
    kind: 'cycle_ended',
    sync: cycle.sync,
    body: { stream, traceId: cycle.cycleId, emitted, failure: request.failure, scan: request.scan },
  });
};

/** The last time that nothing could be written to the target; undefined when there was none. */
const outageOf = ({ openedAt, closedAt }: Circuit, now: Instant): { from: Instant; to: Instant } | undefined =>
  openedAt === null ? undefined : { from: openedAt, to: closedAt ?? now };

/**
 * Hands out deliveries and ends the cycle: redeliveries first, then the oldest obligations whose entity has nothing
 * in flight, of each entity only the newest version. The same cycle again gets what it was handed before.
 *
 * An obligation whose attempts are used up becomes a dead letter here, so that it does not circle for ever. While the
 * circuit before the target is open nothing is handed out but one delivery as a probe, or by the fallback route of the
 * contract, and nothing is given up on.
 */
export const emit = async (work: Work, cycleId: string, request: Request): Promise<Reply> => {
  const cycle = await ownCycle(work, cycleId, request.fence);
  const { streamId } = cycle;
  if (cycleTable[cycle.state].hands_out === 'nothing') {
    const before = await handedOutBefore(work, cycle);
    return { items: before.map((row) => itemOf(work, row)), waiting: await countWaiting(work, streamId) };
  }
  const { sync, target } = await currentBundle(work, cycle.sync);
  const { inFlightMax, fallback } = sync.delivery;
  const place = { system: target.name, entity: sync.target.entity, field: sync.target.externalIdField };
  const circuit = await readCircuit(work, target.name);
  const outage = outageOf(circuit, work.now);
  if (outage !== undefined) await parkOverdue(work, place, streamId, outage);
  const { most, toTarget, isParking } = decideRouting(circuit, work.now, request.limit, fallback);
  const attemptsMax = isParking ? Infinity : sync.delivery.attemptsMax;
  const limit = handOutMax(most, inFlightMax, await countInFlight(work, streamId));
  const entities = await dueEntities(work, streamId, limit);
  await supersedeOlder(work, streamId, entities);
  const due = await candidates(work, streamId, entities);
  const { exhausted, chosen } = chooseHandOut(due, { limit, bytesMax: request.bytesMax, attemptsMax });
  for (const candidate of exhausted) {
    const reason = `No step acknowledged ${candidate.tried} deliveries`;
    await giveUp(work, cycle, candidate, { errorClass: 'not_acknowledged', reason });
  }
  const out = await handOut(work, cycleId, sync, { chosen: await readable(work, cycle, chosen), toTarget });
  await moveCommitted(work, streamId);
  const waiting = await countWaiting(work, streamId);
  await endCycle(work, cycle, request, out.length);
  return { items: out.map((row) => itemOf(work, row)), waiting };
};
