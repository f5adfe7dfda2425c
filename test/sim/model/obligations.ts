import type { Instant } from '../../../src/core/instant.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { isUnsettled, type ObligationEvent, stateAfter } from '../../../src/core/obligation/obligation-state.ts';
import { type FreshObligation, type ReturnedVersion, versionKey } from '../../../src/core/obligation/page-news.ts';
import { orderedAt } from '../../../src/core/write/begin-decision.ts';
import { comparePositions, placeOf } from './position.ts';
import { addTo, found, type Obligation, type StreamIndex, type Work } from './state.ts';
import { indexOf } from './streams.ts';

export const obligationOf = ({ state }: Work, id: number): Obligation =>
  found(state.obligations.get(id), `obligation ${id}`);

const all = (work: Work, ids: Iterable<number>): Obligation[] => Array.from(ids, (id) => obligationOf(work, id));

/** The obligations of one record of a stream. */
export const obligationsOf = (work: Work, streamId: number, externalId: string): Obligation[] =>
  all(work, indexOf(work, streamId).byRecord.get(externalId) ?? []);

export const unsettledOf = (work: Work, streamId: number): Obligation[] => all(work, indexOf(work, streamId).unsettled);

const count = ({ counts }: StreamIndex, { state }: Obligation, by: 1 | -1): void => {
  counts.set(state, (counts.get(state) ?? 0) + by);
};

/** Puts an obligation in the place of what it was before. */
export const putObligation = (work: Work, obligation: Obligation): void => {
  const { obligationId, state } = obligation;
  const index = indexOf(work, obligation.streamId);
  const before = work.state.obligations.get(obligationId);
  if (before !== undefined) count(index, before, -1);
  count(index, obligation, 1);
  work.state.obligations.set(obligationId, obligation);
  if (isUnsettled(state)) index.unsettled.add(obligationId);
  else index.unsettled.delete(obligationId);
};

const enter = (work: Work, obligation: Obligation): void => {
  const { obligationId, externalId, updatedAt, streamId } = obligation;
  const { byVersion, byRecord, positions } = indexOf(work, streamId);
  byVersion.set(versionKey(obligation), obligationId);
  addTo(byRecord, externalId, obligationId);
  const place = placeOf(positions, obligation);
  const there = positions[place];
  if (there === undefined || comparePositions(there, obligation) !== 0) {
    positions.splice(place, 0, { updatedAt, externalId });
  }
  putObligation(work, obligation);
};

const sealed = (payload: JsonObject | null): Pick<Obligation, 'payload' | 'bytes'> => {
  const text = payload === null ? null : JSON.stringify(payload);
  return { payload: text, bytes: text?.length ?? 0 };
};

export type Opening = { readonly streamId: number; readonly deadlineAt: Instant };

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
      externalId: one.externalId,
      updatedAt: one.updatedAt,
      digest: one.digest,
      state: one.state,
      attempts: 0,
      dueAt: null,
      openedAt: now,
      settledAt: isOpen ? null : now,
      reason: one.reason,
      ...sealed(isOpen ? one.payload : null),
    };
    enter(work, obligation);
    return [obligation];
  });
};

const isNewer = (a: Obligation, b: Obligation): boolean => {
  const [atA, atB] = [orderedAt(a.updatedAt, a.openedAt), orderedAt(b.updatedAt, b.openedAt)];
  return atA === atB ? a.sequence > b.sequence : atA > atB;
};

export const isInFlight = ({ state, dueAt }: Obligation, now: Instant): boolean =>
  state === 'open' && dueAt !== null && dueAt > now;

const settle = (work: Work, obligation: Obligation, event: ObligationEvent, reason: string | null): void => {
  const state = stateAfter(obligation.state, event);
  if (state === obligation.state) return;
  putObligation(work, { ...obligation, state, settledAt: work.now, payload: null, dueAt: null, reason });
};

/** Supersedes what is older than the newest known version of its record, but for what is in flight. */
export const supersedeOlder = (work: Work, streamId: number, externalIds: Iterable<string>): void => {
  for (const externalId of new Set(externalIds)) {
    const versions = obligationsOf(work, streamId, externalId);
    for (const one of versions) {
      const isDue = one.dueAt === null || one.dueAt <= work.now;
      if (!isDue || !versions.some((other) => isNewer(other, one))) continue;
      settle(work, one, 'newer_read', 'A newer version was read');
    }
  }
};

const acknowledge = ({ state, now }: Work, obligationId: number): void => {
  for (const id of state.deliveriesOfObligation.get(obligationId) ?? []) {
    const delivery = found(state.deliveries.get(id), `delivery ${id}`);
    if (delivery.acknowledgedAt === null) state.deliveries.set(id, { ...delivery, acknowledgedAt: now });
  }
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
    for (const one of obligationsOf(work, done.streamId, done.externalId)) {
      if (isNewer(one, done)) continue;
      if (one.obligationId === obligationId) settle(work, one, event, reason);
      else settle(work, one, 'newer_on_target', 'A newer version reached the target');
    }
  }
};

/**
 * Opens obligations anew.
 *
 * @returns the external IDs whose version had an obligation that could be
 */
export const reopenObligations = (
  work: Work,
  { streamId, deadlineAt }: Opening,
  returned: readonly ReturnedVersion[],
): Set<string> => {
  const { state, now } = work;
  const reopened = new Set<string>();
  for (const version of returned) {
    const id = indexOf(work, streamId).byVersion.get(versionKey(version));
    const before = id === undefined ? undefined : obligationOf(work, id);
    if (before === undefined || stateAfter(before.state, 'wanted_again') === before.state) continue;
    state.sequence += 1;
    const anew = { state: 'open' as const, settledAt: null, dueAt: null, attempts: 0, openedAt: now, deadlineAt };
    const { sequence } = state;
    putObligation(work, { ...before, ...anew, sequence, ...sealed(version.payload), reason: 'Repair' });
    reopened.add(version.externalId);
  }
  return reopened;
};
