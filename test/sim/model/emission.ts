import { decideRouting, type Route } from '../../../src/core/circuit/routing.ts';
import { type Instant, shiftInstant } from '../../../src/core/instant.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { chooseHandOut, handOutMax } from '../../../src/core/obligation/hand-out.ts';
import { cycleTable } from '../../../src/core/read/cycle-lease.ts';
import { circuitOf } from './circuits.ts';
import { currentBundle } from './contracts.ts';
import { fileDeadLetter } from './dead-letters.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import {
  countDelivery,
  isInFlight,
  obligationOf,
  payloadOf,
  settleObligation,
  supersedeOlder,
  unsettledOf,
  unsettledOfRecord,
} from './obligations.ts';
import type { Operation, Request } from './operation.ts';
import { parkOverdue, triedOf } from './parking.ts';
import { comparePositions, compareText } from './position.ts';
import { addTo, type Delivery, found, type Obligation, type Stream, streamById, type Work } from './state.ts';
import { moveCommitted, type OwnedCycle, ownCycle } from './streams.ts';

type Item = ReturnType<Operation<'emit'>>['items'][number];

const isDue = ({ state, dueAt }: Obligation, now: Instant): boolean =>
  state === 'open' && (dueAt === null || dueAt <= now);

/** Of a replay, which is handed out at a limited rate. */
const isInTurn = ({ notBefore }: Obligation, now: Instant): boolean => notBefore === null || notBefore <= now;

const hasInFlight = (work: Work, { streamId, externalId }: Obligation): boolean =>
  unsettledOfRecord(work, streamId, externalId).some((one) => isInFlight(one, work.now));

/** The records with something to hand out: redeliveries by when they were due, then the oldest of the others. */
const dueRecords = (work: Work, streamId: number, limit: number): string[] => {
  const due = unsettledOf(work, streamId).filter((one) => isDue(one, work.now));
  const again = due
    .filter(({ dueAt }) => dueAt !== null)
    .toSorted((a, b) => compareText(a.dueAt ?? '', b.dueAt ?? '') || comparePositions(a, b));
  const first = due
    .filter((one) => one.dueAt === null && isInTurn(one, work.now) && !hasInFlight(work, one))
    .toSorted(comparePositions);
  const chosen = [...again.slice(0, limit), ...first.slice(0, limit)];
  return [...new Set(chosen.map(({ externalId }) => externalId))].slice(0, limit);
};

const candidates = (work: Work, streamId: number, externalIds: readonly string[]): (Obligation & { tried: number })[] =>
  externalIds
    .flatMap((externalId) => unsettledOfRecord(work, streamId, externalId))
    .filter((one) => isDue(one, work.now) && isInTurn(one, work.now) && !hasInFlight(work, one))
    .toSorted((a, b) => Number(a.attempts === 0) - Number(b.attempts === 0) || comparePositions(a, b))
    .map((one) => ({ ...one, tried: triedOf(work, one) }));

const giveUp = (work: Work, stream: Stream, one: Obligation, why: { errorClass: string; reason: string }): void => {
  const { obligationId, externalId, updatedAt, attempts } = one;
  settleObligation(work, obligationId, 'given_up', why.reason);
  const letter = { sync: stream.sync, stream: stream.name, externalId, obligationId, updatedAt, attempts };
  fileDeadLetter(work, { ...letter, stage: 'deliver', ...why });
};

const itemOf = (one: Obligation, { deliveryId, attempt, route }: Delivery, payload: JsonObject): Item => ({
  deliveryId,
  externalId: one.externalId,
  updatedAt: one.updatedAt,
  digest: pseudonym(one.digest),
  attempt,
  openedAt: one.openedAt,
  deadlineAt: one.deadlineAt,
  route,
  payload,
});

