import { StoreError } from '../../../src/core/protocol/store-error.ts';
import type { Role } from '../../../src/core/protocol/route.ts';
import type { Caller, Operations, Store } from '../../../src/store/sql/operations.ts';

type Refused = { readonly caller: Caller; readonly route: string; readonly reason: string };

/** A store of a few lines for tests of what HTTP adds: it knows one key for each role, and the operations it is given. */
export type SmallStore = Store & { readonly refused: readonly Refused[]; readonly keyOf: (role: Role) => string };

const unused = (): Promise<never> =>
  Promise.reject(new StoreError('conflict', 'This operation is not part of the test'));

const noOperations: Operations = {
  me: unused,
  listSyncs: unused,
  getSync: unused,
  applySystem: unused,
  applySync: unused,
  createKey: unused,
  listKeys: unused,
  revokeKey: unused,
  openStream: unused,
  getStream: unused,
  openCycle: unused,
  recordPage: unused,
  emit: unused,
  beginWrites: unused,
  completeWrites: unused,
  acknowledgeDelivery: unused,
  claimOnce: unused,
  listCircuits: unused,
  closeCircuit: unused,
  openReconciliation: unused,
  recordSlice: unused,
  getReconciliation: unused,
  getRecord: unused,
  listEvidence: unused,
  signTreeHead: unused,
  getTreeHead: unused,
  proveEntry: unused,
  proveGrowth: unused,
  listDeadLetters: unused,
  getDeadLetter: unused,
  deadLetterRecord: unused,
  replayDeadLetters: unused,
  resolveDeadLetter: unused,
  listHeld: unused,
  waiveHeld: unused,
  listCheckpoints: unused,
  openDryRun: unused,
  previewWrites: unused,
};

const KEY = /^tdm_key-([a-z]+)_secret$/;
const roles: readonly Role[] = ['reader', 'auditor', 'sync', 'operator', 'approver', 'admin'];

export const createSmallStore = (operations: Partial<Operations> = {}, changed: Partial<Store> = {}): SmallStore => {
  const refused: Refused[] = [];
  return {
    operations: { ...noOperations, ...operations },
    authenticate: (key) => {
      const role = roles.find((one) => one === KEY.exec(key)?.[1]);
      return Promise.resolve(
        role === undefined ? undefined : { keyId: `key-${role}`, name: role, role, environment: 'pilot' },
      );
    },
    recordRefusal: (caller, what) => {
      refused.push({ caller, ...what });
      return Promise.resolve();
    },
    ping: () => Promise.resolve(),
    refused,
    keyOf: (role) => `tdm_key-${role}_secret`,
    ...changed,
  };
};
