import { sql } from 'kysely';
import { changeOf, jitterOf } from '../../core/circuit/change.ts';
import {
  afterWrites,
  type Circuit,
  closeCircuit,
  grantProbe,
  isUntouched,
  newCircuit,
  staysAsItIs,
} from '../../core/circuit/circuit.ts';
import type { CircuitSignal } from '../../core/circuit/signal.ts';
import type { Instant } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { appendAllEvidence, type EvidenceFact } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import type { Work } from './work.ts';

type Row = {
  system: string;
  state: Circuit['state'];
  failures: number;
  failed_at: Instant | null;
  openings: number;
  opened_at: Instant | null;
  closed_at: Instant | null;
  retry_at: Instant | null;
  not_before: Instant | null;
  probe: string | null;
};

const circuitOf = (row: Row): Circuit => ({
  state: row.state,
  failures: row.failures,
  failedAt: row.failed_at,
  openings: row.openings,
  openedAt: row.opened_at,
  closedAt: row.closed_at,
  retryAt: row.retry_at,
  notBefore: row.not_before,
  probe: row.probe,
});

const readRows = (work: Work, systems: readonly string[] | null): Promise<Row[]> => {
  const rows = work.tx.selectFrom('circuits').selectAll().where('environment', '=', work.caller.environment);
  return (systems === null ? rows.orderBy('system') : rows.where('system', 'in', systems)).execute();
};

/** The circuit before a system, as it was committed last. One statement, without a lock. */
export const readCircuit = async (work: Work, system: string): Promise<Circuit> => {
  const [row] = await readRows(work, [system]);
  return row === undefined ? newCircuit : circuitOf(row);
};

/** Locks the circuit before a system, creating its row at first sight. One statement; before any target record. */
export const lockCircuit = async (work: Work, system: string): Promise<Circuit> => {
  const locked = await sql<Row>`
    insert into circuits (environment, system) values (${work.caller.environment}, ${system})
    on conflict (environment, system) do update set system = excluded.system
    returning system, state, failures, failed_at, openings, opened_at, closed_at, retry_at, not_before, probe
  `.execute(work.tx);
  const [row] = locked.rows;
  if (row === undefined) throw new Error(`Cannot lock the circuit of system "${system}": it has no row`);
  return circuitOf(row);
};

/** Writes a circuit whose row is locked, and gives the evidence of a change of its state. One statement, or none. */
const save = async (
  work: Work,
  system: string,
  change: { readonly before: Circuit; readonly after: Circuit; readonly by?: JsonObject },
): Promise<EvidenceFact[]> => {
  const { before, after, by } = change;
  if (before === after) return [];
  await work.tx
    .updateTable('circuits')
    .set({
      state: after.state,
      failures: after.failures,
      failed_at: after.failedAt,
      openings: after.openings,
      opened_at: after.openedAt,
      closed_at: after.closedAt,
      retry_at: after.retryAt,
      not_before: after.notBefore,
      probe: after.probe,
    })
    .where('environment', '=', work.caller.environment)
    .where('system', '=', system)
    .execute();
  const body = changeOf(system, before, after, by);
  return body === undefined ? [] : [{ kind: 'circuit', sync: null, body }];
};

/** Makes a write the probe of a circuit that is locked. One statement. */
export const saveProbe = (work: Work, system: string, before: Circuit, intentId: string): Promise<EvidenceFact[]> =>
  save(work, system, { before, after: grantProbe(before, intentId, work.now) });

/** What one write showed of its target system. */
export type Told = { readonly system: string; readonly intentId: string; readonly signal: CircuitSignal };

/**
 * Locks the circuits that what is told may change, in the order of their systems and before any target record: none
 * where all is well. One statement, and one for each circuit locked.
 */
export const lockTroubled = async (work: Work, told: readonly Told[]): Promise<ReadonlyMap<string, Circuit>> => {
  const systems = [...new Set(told.map(({ system }) => system))].toSorted();
  const locked = new Map<string, Circuit>();
  if (systems.length === 0) return locked;
  const known = new Map((await readRows(work, systems)).map((row) => [row.system, circuitOf(row)]));
  for (const system of systems) {
    const signals = told.filter((one) => one.system === system).map(({ signal }) => signal);
    if (!staysAsItIs(known.get(system) ?? newCircuit, signals)) locked.set(system, await lockCircuit(work, system));
  }
  return locked;
};

/** Moves the locked circuits on by what was told. One statement for each that changes. */
export const tellCircuits = async (
  work: Work,
  locked: ReadonlyMap<string, Circuit>,
  told: readonly Told[],
): Promise<EvidenceFact[]> => {
  const facts: EvidenceFact[] = [];
  for (const [system, before] of locked) {
    const own = told.filter((one) => one.system === system);
    const moment = { now: work.now, random: jitterOf(system, work.now) };
    const after = own.length === 0 ? before : afterWrites(before, own, moment);
    facts.push(...(await save(work, system, { before, after })));
  }
  return facts;
};

/** The circuits of the caller's environment that were ever needed, by system. */
export const listCircuits = async (work: Work): ReturnType<Operations['listCircuits']> => ({
  circuits: (await readRows(work, null)).flatMap((row) => {
    const circuit = circuitOf(row);
    const { state, failures, failedAt, openings, openedAt, closedAt, retryAt, notBefore } = circuit;
    const shown = { system: row.system, state, failures, failedAt, openings, openedAt, closedAt, retryAt, notBefore };
    return isUntouched(circuit) ? [] : [shown];
  }),
});

/**
 * Closes a circuit by hand, and forgets what its system asked to wait. The same again changes nothing.
 *
 * @throws StoreError `not_found` for a system that is not in the caller's environment
 */
export const closeCircuitByHand = async (
  work: Work,
  system: string,
  { reason }: Parameters<Operations['closeCircuit']>[2],
): ReturnType<Operations['closeCircuit']> => {
  const { environment, keyId, name } = work.caller;
  const known = await work.tx
    .selectFrom('contracts')
    .select('name')
    .where('environment', '=', environment)
    .where('kind', '=', 'system')
    .where('name', '=', system)
    .executeTakeFirst();
  if (known === undefined) {
    throw new StoreError('not_found', `Cannot find system "${system}" in ${environment}: apply its contract first`);
  }
  const before = await lockCircuit(work, system);
  const after = closeCircuit(before, 'closed_by_hand', work.now);
  await appendAllEvidence(work, await save(work, system, { before, after, by: { keyId, name, reason } }));
  return { before: before.state };
};
