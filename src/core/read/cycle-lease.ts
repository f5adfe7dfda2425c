import { compareInstants, type Instant, shiftInstant } from '../instant.ts';
import { CYCLE_LEASE_MS } from '../protocol/cycle-routes.ts';

/** Who reads a stream. */
export type CycleLease = {
  /** Grows with each cycle. */
  readonly fence: number;
  /** Null while no cycle is at work. */
  readonly leaseUntil: Instant | null;
  /** The cycle that had the lease last. */
  readonly leaseCycle: string | null;
};

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
  if (lease.leaseUntil !== null && compareInstants(lease.leaseUntil, now) > 0) {
    return { kind: 'busy', retryAfterMs: CYCLE_LEASE_MS };
  }
  const leaseUntil = shiftInstant(now, CYCLE_LEASE_MS);
  return { kind: 'begin', lease: { fence: lease.fence + 1, leaseUntil, leaseCycle: cycleId } };
};
