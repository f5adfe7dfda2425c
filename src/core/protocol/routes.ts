import {
  applySync,
  applySystem,
  createKey,
  getSync,
  listEvidence,
  listKeys,
  listSyncs,
  me,
  revokeKey,
} from './admin-routes.ts';
import { claimOnce } from './claim-routes.ts';
import { closeCircuit, listCircuits } from './circuit-routes.ts';
import { emit, getStream, openCycle, openStream, recordPage } from './cycle-routes.ts';
import {
  deadLetterRecord,
  getDeadLetter,
  listDeadLetters,
  listHeld,
  replayDeadLetters,
  resolveDeadLetter,
  waiveHeld,
} from './dead-letter-routes.ts';
import { listCheckpoints, openDryRun, previewWrites } from './dry-run-routes.ts';
import { acknowledgeDelivery } from './delivery-routes.ts';
import { getTreeHead, proveEntry, proveGrowth, signTreeHead } from './ledger-routes.ts';
import { getReconciliation, openReconciliation, recordSlice } from './reconcile-routes.ts';
import { getRecord } from './record-routes.ts';
import { beginWrites, completeWrites } from './write-routes.ts';

/** Every operation of the store's API. The server serves exactly these. */
export const routes = {
  me,
  listSyncs,
  getSync,
  applySystem,
  applySync,
  createKey,
  listKeys,
  revokeKey,
  openStream,
  getStream,
  openCycle,
  recordPage,
  emit,
  beginWrites,
  completeWrites,
  acknowledgeDelivery,
  claimOnce,
  listCircuits,
  closeCircuit,
  openReconciliation,
  recordSlice,
  getReconciliation,
  getRecord,
  listEvidence,
  signTreeHead,
  getTreeHead,
  proveEntry,
  proveGrowth,
  listDeadLetters,
  getDeadLetter,
  deadLetterRecord,
  replayDeadLetters,
  resolveDeadLetter,
  listHeld,
  waiveHeld,
  listCheckpoints,
  openDryRun,
  previewWrites,
} as const;

export type RouteName = keyof typeof routes;
