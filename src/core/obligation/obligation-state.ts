import { type Change, changeBy, stateAfter as stateIn, type StateTable } from '../state-table.ts';

export const obligationStates = [
  'open',
  'held',
  'applied',
  'superseded',
  'unchanged',
  'dead_lettered',
  'waived',
] as const;

export type ObligationState = (typeof obligationStates)[number];

/** What can happen to an obligation that is there already. */
export type ObligationEvent =
  /** A newer version of its record was read, and this one is not in flight. */
  | 'newer_read'
  /** Its write was confirmed, or acknowledged by a Zap. */
  | 'written'
  /** The target was found to hold it. */
  | 'found_on_target'
  /** The target holds a newer version. */
  | 'newer_on_target'
  /** The target refused it, a Zap gave up on it, or its attempts are used up. */
  | 'given_up'
  /** A Zap says that it wrote it, though it was given up on. */
  | 'written_after_all'
  /** The same, and the target holds a newer version. */
  | 'overtaken_after_all'
  /** Read again after another version under the same update time, and it passes. */
  | 'came_back'
  /** The same, and it fails the contract of now. */
  | 'came_back_failing'
  /** Read again, and it passes. */
  | 'passes_again'
  /** To be repaired. */
  | 'wanted_again'
  /** A contract that is new to it lets its fields through. */
  | 'passes_now'
  /** A person has its dead letter delivered again. */
  | 'replayed'
  /** A person answers for leaving a held record as it is. */
  | 'held_waived'
  /** A person answers for leaving a dead letter as it is. */
  | 'letter_waived';

/** What a version comes to that is observed for the first time. */
export type FirstEvent =
  /** It passes the contract. */
  | 'passes'
  /** Its mapped fields are as the target has them, and nothing is open or in doubt. */
  | 'is_on_target'
  /** It fails the contract. */
  | 'fails'
  /** It cannot be keyed, or is too large. */
  | 'is_unusable'
  /** No poll has read it, and reconciliation found that the target lacks it. */
  | 'is_missed';

export const firstStates = {
  passes: 'open',
  is_on_target: 'unchanged',
  fails: 'held',
  is_unusable: 'dead_lettered',
  is_missed: 'open',
} as const satisfies Record<FirstEvent, ObligationState>;

const settled = {
  newer_read: 'nothing',
  written: 'nothing',
  found_on_target: 'nothing',
  newer_on_target: 'nothing',
  given_up: 'nothing',
  written_after_all: 'nothing',
  overtaken_after_all: 'nothing',
  came_back: 'open',
  came_back_failing: 'held',
  passes_again: 'nothing',
  wanted_again: 'open',
  passes_now: 'nothing',
  replayed: 'nothing',
  held_waived: 'refused',
  letter_waived: 'nothing',
} as const;

const open = {
  ...settled,
  newer_read: 'superseded',
  written: 'applied',
  found_on_target: 'unchanged',
  newer_on_target: 'superseded',
  given_up: 'dead_lettered',
  came_back: 'nothing',
  came_back_failing: 'nothing',
  wanted_again: 'nothing',
} as const;

/**
 * What is settled stays as it is until it is wanted again; what was given up on or waived is not sent again for that.
 */
export const obligationTable: StateTable<ObligationState, ObligationEvent> = {
  open,
  held: {
    ...open,
    came_back: 'open',
    passes_again: 'open',
    wanted_again: 'open',
    passes_now: 'open',
    held_waived: 'waived',
  },
  applied: settled,
  superseded: settled,
  unchanged: settled,
  dead_lettered: {
    ...settled,
    written_after_all: 'applied',
    overtaken_after_all: 'superseded',
    wanted_again: 'nothing',
    replayed: 'open',
    letter_waived: 'waived',
  },
  waived: { ...settled, wanted_again: 'nothing' },
};

/** An unsettled obligation keeps `committed` from passing it. */
export const isUnsettled = (state: ObligationState): state is 'open' | 'held' => state === 'open' || state === 'held';

export const stateAfter = (state: ObligationState, event: ObligationEvent): ObligationState =>
  stateIn(obligationTable, state, event);

/** For one statement that is to do what an event does to many. */
export const obligationChange = (event: ObligationEvent): Change<ObligationState> =>
  changeBy(obligationTable, obligationStates, event);
