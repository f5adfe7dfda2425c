import { changeOf, jitterOf } from '../../../src/core/circuit/change.ts';
import {
  afterWrites,
  type Circuit,
  closeCircuit as close,
  grantProbe,
  isUntouched,
  newCircuit,
} from '../../../src/core/circuit/circuit.ts';
import type { CircuitSignal } from '../../../src/core/circuit/signal.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { appendEvidence } from './evidence.ts';
import type { Operation } from './operation.ts';
import type { Work } from './state.ts';

export const circuitOf = ({ state }: Work, system: string): Circuit => state.circuits.get(system) ?? newCircuit;

const put = (work: Work, system: string, after: Circuit, by?: JsonObject): void => {
  const before = circuitOf(work, system);
  if (before === after) return;
  work.state.circuits.set(system, after);
  const body = changeOf(system, before, after, by);
  if (body !== undefined) appendEvidence(work, { kind: 'circuit', sync: null, body });
};

export const putProbe = (work: Work, system: string, intentId: string): void => {
  put(work, system, grantProbe(circuitOf(work, system), intentId, work.now));
};

type Told = { readonly system: string; readonly intentId: string; readonly signal: CircuitSignal };

export const tellCircuits = (work: Work, told: readonly Told[]): void => {
  for (const system of [...new Set(told.map((one) => one.system))].toSorted()) {
    const own = told.filter((one) => one.system === system);
    const moment = { now: work.now, random: jitterOf(system, work.now) };
    put(work, system, afterWrites(circuitOf(work, system), own, moment));
  }
};

export const listCircuits: Operation<'listCircuits'> = ({ state }) => ({
  circuits: [...state.circuits]
    .filter(([, one]) => !isUntouched(one))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([system, one]) => ({ system, ...one })),
});

export const closeCircuit: Operation<'closeCircuit'> = (work, { system }, { reason }) => {
  if (!work.state.systems.has(system)) {
    throw new StoreError(
      'not_found',
      `Cannot find system "${system}" in ${work.environment}: apply its contract first`,
    );
  }
  const before = circuitOf(work, system);
  put(work, system, close(before, 'closed_by_hand', work.now), { keyId: work.keyId, name: work.keyId, reason });
  return { before: before.state };
};
