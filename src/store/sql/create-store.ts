import { instantFromMs } from '../../core/instant.ts';
import { environment as environments, type Environment } from '../../core/contract/name.ts';
import { acknowledgeDelivery } from './acknowledge-delivery.ts';
import { authenticate, createKey, listKeys, type NewKey, revokeKey } from './api-keys-table.ts';
import { beginWrites } from './begin-writes.ts';
import { createBundleCache } from './bundle-cache.ts';
import { claimOnce } from './claims-table.ts';
import { closeCircuitByHand, listCircuits } from './circuits-table.ts';
import { listCheckpoints } from './checkpoints.ts';
import { completeWrites } from './complete-writes.ts';
import { applySync, applySystem, currentBundle, listSyncs } from './contracts-table.ts';
import type { Database } from './database/database.ts';
import { getDeadLetter, listDeadLetters } from './dead-letter-views.ts';
import { deadLetterRecord } from './dead-letter-record.ts';
import { openDryRun } from './dry-runs.ts';
import { listHeld, waiveHeld } from './held-records.ts';
import { replayDeadLetters } from './replays-table.ts';
import { resolveDeadLetter } from './dead-letter-resolution.ts';
import { emit } from './emission.ts';
import { appendEvidence, listEvidence } from './evidence-table.ts';
import { proveEntry, proveGrowth } from './ledger-proofs.ts';
import { getTreeHead, signIfDue, signTreeHead } from './tree-heads-table.ts';
import type { Caller, Operations, Store } from './operations.ts';
import { recordPage } from './pages-table.ts';
import { getRecord } from './record-history.ts';
import { lockRun, openReconciliation, resultOf } from './reconciliations-table.ts';
import { recordSlice } from './reconciliation-slices-table.ts';
import type { StoreSchema } from './schema.ts';
import { createSealing } from './sealing.ts';
import { getStream } from './stream-status.ts';
import { openCycle, openStream } from './streams-table.ts';
import type { Work } from './work.ts';
import { previewWrites } from './write-preview.ts';

export type StoreOptions = {
  readonly database: Database<StoreSchema>;
  /** At least 32 characters; the same for every process on one database. */
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID. */
  readonly newId: () => string;
  /** Version of the program, shown by `/v1/me`. */
  readonly version: string;
};

/** Acts that need no key: those of a person who holds the database itself. */
export type LocalKeys = {
  readonly createKey: (environment: Environment, request: NewKey) => ReturnType<typeof createKey>;
  readonly listKeys: (environment: Environment) => ReturnType<typeof listKeys>;
  readonly revokeKey: (environment: Environment, keyId: string) => ReturnType<typeof revokeKey>;
  /** Signs the head of the ledger, unless one was signed within the hour. */
  readonly signIfDue: () => ReturnType<typeof signIfDue>;
};

type Run = <T>(caller: Caller, operation: (work: Work) => Promise<T>) => Promise<T>;

const localCaller = (environment: Environment): Caller => ({
  keyId: 'local',
  name: 'local',
  role: 'admin',
  environment: environments.parse(environment),
});

