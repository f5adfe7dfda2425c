import type { StateTable } from '../state-table.ts';

/**
 * - `closed`: writes go through, and failures are counted
 * - `open`: nothing goes through until `retryAt`; then one write may, as a probe
 * - `half_open`: that write is under way, until `retryAt` at most; what becomes of it closes the circuit or opens it anew
 */
export type CircuitState = 'closed' | 'open' | 'half_open';

export type CircuitEvent =
  /** A write that is not the probe reached the system. */
  | 'worked'
  /** One failed. */
  | 'failed'
  /** One failed, and with it failures outnumber successes by as many as open a circuit. */
  | 'failed_too_often'
  /** A write begins that tells whether others may. */
  | 'probe_begins'
  /** It reached the system, also where that refused the record or asked to wait. */
  | 'probe_answered'
  | 'probe_failed'
  /** It was not sent after all. */
  | 'probe_unsent'
  | 'closed_by_hand';

/** Only a half-open circuit has a probe. Writes that began before a circuit opened say nothing new. */
export const circuitTable: StateTable<CircuitState, CircuitEvent> = {
  closed: {
    worked: 'closed',
    failed: 'closed',
    failed_too_often: 'open',
    probe_begins: 'impossible',
    probe_answered: 'impossible',
    probe_failed: 'impossible',
    probe_unsent: 'impossible',
    closed_by_hand: 'closed',
  },
  open: {
    worked: 'nothing',
    failed: 'nothing',
    failed_too_often: 'impossible',
    probe_begins: 'half_open',
    probe_answered: 'impossible',
    probe_failed: 'impossible',
    probe_unsent: 'impossible',
    closed_by_hand: 'closed',
  },
  half_open: {
    worked: 'nothing',
    failed: 'nothing',
    failed_too_often: 'impossible',
    probe_begins: 'half_open',
    probe_answered: 'closed',
    probe_failed: 'open',
    probe_unsent: 'open',
    closed_by_hand: 'closed',
  },
};
