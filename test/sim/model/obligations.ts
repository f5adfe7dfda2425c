import type { Instant } from '../../../src/core/instant.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../../src/core/json.ts';
import { deliveryTable } from '../../../src/core/obligation/delivery-state.ts';
import { isUnsettled, type ObligationEvent, stateAfter } from '../../../src/core/obligation/obligation-state.ts';
import {
  type FreshObligation,
  momentKey,
  type ReadVersion,
  type ReturnedVersion,
  versionKey,
} from '../../../src/core/obligation/page-news.ts';
import { stateAfter as stateIn } from '../../../src/core/state-table.ts';
import { orderedAt } from '../../../src/core/write/begin-decision.ts';
import { comparePositions, placeOf } from './position.ts';
import { found, indexOf, type Obligation, type StreamIndex, type Work } from './state.ts';

export const obligationOf = ({ state }: Work, id: number): Obligation =>
  found(state.obligations.get(id), `obligation ${id}`);

const all = (work: Work, ids: Iterable<number>): Obligation[] => Array.from(ids, (id) => obligationOf(work, id));

/** The mapped fields; undefined once they were dropped. */
export const payloadOf = ({ payload }: Obligation): JsonObject | undefined => {
  const value = payload === null ? undefined : parseJson(payload);
  return isJsonObject(value) ? value : undefined;
};

/** The unsettled obligations of one record of a stream. */
export const unsettledOfRecord = (work: Work, streamId: number, externalId: string): Obligation[] =>
  all(work, indexOf(work, streamId).byRecord.get(externalId)?.unsettled ?? []);

/** The obligation of the version of a record that was observed last. */
export const lastOfRecord = (work: Work, streamId: number, externalId: string): Obligation | undefined => {
  const record = indexOf(work, streamId).byRecord.get(externalId);
  return record === undefined ? undefined : obligationOf(work, record.observed);
};

/** The versions of a record that are newer than one of it, the newest first. */
export const newerThan = (work: Work, one: Obligation): Obligation[] =>
  [...work.state.obligations.values()]
    .filter(({ streamId, externalId }) => streamId === one.streamId && externalId === one.externalId)
    .filter((other) => isNewer(other, one))
    .toSorted((a, b) => (isNewer(a, b) ? -1 : 1));

/** The obligation of one version. */
export const versionOf = (work: Work, streamId: number, version: ReadVersion): Obligation | undefined => {
  const id = indexOf(work, streamId).byVersion.get(versionKey(version));
  return id === undefined ? undefined : obligationOf(work, id);
};

export const unsettledOf = (work: Work, streamId: number): Obligation[] => all(work, indexOf(work, streamId).unsettled);

const count = ({ counts }: StreamIndex, { state }: Obligation, by: 1 | -1): void => {
  counts.set(state, (counts.get(state) ?? 0) + by);
};

const isNewer = (a: Obligation, b: Obligation): boolean => {
  const [atA, atB] = [orderedAt(a.updatedAt, a.openedAt), orderedAt(b.updatedAt, b.openedAt)];
  return atA === atB ? a.sequence > b.sequence : atA > atB;
};

/** Puts an obligation in the place of what it was before. */
export const putObligation = (work: Work, obligation: Obligation): void => {
  const { obligationId, externalId, state } = obligation;
  const index = indexOf(work, obligation.streamId);
  const before = work.state.obligations.get(obligationId);
  if (before !== undefined) count(index, before, -1);
  count(index, obligation, 1);
  work.state.obligations.set(obligationId, obligation);
  const { unsettled } = found(index.byRecord.get(externalId), `record ${externalId}`);
  if (isUnsettled(state)) {
    index.unsettled.add(obligationId);
    unsettled.add(obligationId);
  } else {
    index.unsettled.delete(obligationId);
    unsettled.delete(obligationId);
  }
};

/** Puts an obligation whose version was just observed, for the first time or anew. */
const observe = (work: Work, obligation: Obligation): void => {
  const { obligationId, externalId, streamId, sequence } = obligation;
  const { byRecord, latest } = indexOf(work, streamId);
  const record = byRecord.get(externalId);
  if (record === undefined) {
    byRecord.set(externalId, {
      unsettled: new Set(),
      newest: obligationId,
      observed: obligationId,
      observedAt: obligation.openedAt,
    });
  } else {
    record.observedAt = obligation.openedAt;
    record.observed = obligationId;
    if (isNewer(obligation, obligationOf(work, record.newest))) record.newest = obligationId;
  }
  latest.set(momentKey(obligation), sequence);
  putObligation(work, obligation);
};

