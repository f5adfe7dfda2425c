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
  /** Read again after another under the same update time, or held and passing by now, or to be repaired. */
  | 'wanted_again';

/** An unsettled obligation keeps `committed` from passing it. */
export const isUnsettled = (state: ObligationState): state is 'open' | 'held' => state === 'open' || state === 'held';

const settledBy = (event: Exclude<ObligationEvent, 'wanted_again'>): ObligationState => {
  switch (event) {
    case 'newer_read':
    case 'newer_on_target':
      return 'superseded';
    case 'written':
      return 'applied';
    case 'found_on_target':
      return 'unchanged';
    case 'given_up':
      return 'dead_lettered';
  }
};

/** The state after an event. What is settled stays as it is, until it is wanted again; what people decided on stays so. */
export const stateAfter = (state: ObligationState, event: ObligationEvent): ObligationState => {
  switch (state) {
    case 'open':
    case 'held':
      return event === 'wanted_again' ? 'open' : settledBy(event);
    case 'applied':
    case 'superseded':
    case 'unchanged':
      return event === 'wanted_again' ? 'open' : state;
    case 'dead_lettered':
    case 'waived':
      return state;
  }
};

/** The states that an event changes: for one statement that is to touch those and no others. */
export const statesChangedBy = (event: ObligationEvent): ObligationState[] =>
  obligationStates.filter((state) => stateAfter(state, event) !== state);
