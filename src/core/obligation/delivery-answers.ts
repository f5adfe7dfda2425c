import type { ObligationState } from './obligation-state.ts';

/**
 * What a Zap that comes with a delivery is answered, by the state of its obligation. `decide` leaves it to the target
 * record; `decide_once` does too, unless this very delivery was acknowledged before, and then it is `stale`.
 */
type Answers = {
  readonly begins_write: 'decide' | 'already_applied' | 'stale' | 'dead_lettered';
  readonly says_applied: 'decide' | 'decide_once' | 'already_applied';
  readonly says_failed: 'decide' | 'already_applied' | 'stale' | 'dead_lettered';
  /** How it was settled before. */
  readonly gives_up: 'decide' | Exclude<ObligationState, 'open' | 'held'>;
};

const unsettled: Answers = {
  begins_write: 'decide',
  says_applied: 'decide',
  says_failed: 'decide',
  gives_up: 'decide',
};

const done = {
  begins_write: 'already_applied',
  says_applied: 'already_applied',
  says_failed: 'already_applied',
} as const;

export const deliveryAnswers: Readonly<Record<ObligationState, Answers>> = {
  open: unsettled,
  held: unsettled,
  applied: { ...done, gives_up: 'applied' },
  superseded: { begins_write: 'stale', says_applied: 'decide_once', says_failed: 'stale', gives_up: 'superseded' },
  unchanged: { ...done, gives_up: 'unchanged' },
  dead_lettered: {
    begins_write: 'dead_lettered',
    says_applied: 'decide',
    says_failed: 'dead_lettered',
    gives_up: 'dead_lettered',
  },
  waived: { ...done, gives_up: 'waived' },
};