/** Counts a delivery of an obligation, which is in flight from now on. */
export const countDelivery = (work: Work, before: Obligation, dueAt: Instant): void => {
  indexOf(work, before.streamId).deliveries += 1;
  putObligation(work, { ...before, attempts: before.attempts + 1, dueAt });
};

const enter = (work: Work, obligation: Obligation): void => {
  const { obligationId, externalId, updatedAt, streamId } = obligation;
  const { byVersion, positions } = indexOf(work, streamId);
  byVersion.set(versionKey(obligation), obligationId);
  const place = placeOf(positions, obligation);
  const there = positions[place];
  if (there === undefined || comparePositions(there, obligation) !== 0) {
    positions.splice(place, 0, { updatedAt, externalId });
  }
  observe(work, obligation);
};

const sealed = (payload: JsonObject | null): Pick<Obligation, 'payload' | 'bytes'> => {
  const text = payload === null ? null : JSON.stringify(payload);
  return { payload: text, bytes: text?.length ?? 0 };
};

/** None counts as observed before an earlier one of its record: the clock may have been behind. */
const observedAt = (work: Work, streamId: number, externalId: string): Instant => {
  const before = indexOf(work, streamId).byRecord.get(externalId)?.observedAt;
  return before !== undefined && before > work.now ? before : work.now;
};

export type Opening = {
  readonly streamId: number;
  readonly deadlineAt: Instant;
  readonly cycleId: string | null;
  readonly contractVersion: string;
};

/** Makes obligations of versions that have none, in the order given, which becomes their sequence. */
export const insertObligations = (work: Work, opening: Opening, fresh: readonly FreshObligation[]): Obligation[] => {
  const { state, now } = work;
  const { byVersion } = indexOf(work, opening.streamId);
  return fresh.flatMap((one) => {
    if (byVersion.has(versionKey(one))) return [];
    state.sequence += 1;
    const isOpen = isUnsettled(one.state);
    const obligation: Obligation = {
      obligationId: state.obligations.size + 1,
      sequence: state.sequence,
      ...opening,
      checkedVersion: opening.contractVersion,
      externalId: one.externalId,
      updatedAt: one.updatedAt,
      digest: one.digest,
      state: one.state,
      attempts: 0,
      dueAt: null,
      notBefore: null,
      openedAt: observedAt(work, opening.streamId, one.externalId),
      settledAt: isOpen ? null : now,
      reason: one.reason,
      ...sealed(isOpen ? one.payload : null),
    };
    enter(work, obligation);
    return [obligation];
  });
};

export const isInFlight = ({ state, dueAt }: Obligation, now: Instant): boolean =>
  state === 'open' && dueAt !== null && dueAt > now;

const settle = (work: Work, obligation: Obligation, event: ObligationEvent, reason: string | null): void => {
  const state = stateAfter(obligation.state, event);
  if (state === obligation.state) return;
  const payload = state === 'dead_lettered' ? obligation.payload : null;
  putObligation(work, { ...obligation, state, settledAt: work.now, payload, dueAt: null, reason });
};

/** Supersedes what is older than the newest known version of its record, but for what is in flight. */
export const supersedeOlder = (work: Work, streamId: number, externalIds: Iterable<string>): void => {
  for (const externalId of new Set(externalIds)) {
    const newest = indexOf(work, streamId).byRecord.get(externalId)?.newest;
    for (const one of unsettledOfRecord(work, streamId, externalId)) {
      const isFree = one.dueAt === null || one.dueAt <= work.now;
      if (isFree && one.obligationId !== newest) settle(work, one, 'newer_read', 'A newer version was read');
    }
  }
};

const acknowledge = ({ state, now }: Work, obligationId: number): void => {
  for (const id of state.deliveriesOfObligation.get(obligationId) ?? []) {
    const delivery = found(state.deliveries.get(id), `delivery ${id}`);
    const after = stateIn(deliveryTable, delivery.state, 'settled');
    if (after !== delivery.state) state.deliveries.set(id, { ...delivery, state: after, acknowledgedAt: now });
  }
};

/** Drops the payload of a dead letter that was closed. */
export const dropPayload = (work: Work, obligationId: number | null): void => {
  if (obligationId === null) return;
  const obligation = obligationOf(work, obligationId);
  if (obligation.state === 'dead_lettered') putObligation(work, { ...obligation, payload: null });
};

