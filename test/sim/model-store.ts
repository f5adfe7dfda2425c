import { instantFromMs } from '../../src/core/instant.ts';
import { type RouteName, routes } from '../../src/core/protocol/routes.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { acknowledgeDelivery } from './model/acknowledge-delivery.ts';
import { beginWrites } from './model/begin-writes.ts';
import { closeCircuit, listCircuits } from './model/circuits.ts';
import { claimOnce } from './model/claims.ts';
import { completeWrites } from './model/complete-writes.ts';
import { applySync, applySystem, getSync, listSyncs } from './model/contracts.ts';
import { listDeadLetters } from './model/dead-letters.ts';
import { emit } from './model/emission.ts';
import { listEvidence } from './model/evidence.ts';
import type { Operation } from './model/operation.ts';
import { recordPage } from './model/pages.ts';
import { recordSlice } from './model/reconciliation-slices.ts';
import { getReconciliation, openReconciliation } from './model/reconciliations.ts';
import { replayDeadLetters } from './model/replays.ts';
import {
  createState,
  type Claim,
  type Cycle,
  type DeadLetter,
  type Delivery,
  type Intent,
  type Obligation,
  type Run,
  type Stream,
  type TargetRecord,
  type Work,
} from './model/state.ts';
import { getStream, openCycle, openStream } from './model/streams.ts';

const modelled: { readonly [Name in RouteName]?: Operation<Name> } = {
  listSyncs,
  getSync,
  applySystem,
  applySync,
  openStream,
  getStream,
  openCycle,
  recordPage,
  emit,
  beginWrites,
  completeWrites,
  listCircuits,
  closeCircuit,
  acknowledgeDelivery,
  claimOnce,
  openReconciliation,
  recordSlice,
  getReconciliation,
  listEvidence,
  listDeadLetters,
  replayDeadLetters,
};

export type ModelOptions = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID. */
  readonly newId: () => string;
};

/** Everything that the model keeps, in the order in which it came to be. Nothing here changes afterwards. */
export type ModelView = {
  readonly streams: readonly Stream[];
  readonly cycles: readonly Cycle[];
  readonly obligations: readonly Obligation[];
  readonly deliveries: readonly Delivery[];
  readonly targets: readonly TargetRecord[];
  readonly intents: readonly Intent[];
  readonly deadLetters: readonly DeadLetter[];
  readonly runs: readonly Run[];
  readonly claims: readonly Claim[];
};

export type ModelStore = {
  readonly port: StorePort;
  readonly inspect: () => ModelView;
  /** Differs when anything that is stored differs. */
  readonly fingerprint: () => string;
};

type AnyOperation = (work: Work, params: unknown, request: unknown) => unknown;

/**
 * The store as plain objects in memory: what it answers is what the real one answers, but for IDs and hashes. For one
 * environment and one key.
 */
export const createModelStore = ({ now, newId }: ModelOptions): ModelStore => {
  const state = createState();
  const call = (name: RouteName, params: unknown, request: unknown): unknown => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- typed by the route table on both sides
    const operation = modelled[name] as AnyOperation | undefined;
    if (operation === undefined) throw new Error(`Cannot call ${name}: the model of the store has no such operation`);
    const work: Work = { state, now: instantFromMs(now()), newId, environment: 'pilot', keyId: 'test' };
    return operation(work, routes[name].params.parse(params), routes[name].request.parse(request));
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
  const names = Object.keys(routes) as RouteName[];
  const port = Object.fromEntries(
    names.map((name) => [
      name,
      (params: unknown, request: unknown) =>
        new Promise((resolve) => {
          resolve(call(name, params, request));
        }),
    ]),
  );
  const inspect = (): ModelView => ({
    streams: [...state.streams.values()],
    cycles: [...state.cycles.values()],
    obligations: [...state.obligations.values()],
    deliveries: [...state.deliveries.values()],
    targets: [...state.targets.values()],
    intents: [...state.intents.values()],
    deadLetters: [...state.deadLetters.values()],
    runs: [...state.runs.values()],
    claims: [...state.claims.values()],
  });
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry for each route, as above
    port: port as StorePort,
    inspect,
    fingerprint: () =>
      JSON.stringify([inspect(), [...state.circuits], [...state.bundles.keys()], [...state.replays], state.facts]),
  };
};
