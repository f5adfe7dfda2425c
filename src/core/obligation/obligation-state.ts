const obligationStates = ['open', 'held', 'applied', 'superseded', 'unchanged', 'dead_lettered', 'waived'] as const;

export type ObligationState = (typeof obligationStates)[number];

/** What can happen to an obligation that is there already. */
export type ObligationEvent =
  /** A newer version of its record was read, and this one is not in flight. */
  | 'newer_read'
  /** Its write was confirmed. */
  | 'written'
  /** The target was found to hold it. */
  | 'found_on_target'
  /** The target holds a newer version. */
  | 'newer_on_target'
  /** The target refused it, or its attempts are used up. */
  | 'given_up'
  /** A Zap says that it wrote it, though it was given up on. */
  | 'written_after_all'
  /** The same, and the target holds a newer version. */
  | 'overtaken_after_all'
  /** To be repaired. */
  | 'wanted_again'
  /** A person has its dead letter delivered again. */
  | 'replayed'
  /** A person answers for leaving it as it is. */
  | 'waived';

/** An unsettled obligation keeps `committed` from passing it. */
export const isUnsettled = (state: ObligationState): state is 'open' | 'held' => state === 'open' || state === 'held';

const unsettledAfter = (state: 'open' | 'held', event: ObligationEvent): ObligationState => {
  switch (event) {
    case 'wanted_again':
      return 'open';
    case 'waived':
      return state === 'held' ? 'waived' : state;
    case 'newer_read':
    case 'newer_on_target':
      return 'superseded';
    case 'written':
      return 'applied';
    case 'found_on_target':
      return 'unchanged';
    case 'given_up':
      return 'dead_lettered';
    case 'written_after_all':
    case 'overtaken_after_all':
    case 'replayed':
      return state;
  }
};

const givenUpAfter = (event: ObligationEvent): ObligationState => {
  switch (event) {
    case 'written_after_all':
      return 'applied';
    case 'overtaken_after_all':
      return 'superseded';
    case 'replayed':
      return 'open';
    case 'waived':
      return 'waived';
    case 'newer_read':
    case 'newer_on_target':
    case 'written':
    case 'found_on_target':
    case 'given_up':
    case 'wanted_again':
      return 'dead_lettered';
  }
};

/**
 * The state after an event. What is settled stays as it is until it is wanted again; what was given up on or waived is
 * not sent again for that.
 */
export const stateAfter = (state: ObligationState, event: ObligationEvent): ObligationState => {
  switch (state) {
    case 'open':
    case 'held':
      return unsettledAfter(state, event);
    case 'applied':
    case 'superseded':
    case 'unchanged':
      return event === 'wanted_again' ? 'open' : state;
    case 'dead_lettered':
      return givenUpAfter(event);
    case 'waived':
      return state;
  }
};

/** The states that an event changes: for one statement that is to touch those and no others. */
export const statesChangedBy = (event: ObligationEvent): ObligationState[] =>
  obligationStates.filter((state) => stateAfter(state, event) !== state);
