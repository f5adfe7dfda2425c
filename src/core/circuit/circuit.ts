import { compareInstants, type Instant, instantToMs, shiftInstant } from '../instant.ts';
import { WRITE_LEASE_MS } from '../protocol/write-routes.ts';
import { stateAfter } from '../state-table.ts';
import { type CircuitEvent, type CircuitState, circuitTable } from './circuit-state.ts';
import { type CircuitSignal, combineSignals } from './signal.ts';

/** Failures, less the successes since, that open a circuit: so many in a row, or as many more than worked. */
export const FAILURES_TO_OPEN = 5;
/** A failure that nothing followed for so long counts no more. */
const FORGET_AFTER_MS = 10 * 60_000;
export const OPEN_BASE_MS = 30_000;
export const OPEN_MS_MAX = 15 * 60_000;
const STOP_MS_MIN = 1000;

/** The circuit before one target system. */
export type Circuit = {
  readonly state: CircuitState;
  readonly failures: number;
  readonly failedAt: Instant | null;
  /** How often it has opened since it was closed. */
  readonly openings: number;
  /** The last time that nothing went through: from here, to `closedAt` where it has ended. */
  readonly openedAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly retryAt: Instant | null;
  /** Nothing is sent before: the system itself asked for that. */
  readonly notBefore: Instant | null;
  /** The intent that is the probe. */
  readonly probe: string | null;
};

export const newCircuit: Circuit = {
  state: 'closed',
  failures: 0,
  failedAt: null,
  openings: 0,
  openedAt: null,
  closedAt: null,
  retryAt: null,
  notBefore: null,
  probe: null,
};

/** Nothing is known of the system: whether a row is kept of that is the store's business. */
export const isUntouched = ({ state, failures, openedAt, notBefore }: Circuit): boolean =>
  state === 'closed' && failures === 0 && openedAt === null && notBefore === null;

export type Gate =
  | { readonly kind: 'pass' }
  /** One write goes through, and tells whether the others may. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'stop'; readonly reason: 'circuit_open' | 'throttled'; readonly retryAfterMs: number };

const msUntil = (at: Instant | null, now: Instant): number =>
  at === null ? 0 : Math.max(0, instantToMs(at) - instantToMs(now));

const stop = (reason: 'circuit_open' | 'throttled', waitMs: number): Gate => ({
  kind: 'stop',
  reason,
  retryAfterMs: Math.max(STOP_MS_MIN, waitMs),
});

/** Whether a write may go to the system now. */
export const gateOf = (circuit: Circuit, now: Instant): Gate => {
  const throttledMs = msUntil(circuit.notBefore, now);
  const shutMs = circuit.state === 'closed' ? 0 : msUntil(circuit.retryAt, now);
  if (throttledMs > shutMs) return stop('throttled', throttledMs);
  if (shutMs > 0) return stop('circuit_open', shutMs);
  return { kind: circuit.state === 'closed' ? 'pass' : 'probe' };
};

/** False as long as the circuit lets through and has never stopped anything: then no delivery is parked. */
export const mayPark = ({ openedAt, notBefore }: Circuit, gate: Gate): boolean =>
  gate.kind !== 'pass' || openedAt !== null || notBefore !== null;

/** The gate for those that asked together with the probe: the same as for those that ask while it is out. */
export const besideProbe: Gate = stop('circuit_open', WRITE_LEASE_MS);

const moved = ({ state }: Circuit, event: CircuitEvent): CircuitState => stateAfter(circuitTable, state, event);

/** Lets one write through. Its lease is that of the write: when its process has died, another one goes. */
export const grantProbe = (circuit: Circuit, intentId: string, now: Instant): Circuit => ({
  ...circuit,
  state: moved(circuit, 'probe_begins'),
  probe: intentId,
  retryAt: shiftInstant(now, WRITE_LEASE_MS),
});

export type Moment = {
  readonly now: Instant;
  /** Uniform in [0, 1). */
  readonly random: number;
};