const handOut = (
  work: Work,
  { cycleId, dueAt, route }: Pick<Delivery, 'cycleId' | 'dueAt' | 'route'>,
  before: Obligation,
): Item[] => {
  const { state, now } = work;
  const payload = payloadOf(before);
  if (payload === undefined) {
    const why = { errorClass: 'unreadable', reason: 'The sealed payload cannot be opened' };
    giveUp(work, streamById(work, before.streamId), before, why);
    return [];
  }
  const { obligationId, streamId, sequence } = before;
  const attempt = before.attempts + 1;
  const deliveryId = work.newId();
  const about = { deliveryId, obligationId, streamId, sequence, attempt, cycleId, route };
  const delivery = { ...about, handedAt: now, dueAt, acknowledgedAt: null, state: 'out' as const };
  state.deliveries.set(deliveryId, delivery);
  addTo(state.deliveriesOfCycle, cycleId, deliveryId);
  addTo(state.deliveriesOfObligation, obligationId, deliveryId);
  countDelivery(work, before, dueAt);
  return [itemOf(before, delivery, payload)];
};

/** The deliveries that a cycle handed out before, as far as they are unsettled: its reply was lost. */
const handedOutBefore = (work: Work, cycleId: string): Item[] =>
  (work.state.deliveriesOfCycle.get(cycleId) ?? [])
    .map((id) => {
      const delivery = found(work.state.deliveries.get(id), `delivery ${id}`);
      return { delivery, obligation: obligationOf(work, delivery.obligationId) };
    })
    .filter(({ obligation }) => obligation.state === 'open')
    .toSorted(
      (a, b) =>
        Number(a.delivery.attempt === 1) - Number(b.delivery.attempt === 1) ||
        comparePositions(a.obligation, b.obligation),
    )
    .map(({ delivery, obligation }) =>
      itemOf(obligation, delivery, found(payloadOf(obligation), `payload of delivery ${delivery.deliveryId}`)),
    );

const countWaiting = (work: Work, streamId: number): number =>
  unsettledOf(work, streamId).filter((one) => isDue(one, work.now)).length;

const endCycle = (
  work: Work,
  { cycle, stream }: OwnedCycle,
  { failure, scan }: Request<'emit'>,
  emitted: number,
): void => {
  work.state.cycles.set(cycle.cycleId, { ...cycle, endedAt: work.now });
  const now = streamById(work, stream.streamId);
  work.state.streams.set(stream.streamId, { ...now, lease: { ...now.lease, leaseUntil: null } });
  const body = { stream: stream.name, traceId: cycle.cycleId, emitted, failure, scan };
  appendEvidence(work, { kind: 'cycle_ended', sync: stream.sync, body });
};

export const emit: Operation<'emit'> = (work, { cycle: cycleId }, request) => {
  const owned = ownCycle(work, cycleId, request.fence);
  const { stream } = owned;
  const { streamId } = stream;
  if (cycleTable[owned.state].hands_out === 'nothing') {
    return { items: handedOutBefore(work, cycleId), waiting: countWaiting(work, streamId) };
  }
  const { sync, target } = currentBundle(work, stream.sync);
  const { inFlightMax, acknowledgeWithinSeconds, fallback } = sync.delivery;
  const circuit = circuitOf(work, target.name);
  parkOverdue(work, streamId, circuit);
  const { most, toTarget, isParking } = decideRouting(circuit, work.now, request.limit, fallback);
  const attemptsMax = isParking ? Infinity : sync.delivery.attemptsMax;
  const inFlight = unsettledOf(work, streamId).filter((one) => isInFlight(one, work.now)).length;
  const limit = handOutMax(most, inFlightMax, inFlight);
  const externalIds = dueRecords(work, streamId, limit);
  supersedeOlder(work, streamId, externalIds);
  const due = candidates(work, streamId, externalIds);
  const { exhausted, chosen } = chooseHandOut(due, { limit, bytesMax: request.bytesMax, attemptsMax });
  for (const one of exhausted) {
    const reason = `No step acknowledged ${one.tried} deliveries`;
    giveUp(work, stream, one, { errorClass: 'not_acknowledged', reason });
  }
  const dueAt = shiftInstant(work.now, acknowledgeWithinSeconds * 1000);
  const items: Item[] = [];
  for (const one of chosen) {
    const route: Route = items.length < toTarget ? 'target' : 'fallback';
    items.push(...handOut(work, { cycleId, dueAt, route }, one));
  }
  moveCommitted(work, streamId);
  endCycle(work, owned, request, items.length);
  return { items, waiting: countWaiting(work, streamId) };
};
