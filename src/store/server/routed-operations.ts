import { type RouteName, routes } from '../../core/protocol/routes.ts';
import type { Operations } from '../sql/operations.ts';
import { type RoutedOperation, routeOperation } from './routed-operation.ts';

/** Every operation behind its route. One that is missing here does not compile. */
export const routedOperations = (operations: Operations): Readonly<Record<RouteName, RoutedOperation>> => ({
  me: routeOperation(routes.me, operations.me),
  listSyncs: routeOperation(routes.listSyncs, operations.listSyncs),
  getSync: routeOperation(routes.getSync, operations.getSync),
  applySystem: routeOperation(routes.applySystem, operations.applySystem),
  applySync: routeOperation(routes.applySync, operations.applySync),
  createKey: routeOperation(routes.createKey, operations.createKey),
  listKeys: routeOperation(routes.listKeys, operations.listKeys),
  revokeKey: routeOperation(routes.revokeKey, operations.revokeKey),
  openStream: routeOperation(routes.openStream, operations.openStream),
  getStream: routeOperation(routes.getStream, operations.getStream),
  openCycle: routeOperation(routes.openCycle, operations.openCycle),
  recordPage: routeOperation(routes.recordPage, operations.recordPage),
  emit: routeOperation(routes.emit, operations.emit),
  beginWrites: routeOperation(routes.beginWrites, operations.beginWrites),
  completeWrites: routeOperation(routes.completeWrites, operations.completeWrites),
  acknowledgeDelivery: routeOperation(routes.acknowledgeDelivery, operations.acknowledgeDelivery),
  claimOnce: routeOperation(routes.claimOnce, operations.claimOnce),
  openReconciliation: routeOperation(routes.openReconciliation, operations.openReconciliation),
  recordSlice: routeOperation(routes.recordSlice, operations.recordSlice),
  getReconciliation: routeOperation(routes.getReconciliation, operations.getReconciliation),
  listEvidence: routeOperation(routes.listEvidence, operations.listEvidence),
  listDeadLetters: routeOperation(routes.listDeadLetters, operations.listDeadLetters),
  getDeadLetter: routeOperation(routes.getDeadLetter, operations.getDeadLetter),
  deadLetterRecord: routeOperation(routes.deadLetterRecord, operations.deadLetterRecord),
  replayDeadLetters: routeOperation(routes.replayDeadLetters, operations.replayDeadLetters),
  resolveDeadLetter: routeOperation(routes.resolveDeadLetter, operations.resolveDeadLetter),
  listHeld: routeOperation(routes.listHeld, operations.listHeld),
  waiveHeld: routeOperation(routes.waiveHeld, operations.waiveHeld),
});