/**
 * How long a circuit stays open, the longer the more often: between a half and the whole of a limit that doubles from
 * 30 s to 15 min. Never near 0, as full jitter would have it: the system is to have some rest.
 */
const openMs = (openings: number, random: number): number => {
  const limitMs = Math.min(OPEN_MS_MAX, OPEN_BASE_MS * 2 ** Math.min(openings - 1, 20));
  return Math.floor(limitMs / 2 + (random * limitMs) / 2);
};

const open = (circuit: Circuit, event: 'failed_too_often' | 'probe_failed', { now, random }: Moment): Circuit => {
  const openings = circuit.openings + 1;
  return {
    ...circuit,
    state: moved(circuit, event),
    failures: 0,
    failedAt: null,
    openings,
    openedAt: circuit.state === 'closed' ? now : circuit.openedAt,
    closedAt: null,
    retryAt: shiftInstant(now, openMs(openings, random)),
    probe: null,
  };
};

/** Lets writes through again. */
export const closeCircuit = (circuit: Circuit, event: 'probe_answered' | 'closed_by_hand', now: Instant): Circuit => ({
  ...newCircuit,
  state: moved(circuit, event),
  openedAt: circuit.openedAt,
  closedAt: circuit.state === 'closed' ? circuit.closedAt : now,
});

const countFailure = (circuit: Circuit, moment: Moment): Circuit => {
  const { now } = moment;
  const isFresh =
    circuit.failedAt !== null && compareInstants(circuit.failedAt, shiftInstant(now, -FORGET_AFTER_MS)) >= 0;
  const failures = (isFresh ? circuit.failures : 0) + 1;
  if (failures >= FAILURES_TO_OPEN) return open(circuit, 'failed_too_often', moment);
  return { ...circuit, state: moved(circuit, 'failed'), failures, failedAt: now };
};

const afterProbe = (circuit: Circuit, health: 'up' | 'down' | 'none', isAlive: boolean, moment: Moment): Circuit => {
  if (health === 'up' || isAlive) return closeCircuit(circuit, 'probe_answered', moment.now);
  if (health === 'down') return open(circuit, 'probe_failed', moment);
  // The probe was not sent after all: the next one may go at once.
  return { ...circuit, state: moved(circuit, 'probe_unsent'), probe: null, retryAt: moment.now };
};

const afterOthers = (circuit: Circuit, health: 'up' | 'down' | 'none', moment: Moment): Circuit => {
  if (health === 'none') return circuit;
  const event = health === 'down' ? 'failed' : 'worked';
  if (circuitTable[circuit.state][event] === 'nothing') return circuit;
  if (event === 'failed') return countFailure(circuit, moment);
  return circuit.failures === 0 ? circuit : { ...circuit, failures: circuit.failures - 1 };
};

const later = (one: Instant | null, other: Instant): Instant =>
  one !== null && compareInstants(one, other) > 0 ? one : other;

/**
 * The circuit after one call that told what became of writes. A throttle is no failure: the system answers, and says
 * when to come again.
 */
export const afterWrites = (
  circuit: Circuit,
  told: readonly { readonly intentId: string; readonly signal: CircuitSignal }[],
  moment: Moment,
): Circuit => {
  const { health, throttledMs } = combineSignals(told.map(({ signal }) => signal));
  const isProbe = circuit.probe !== null && told.some(({ intentId }) => intentId === circuit.probe);
  const next = isProbe ? afterProbe(circuit, health, throttledMs > 0, moment) : afterOthers(circuit, health, moment);
  return throttledMs === 0
    ? next
    : { ...next, notBefore: later(next.notBefore, shiftInstant(moment.now, throttledMs)) };
};

/** True where a call that told this would leave the circuit as it is, without a look under its lock. */
export const staysAsItIs = (circuit: Circuit, signals: readonly CircuitSignal[]): boolean =>
  circuit.state === 'closed' && circuit.failures === 0 && signals.every(({ kind }) => kind === 'up' || kind === 'none');
