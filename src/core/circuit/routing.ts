import { compareInstants, type Instant, shiftInstant } from '../instant.ts';
import { type Circuit, gateOf } from './circuit.ts';

/** Which way a Zap is to send a record: to the target, or where records go while that is down. */
export type Route = 'target' | 'fallback';

export type Routing = {
  /** Most deliveries in all. */
  readonly most: number;
  /** So many of them go to the target, the others the other way. */
  readonly toTarget: number;
  /** Nothing is given up on for want of an acknowledgement. */
  readonly isParking: boolean;
};

const isOpenFor = ({ state, openedAt }: Circuit, minutes: number, now: Instant): boolean =>
  state !== 'closed' && openedAt !== null && compareInstants(shiftInstant(openedAt, minutes * 60_000), now) <= 0;

/**
 * What a poll hands out, by the circuit before the target: all, or one as a probe, or nothing; and the rest by the
 * fallback route once the circuit has been open for as long as the contract says, if it says so.
 */
export const decideRouting = (
  circuit: Circuit,
  now: Instant,
  limit: number,
  fallback: { readonly afterMinutes: number } | undefined,
): Routing => {
  const gate = gateOf(circuit, now);
  if (gate.kind === 'pass') return { most: limit, toTarget: limit, isParking: false };
  const toTarget = Math.min(limit, gate.kind === 'probe' ? 1 : 0);
  const isElsewhere = fallback !== undefined && isOpenFor(circuit, fallback.afterMinutes, now);
  return { most: isElsewhere ? limit : toTarget, toTarget, isParking: true };
};