/** Settles an obligation without a write; nothing happens to one that is settled already. */
export const settleObligation = (
  work: Work,
  obligationId: number,
  event: 'newer_on_target' | 'given_up',
  reason: string,
): void => {
  acknowledge(work, obligationId);
  settle(work, obligationOf(work, obligationId), event, reason);
};

/** Takes back that a version was given up on. */
export const takeBackGivenUp = (
  work: Work,
  obligationId: number,
  event: 'written_after_all' | 'overtaken_after_all',
): void => {
  settle(work, obligationOf(work, obligationId), event, null);
};

/** Settles the obligations of versions that are on the target, and every older one of their records. */
export const settleOnTarget = (
  work: Work,
  obligationIds: readonly number[],
  event: 'written' | 'found_on_target',
  reason: string | null,
): void => {
  for (const obligationId of obligationIds) {
    acknowledge(work, obligationId);
    const done = obligationOf(work, obligationId);
    for (const one of unsettledOfRecord(work, done.streamId, done.externalId)) {
      if (isNewer(one, done)) continue;
      if (one.obligationId === obligationId) settle(work, one, event, reason);
      else settle(work, one, 'newer_on_target', 'A newer version reached the target');
    }
  }
};

/** Moves the deliveries of an open obligation to its new place. */
const moveDeliveries = ({ state }: Work, { obligationId, sequence: before }: Obligation, sequence: number): void => {
  for (const id of state.deliveriesOfObligation.get(obligationId) ?? []) {
    const delivery = found(state.deliveries.get(id), `delivery ${id}`);
    if (delivery.sequence === before) state.deliveries.set(id, { ...delivery, sequence });
  }
};

/** Opens what was given up on anew, in its place among the versions, to be handed out from a time on. */
export const replayObligation = (
  work: Work,
  obligationId: number,
  notBefore: Instant,
  checkedVersion: string,
): void => {
  const before = obligationOf(work, obligationId);
  const state = stateAfter(before.state, 'replayed');
  if (state === before.state) return;
  const anew = { settledAt: null, dueAt: null, attempts: 0, reason: 'Replay' };
  putObligation(work, { ...before, ...anew, state, notBefore, checkedVersion });
};

/** Gives versions that are read again their place after all that were observed before; what is open goes on. */
export const observeAgain = (
  work: Work,
  { streamId, deadlineAt, contractVersion }: Opening,
  returned: readonly ReturnedVersion[],
): void => {
  const { state } = work;
  for (const version of returned) {
    const before = found(versionOf(work, streamId, version), `version ${versionKey(version)}`);
    state.sequence += 1;
    const { sequence } = state;
    const openedAt = observedAt(work, streamId, version.externalId);
    if (before.state === 'open') moveDeliveries(work, before, sequence);
    const anew = before.state === 'open' ? {} : { settledAt: null, dueAt: null, attempts: 0, deadlineAt };
    const read = { state: version.state, reason: version.reason, ...sealed(version.payload) };
    const by = { contractVersion, checkedVersion: contractVersion };
    observe(work, { ...before, ...anew, ...read, ...by, sequence, openedAt, notBefore: null });
  }
};

/**
 * Opens obligations anew.
 *
 * @returns the external IDs whose version had an obligation that could be
 */
export const reopenObligations = (
  work: Work,
  { streamId, deadlineAt, contractVersion }: Opening,
  returned: readonly (ReadVersion & { readonly payload: JsonObject })[],
): Set<string> => {
  const { state } = work;
  const reopened = new Set<string>();
  for (const version of returned) {
    const before = versionOf(work, streamId, version);
    if (before === undefined || stateAfter(before.state, 'wanted_again') === before.state) continue;
    state.sequence += 1;
    const openedAt = observedAt(work, streamId, version.externalId);
    const anew = {
      state: stateAfter(before.state, 'wanted_again'),
      settledAt: null,
      dueAt: null,
      notBefore: null,
      attempts: 0,
      openedAt,
      deadlineAt,
    };
    const by = { contractVersion, checkedVersion: contractVersion };
    const { sequence } = state;
    observe(work, { ...before, ...anew, ...by, sequence, ...sealed(version.payload), reason: 'Repair' });
    reopened.add(version.externalId);
  }
  return reopened;
};
