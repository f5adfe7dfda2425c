import { compareInstants, type Instant, shiftInstant } from '../instant.ts';
import { CYCLE_LEASE_MS } from '../protocol/cycle-routes.ts';
import type { StateTable } from '../state-table.ts';

/** Who reads a stream. */
export type CycleLease = {
  /** Grows with each cycle. */
  readonly fence: number;
  /** Null while no cycle is at work. */
  readonly leaseUntil: Instant | null;
  /** The cycle that had the lease last. */
  readonly leaseCycle: string | null;
};

/**
 * - `reading`: it has the lease of its stream
 * - `lapsed`: its lease has ended, and nobody has taken over
 * - `ended`: it has handed out
 * - `overtaken`: another cycle has begun since
 */
export type CycleState = 'reading' | 'lapsed' | 'ended' | 'overtaken';

export type CycleEvent = 'opens_again' | 'another_opens' | 'records_page' | 'hands_out';

/** What is refused of an overtaken cycle, the fence refuses. */
export const cycleTable: StateTable<CycleState, CycleEvent> = {
  reading: { opens_again: 'nothing', another_opens: 'nothing', records_page: 'reading', hands_out: 'ended' },
  lapsed: { opens_again: 'nothing', another_opens: 'overtaken', records_page: 'reading', hands_out: 'ended' },
  ended: { opens_again: 'nothing', another_opens: 'overtaken', records_page: 'refused', hands_out: 'nothing' },
  overtaken: { opens_again: 'refused', another_opens: 'nothing', records_page: 'refused', hands_out: 'refused' },
};

/** The cycle that had the lease last. */
const leadState = ({ leaseUntil }: CycleLease, now: Instant): CycleState => {
  if (leaseUntil === null) return 'ended';
  return compareInstants(leaseUntil, now) > 0 ? 'reading' : 'lapsed';
};

/** The state of the cycle that has a fence. */
export const cycleState = (fence: number, lease: CycleLease, now: Instant): CycleState =>
  fence === lease.fence ? leadState(lease, now) : 'overtaken';

export type CycleDecision =
  | { readonly kind: 'begin'; readonly lease: CycleLease }
  /** The same call again: its reply was lost. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'busy'; readonly retryAfterMs: number };

/**
 * Decides whether a cycle may begin: not while another holds the lease. One whose lease has ended is taken over, and the
 * fence refuses whatever its owner still sends.
 */
export const decideCycle = (cycleId: string, lease: CycleLease, now: Instant): CycleDecision => {
  if (lease.leaseCycle === cycleId) return { kind: 'repeat' };
  if (cycleTable[leadState(lease, now)].another_opens === 'nothing') {
    return { kind: 'busy', retryAfterMs: CYCLE_LEASE_MS };
  }
  const leaseUntil = shiftInstant(now, CYCLE_LEASE_MS);
  return { kind: 'begin', lease: { fence: lease.fence + 1, leaseUntil, leaseCycle: cycleId } };
};
