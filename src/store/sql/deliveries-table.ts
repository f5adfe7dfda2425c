import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import type { ObligationState } from '../../core/obligation/obligation-state.ts';
import type { Work } from './work.ts';

export type DeliveryRow = {
  delivery_id: string;
  obligation_id: number;
  sequence: number;
  stream_id: number;
  external_id: string;
  /** The update time, or the time of observation where that is earlier: what versions are ordered by. */
  ordered_at: Instant;
  digest: string;
  state: ObligationState;
  reason: string | null;
  sealed: Buffer | null;
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Deliveries of a sync, by their IDs in lower case. One statement, or none when there is nothing to look for. */
export const findDeliveries = async (
  work: Work,
  sync: string,
  deliveryIds: readonly string[],
): Promise<ReadonlyMap<string, DeliveryRow>> => {
  const ids = deliveryIds.filter((id) => UUID.test(id));
  if (ids.length === 0) return new Map();
  const found = await sql<DeliveryRow>`
    select d.delivery_id, o.obligation_id, o.sequence, o.stream_id, o.external_id,
           least(o.updated_at, o.opened_at) as ordered_at, o.digest, o.state, o.reason, o.sealed
    from deliveries d join obligations o using (obligation_id) join streams s using (stream_id)
    where d.delivery_id = any(${ids}::uuid[]) and s.environment = ${work.caller.environment} and s.sync = ${sync}
  `.execute(work.tx);
  return new Map(found.rows.map((row) => [row.delivery_id, row]));
};
