import { type Circuit, type Gate, mayPark } from '../../../src/core/circuit/circuit.ts';
import { type Instant, shiftInstant } from '../../../src/core/instant.ts';
import { type DeliveryEvent, deliveryTable } from '../../../src/core/obligation/delivery-state.ts';
import { stateAfter } from '../../../src/core/state-table.ts';
import type { WriteDecided } from '../../../src/core/protocol/write-routes.ts';
import { obligationOf, putObligation, unsettledOf } from './obligations.ts';
import type { Request } from './operation.ts';
import { type Delivery, found, type Obligation, type Work } from './state.ts';

const deliveriesOf = ({ state }: Work, { obligationId }: Obligation): Delivery[] =>
  (state.deliveriesOfObligation.get(obligationId) ?? []).map((id) => found(state.deliveries.get(id), `delivery ${id}`));

/** Deliveries that count as attempts: those that were not parked. */
export const triedOf = (work: Work, one: Obligation): number =>
  one.attempts -
  deliveriesOf(work, one).filter(({ state, sequence }) => state === 'parked' && sequence === one.sequence).length;

const isUntried = ({ state }: Work, one: Obligation, delivery: Delivery, probe: string | null): boolean =>
  delivery.attempt === one.attempts &&
  delivery.sequence === one.sequence &&
  !(state.intentsOfObligation.get(one.obligationId) ?? []).some(
    (id) => found(state.intents.get(id), `intent ${id}`).begunAt >= delivery.handedAt && id !== probe,
  );

const move = ({ state }: Work, delivery: Delivery, event: DeliveryEvent): void => {
  const after = stateAfter(deliveryTable, delivery.state, event);
  state.deliveries.set(delivery.deliveryId, { ...delivery, state: after });
};

type Waiting = {
  readonly circuit: Circuit;
  readonly gate: Gate;
  readonly acknowledgeWithinSeconds: number;
  readonly probe: string | null;
};

/** Parks the deliveries of a batch that were stopped or are the probe, and counts those again that are tried. */
export const settleParking = (
  work: Work,
  { items }: Request<'beginWrites'>,
  decisions: readonly WriteDecided[],
  { circuit, gate, acknowledgeWithinSeconds, probe }: Waiting,
): void => {
  if (!mayPark(circuit, gate)) return;
  const waits = decisions.map((one) => (one.kind === 'stop' ? one.retryAfterMs : 0));
  const until = shiftInstant(work.now, Math.max(0, ...waits) + acknowledgeWithinSeconds * 1000);
  for (const [index, { intentId, subject }] of items.entries()) {
    const delivery =
      subject.kind === 'delivery' ? work.state.deliveries.get(subject.deliveryId.toLowerCase()) : undefined;
    if (delivery === undefined) continue;
    const kind = decisions[index]?.kind;
    if (gate.kind === 'pass' && kind === 'proceed') move(work, delivery, 'tried');
    if (gate.kind === 'pass' || (kind !== 'stop' && intentId !== probe)) continue;
    const one = obligationOf(work, delivery.obligationId);
    if (one.state !== 'open') continue;
    if (isUntried(work, one, delivery, probe)) move(work, delivery, 'stopped');
    if (one.dueAt !== null && one.dueAt < until) putObligation(work, { ...one, dueAt: until });
  }
};

/** Parks the overdue deliveries of a stream that were out while nothing could be written to the target. */
export const parkOverdue = (work: Work, streamId: number, { openedAt, closedAt }: Circuit): void => {
  if (openedAt === null) return;
  const until: Instant = closedAt ?? work.now;
  for (const one of unsettledOf(work, streamId)) {
    if (one.state !== 'open' || one.dueAt === null || one.dueAt > work.now) continue;
    for (const delivery of deliveriesOf(work, one)) {
      const wasOut = delivery.handedAt <= until && delivery.dueAt > openedAt;
      if (wasOut && isUntried(work, one, delivery, null)) move(work, delivery, 'missed');
    }
  }
};
