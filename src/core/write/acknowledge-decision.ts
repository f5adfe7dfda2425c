import { deliveryAnswers } from '../obligation/delivery-answers.ts';
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
  if (isReopened) return 'stale';
  const answers = deliveryAnswers[state];
  const answer = outcome === 'applied' ? answers.says_applied : answers.says_failed;
  switch (answer) {
    case 'decide':
      return undefined;
    case 'decide_once':
      return isAcknowledged ? 'stale' : undefined;
    case 'already_applied':
    case 'stale':
    case 'dead_lettered':
      return answer;
  }
};
