import type { Version } from '../../../src/core/write/write-decision.ts';
import { type LetterEvent, letterTable } from '../../../src/core/replay/letter-state.ts';
import { orderedAt } from '../../../src/core/write/begin-decision.ts';
import { currentBundle } from './contracts.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import { dropPayload, obligationOf } from './obligations.ts';
import type { Operation } from './operation.ts';
import { type DeadLetter, found, type Work } from './state.ts';

type Order = Pick<Version, 'updatedAt' | 'sequence'>;

type NewDeadLetter = Pick<
  DeadLetter,
  'sync' | 'stream' | 'externalId' | 'obligationId' | 'updatedAt' | 'stage' | 'errorClass' | 'reason' | 'attempts'
>;

const letterKey = (sync: string, externalId: string): string => `${sync}/${externalId}`;

const openLetter = ({ state }: Work, sync: string, externalId: string): DeadLetter | undefined => {
  const id = state.openLetters.get(letterKey(sync, externalId));
  return id === undefined ? undefined : found(state.deadLetters.get(id), `dead letter ${id}`);
};

const lastLetter = ({ state }: Work, sync: string, externalId: string): DeadLetter | undefined => {
  const id = state.lastLetters.get(letterKey(sync, externalId));
  return id === undefined ? undefined : found(state.deadLetters.get(id), `dead letter ${id}`);
};

/** @param otherwise stands for the sequence of a version that has none */
const isAfter = (a: Order, b: Order, otherwise: number): boolean =>
  a.updatedAt === b.updatedAt ? (a.sequence ?? 0) > (b.sequence ?? otherwise) : a.updatedAt > b.updatedAt;

export const closeLetter = ({ state, now }: Work, letter: DeadLetter, event: LetterEvent): void => {
  state.openLetters.delete(letterKey(letter.sync, letter.externalId));
  state.deadLetters.set(letter.id, { ...letter, closedAs: letterTable.open[event], closedAt: now });
};

/** Closes the open dead letter of a record when a version that is not older is on the target. */
export const closeApplied = (work: Work, sync: string, externalId: string, version: Order): void => {
  const open = openLetter(work, sync, externalId);
  if (open === undefined || isAfter(open.version, version, Infinity)) return;
  closeLetter(work, open, 'on_target');
  dropPayload(work, open.obligationId);
};

const originOf = (
  work: Work,
  { obligationId, updatedAt }: NewDeadLetter,
): { version: Order; traceId: string | null } => {
  if (obligationId === null) return { version: { updatedAt, sequence: null }, traceId: null };
  const { updatedAt: readAt, openedAt, sequence, cycleId } = obligationOf(work, obligationId);
  return { version: { updatedAt: orderedAt(readAt, openedAt), sequence }, traceId: cycleId };
};

/** Files a dead letter under the owner of its sync. One is open per external ID of a sync: that of the latest version. */
export const fileDeadLetter = (work: Work, letter: NewDeadLetter): void => {
  const { sync, externalId, stage, errorClass, attempts, updatedAt, obligationId } = letter;
  const origin = originOf(work, letter);
  const open = openLetter(work, sync, externalId);
  const isOutdated = open !== undefined && isAfter(open.version, origin.version, 0);
  if (isOutdated) dropPayload(work, obligationId);
  else if (open !== undefined) {
    closeLetter(work, open, 'newer_given_up');
    if (open.obligationId !== obligationId) dropPayload(work, open.obligationId);
  }
  const id = work.newId();
  const bundle = currentBundle(work, sync);
  const filed = {
    ...letter,
    ...origin,
    id,
    owner: bundle.sync.owner,
    openedAt: work.now,
    contractVersion: bundle.version,
  };
  // A chain goes on while its record is not brought to its target.
  const before = open ?? lastLetter(work, sync, externalId);
  const isChained = before !== undefined && !isOutdated && (before.closedAs === null || before.closedAs === 'replayed');
  const attemptsTotal = attempts + (isChained ? before.attemptsTotal : 0);
  const closed = isOutdated
    ? { closedAs: letterTable.open.newer_given_up, closedAt: work.now }
    : { closedAs: null, closedAt: null };
  work.state.deadLetters.set(id, { ...filed, attemptsTotal, ...closed });
  work.state.lastLetters.set(letterKey(sync, externalId), id);
  if (!isOutdated) work.state.openLetters.set(letterKey(sync, externalId), id);
  const body = { subject: pseudonym(externalId), stage, errorClass, attempts, updatedAt };
  appendEvidence(work, { kind: 'dead_letter', sync, body });
};

/** All of a sync that are open, on one page: the model knows no other question. */
export const listDeadLetters: Operation<'listDeadLetters'> = (work, _params, { sync, limit }) => {
  const open = [...work.state.deadLetters.values()].filter(
    (letter) => letter.sync === sync && letter.closedAs === null,
  );
  if (open.length > limit) throw new Error(`Cannot list more than ${limit} dead letters: the model knows no pages`);
  const deadLetters = open.map(({ version: _version, obligationId: _obligationId, stream, ...letter }) => ({
    ...letter,
    stream: stream ?? '',
    closedReason: null,
    closedBy: null,
    waivedBy: null,
    ticket: null,
  }));
  return { deadLetters, total: open.length, nextAfter: null, contractVersion: currentBundle(work, sync).version };
};