const operationsOf = (run: Run, version: string): Operations => ({
  me: (caller) => Promise.resolve({ ...caller, storeVersion: version }),
  listSyncs: (caller) => run(caller, listSyncs),
  getSync: (caller, { sync }) => run(caller, (work) => currentBundle(work, sync)),
  applySystem: (caller, { system }, request) => run(caller, (work) => applySystem(work, system, request)),
  applySync: (caller, { sync }, { contract }) => run(caller, (work) => applySync(work, sync, contract)),
  createKey: (caller, _params, request) => run(caller, (work) => createKey(work, request)),
  listKeys: (caller) => run(caller, listKeys),
  revokeKey: (caller, { key }) => run(caller, (work) => revokeKey(work, key)),
  openStream: (caller, key, request) => run(caller, (work) => openStream(work, key, request)),
  getStream: (caller, key) => run(caller, (work) => getStream(work, key)),
  openCycle: (caller, _params, request) => run(caller, (work) => openCycle(work, request)),
  recordPage: (caller, { cycle }, request) => run(caller, (work) => recordPage(work, cycle, request)),
  emit: (caller, { cycle }, request) => run(caller, (work) => emit(work, cycle, request)),
  beginWrites: (caller, _params, request) => run(caller, (work) => beginWrites(work, request)),
  completeWrites: (caller, _params, request) => run(caller, (work) => completeWrites(work, request)),
  acknowledgeDelivery: (caller, _params, request) => run(caller, (work) => acknowledgeDelivery(work, request)),
  claimOnce: (caller, _params, request) => run(caller, (work) => claimOnce(work, request)),
  listCircuits: (caller) => run(caller, listCircuits),
  closeCircuit: (caller, { system }, request) => run(caller, (work) => closeCircuitByHand(work, system, request)),
  openReconciliation: (caller, _params, request) => run(caller, (work) => openReconciliation(work, request)),
  recordSlice: (caller, { run: runId }, request) => run(caller, (work) => recordSlice(work, runId, request)),
  getReconciliation: (caller, { run: runId }) =>
    run(caller, async (work) => resultOf(work, await lockRun(work, runId))),
  getRecord: (caller, { sync }, { externalId }) => run(caller, (work) => getRecord(work, { sync, externalId })),
  listEvidence: (caller, _params, request) => run(caller, (work) => listEvidence(work, request)),
  signTreeHead: (caller) => run(caller, signTreeHead),
  getTreeHead: (caller) => run(caller, getTreeHead),
  proveEntry: (caller, { entry }) => run(caller, (work) => proveEntry(work, entry)),
  proveGrowth: (caller, _params, request) => run(caller, (work) => proveGrowth(work, request)),
  listDeadLetters: (caller, _params, request) => run(caller, (work) => listDeadLetters(work, request)),
  getDeadLetter: (caller, { deadLetter }) => run(caller, (work) => getDeadLetter(work, deadLetter)),
  deadLetterRecord: (caller, _params, request) => run(caller, (work) => deadLetterRecord(work, request)),
  replayDeadLetters: (caller, _params, request) => run(caller, (work) => replayDeadLetters(work, request)),
  resolveDeadLetter: (caller, { deadLetter }, request) =>
    run(caller, (work) => resolveDeadLetter(work, deadLetter, request)),
  listHeld: (caller, _params, request) => run(caller, (work) => listHeld(work, request)),
  waiveHeld: (caller, { held }, request) => run(caller, (work) => waiveHeld(work, held, request)),
  listCheckpoints: (caller, key, request) => run(caller, (work) => listCheckpoints(work, key, request)),
  openDryRun: (caller, key, request) => run(caller, (work) => openDryRun(work, key, request)),
  previewWrites: (caller, key, request) => run(caller, (work) => previewWrites(work, key, request)),
});

/** The store over a migrated database: every operation of the API, each in one transaction. */
export const createStore = (options: StoreOptions): Store & LocalKeys => {
  const { database, newId } = options;
  const sealing = createSealing(options.secret);
  const bundles = createBundleCache();
  const run: Run = (caller, operation) => {
    const now = instantFromMs(options.now());
    return database.transaction((tx) => operation({ tx, caller, now, newId, sealing, bundles }));
  };
  return {
    operations: operationsOf(run, options.version),
    authenticate: (key) => authenticate(database.kysely, instantFromMs(options.now()), key),
    recordRefusal: async (caller, { route, reason }) => {
      await run(caller, (work) =>
        appendEvidence(work, {
          kind: 'refusal',
          sync: null,
          body: { keyId: caller.keyId, role: caller.role, route, reason },
        }),
      );
    },
    ping: async () => {
      const outcome = await database.ping();
      if (outcome.kind === 'down') throw new Error(`The database does not answer: ${outcome.reason}`);
    },
    createKey: (environment, request) => run(localCaller(environment), (work) => createKey(work, request)),
    listKeys: (environment) => run(localCaller(environment), listKeys),
    revokeKey: (environment, keyId) => run(localCaller(environment), (work) => revokeKey(work, keyId)),
    signIfDue: () => run(localCaller('production'), signIfDue),
  };
};
