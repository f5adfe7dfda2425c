import type { ObligationState } from '../obligation/obligation-state.ts';

/** What a delivery is about, when a Zap says what it did with it. */
export type AcknowledgedDelivery = {
  readonly state: ObligationState;
  /** This delivery was acknowledged before. */
  readonly isAcknowledged: boolean;
  /** It was opened anew since the delivery was handed out: what was done then says nothing of now. */
  readonly isReopened: boolean;
};

export type AcknowledgeStatus = 'applied' | 'already_applied' | 'stale' | 'dead_lettered';

/** The answer for a delivery of which nothing is left to settle; undefined for one that is to be settled now. */
export const settledBefore = (
  { state, isAcknowledged, isReopened }: AcknowledgedDelivery,
  outcome: 'applied' | 'failed',
): AcknowledgeStatus | undefined => {
  const isApplied = outcome === 'applied';
  if (isReopened) return 'stale';
  switch (state) {
    case 'open':
    case 'held':
      return undefined;
    case 'applied':
    case 'unchanged':
    case 'waived':
      return 'already_applied';
    case 'superseded':
      return isApplied && !isAcknowledged ? undefined : 'stale';
    case 'dead_lettered':
      return isApplied ? undefined : 'dead_lettered';
  }
};
