import { currentBundle } from './contracts.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import { type DeadLetter, found, type Work } from './state.ts';

type NewDeadLetter = Omit<DeadLetter, 'id' | 'owner' | 'openedAt' | 'closedAs'> & { readonly updatedAt: string };

const letterKey = (sync: string, externalId: string): string => `${sync}/${externalId}`;

/** Closes the open dead letter of a record, if there is one. */
export const closeDeadLetter = (
  { state }: Work,
  sync: string,
  externalId: string,
  closedAs: 'superseded' | 'applied',
): void => {
  const key = letterKey(sync, externalId);
  const id = state.openLetters.get(key);
  if (id === undefined) return;
  state.openLetters.delete(key);
  state.deadLetters.set(id, { ...found(state.deadLetters.get(id), `dead letter ${id}`), closedAs });
};

/** Files a dead letter under the owner of its sync. One is open per external ID of a sync: the latest takes over. */
export const fileDeadLetter = (work: Work, { updatedAt, ...letter }: NewDeadLetter): void => {
  const { sync, externalId, stage, errorClass, attempts } = letter;
  closeDeadLetter(work, sync, externalId, 'superseded');
  const id = work.newId();
  const { owner } = currentBundle(work, sync).sync;
  work.state.deadLetters.set(id, { ...letter, id, owner, openedAt: work.now, closedAs: null });
  work.state.openLetters.set(letterKey(sync, externalId), id);
  const body = { subject: pseudonym(externalId), stage, errorClass, attempts, updatedAt };
  appendEvidence(work, { kind: 'dead_letter', sync, body });
};
