import { sql } from 'kysely';
import { type Circuit, type Gate, mayPark } from '../../core/circuit/circuit.ts';
import { type Instant, shiftInstant } from '../../core/instant.ts';
import { deliveryChange } from '../../core/obligation/delivery-state.ts';
import type { WriteDecided } from '../../core/protocol/write-routes.ts';
import type { Operations } from './operations.ts';
import type { TargetPlace } from './target-records-table.ts';
import type { Work } from './work.ts';

/*
 * Parking: a delivery that was not tried because nothing could be written to its target is no failed attempt, and one
 * that was tried as the probe is none either, for whether the record or the target failed it nobody knows. Only the last
 * delivery of an obligation can be parked, and only while no write of it has begun otherwise.
 */

const untried = (work: Work, { system, entity, field }: TargetPlace, probe: string | null) => sql`
  d.attempt = o.attempts and d.sequence = o.sequence and not exists (
    select 1 from intents i
    where i.environment = ${work.caller.environment} and i.system = ${system} and i.entity = ${entity} and i.field = ${field}
      and i.external_id = o.external_id and i.obligation_id = o.obligation_id and i.begun_at >= d.handed_at
      and i.intent_id is distinct from ${probe}::uuid)
`;

type Parked = {
  readonly place: TargetPlace;
  readonly deliveryIds: readonly string[];
  /** The intent that is the probe, where one of them is. */
  readonly probe: string | null;
  /** Until then each is left to the Zap that holds it. */
  readonly until: Instant;
};

const parkDeliveries = async (work: Work, { place, deliveryIds, probe, until }: Parked): Promise<void> => {
  const { from, to } = deliveryChange('stopped');
  await sql`
    with asked as (
      select d.delivery_id, o.obligation_id, ${untried(work, place, probe)} as untried
      from deliveries d join obligations o using (obligation_id)
      where d.delivery_id = any(${deliveryIds}::uuid[]) and o.state = 'open'
    ), parked as (
      update deliveries d set state = ${to} from asked a
      where d.delivery_id = a.delivery_id and a.untried and d.state = any(${from}::text[])
    )
    update obligations o set due_at = ${until} from asked a
    where o.obligation_id = a.obligation_id and o.due_at < ${until}
  `.execute(work.tx);
};

/** Counts deliveries as attempts again: their write begins. */
const unparkDeliveries = async (work: Work, deliveryIds: readonly string[]): Promise<void> => {
  const { from, to } = deliveryChange('tried');
  await sql`
    update deliveries set state = ${to} where delivery_id = any(${deliveryIds}::uuid[]) and state = any(${from}::text[])
  `.execute(work.tx);
};

/**
 * Parks the overdue deliveries of a stream that were out while nothing could be written to the target, whether or not
 * a Zap came with them. One statement.
 */
export const parkOverdue = async (
  work: Work,
  place: TargetPlace,
  streamId: number,
  outage: { readonly from: Instant; readonly to: Instant },
): Promise<void> => {
  const { from, to } = deliveryChange('missed');
  await sql`
    update deliveries d set state = ${to}
    from obligations o
    where o.stream_id = ${streamId} and o.state = 'open' and o.due_at <= ${work.now} and d.obligation_id = o.obligation_id
      and d.state = any(${from}::text[]) and d.handed_at <= ${outage.to} and d.due_at > ${outage.from} and ${untried(work, place, null)}
  `.execute(work.tx);
};

type Waiting = {
  readonly circuit: Circuit;
  readonly gate: Gate;
  readonly place: TargetPlace;
  /** Time given to a Zap once it comes again. */
  readonly acknowledgeWithinSeconds: number;
  /** The intent that is the probe, where one of the batch is. */
  readonly probe: string | null;
};

/**
 * Parks the deliveries of a batch that were stopped or are the probe, and counts those again that are tried. One
 * statement, with the streams locked; none where `mayPark` is false.
 */
export const settleParking = async (
  work: Work,
  { items }: Parameters<Operations['beginWrites']>[2],
  decisions: readonly WriteDecided[],
  { circuit, gate, place, acknowledgeWithinSeconds, probe }: Waiting,
): Promise<void> => {
  const idsOf = (isMeant: (decision: WriteDecided | undefined, intentId: string) => boolean): string[] =>
    items.flatMap(({ intentId, subject }, index) =>
      subject.kind === 'delivery' && isMeant(decisions[index], intentId) ? [subject.deliveryId] : [],
    );
  if (!mayPark(circuit, gate)) return;
  if (gate.kind === 'pass') {
    const tried = idsOf((decision) => decision?.kind === 'proceed');
    if (tried.length > 0) await unparkDeliveries(work, tried);
    return;
  }
  const deliveryIds = idsOf((decision, intentId) => decision?.kind === 'stop' || intentId === probe);
  if (deliveryIds.length === 0) return;
  const waitMs = Math.max(0, ...decisions.map((one) => (one.kind === 'stop' ? one.retryAfterMs : 0)));
  const until = shiftInstant(work.now, waitMs + acknowledgeWithinSeconds * 1000);
  await parkDeliveries(work, { place, deliveryIds, probe, until });
};
