import { type Change, changeBy, type StateTable } from '../state-table.ts';

/**
 * - `out`: handed to a Zap, and an attempt
 * - `parked`: handed to a Zap, and no attempt, since nothing could be written to the target
 * - `settled`: its obligation was settled by a write, by the word of a Zap, or by giving up
 */
export const deliveryStates = ['out', 'parked', 'settled'] as const;

export type DeliveryState = (typeof deliveryStates)[number];

export type DeliveryEvent =
  /** Its write was stopped by the circuit, or is the probe. */
  | 'stopped'
  /** Nobody came with it in time, and nothing could be written then. */
  | 'missed'
  /** Its write begins. */
  | 'tried'
  /** Its obligation is settled. */
  | 'settled';

export const deliveryTable: StateTable<DeliveryState, DeliveryEvent> = {
  out: { stopped: 'parked', missed: 'parked', tried: 'nothing', settled: 'settled' },
  parked: { stopped: 'nothing', missed: 'nothing', tried: 'out', settled: 'settled' },
  settled: { stopped: 'nothing', missed: 'nothing', tried: 'nothing', settled: 'nothing' },
};

/** For one statement that is to do what an event does to many. */
export const deliveryChange = (event: DeliveryEvent): Change<DeliveryState> =>
  changeBy(deliveryTable, deliveryStates, event);
