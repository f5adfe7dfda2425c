import { compareInstants, type Instant } from '../instant.ts';
import type { RecordHistory } from './record-routes.ts';

/** One thing that happened to a record. `id` is that of the delivery, intent, dead letter or evidence entry, if it has one. */
export type RecordEvent = {
  readonly at: Instant;
  readonly event: string;
  readonly detail: string;
  readonly id: string | null;
};

const deliveryEvents = ({ obligations }: RecordHistory): RecordEvent[] =>
  obligations.flatMap(({ stream, updatedAt, openedAt, deliveries }) => [
    { at: openedAt, event: 'observed', detail: `version ${updatedAt} by stream ${stream}`, id: null },
    ...deliveries.map(({ id, attempt, traceId, handedAt }) => ({
      at: handedAt,
      event: 'handed out',
      detail: `version ${updatedAt}, attempt ${attempt}, trace ${traceId}`,
      id,
    })),
  ]);

const settlementEvents = ({ obligations }: RecordHistory): RecordEvent[] =>
  obligations.flatMap(({ updatedAt, openedAt, settledAt, state, reason, deliveries }) => [
    ...deliveries.flatMap(({ id, attempt, acknowledgedAt: at }): RecordEvent[] =>
      at === null ? [] : [{ at, event: 'acknowledged', detail: `version ${updatedAt}, attempt ${attempt}`, id }],
    ),
    {
      at: settledAt ?? openedAt,
      event: settledAt === null ? `is ${state}` : state,
      detail: `version ${updatedAt}${reason === null ? '' : `: ${reason}`}`,
      id: null,
    },
  ]);

const intentEvents = ({ intents }: RecordHistory): RecordEvent[] =>
  intents.flatMap(({ id, state, versionAt, reason, begunAt, endedAt }): RecordEvent[] => [
    { at: begunAt, event: 'write begun', detail: `version ${versionAt}`, id },
    ...(endedAt === null
      ? []
      : [{ at: endedAt, event: `write ${state}`, detail: reason ?? `version ${versionAt}`, id }]),
  ]);

const letterEvents = ({ deadLetters }: RecordHistory): RecordEvent[] =>
  deadLetters.flatMap(({ id, stage, errorClass, reason, owner, openedAt, closedAt, closedAs }): RecordEvent[] => [
    { at: openedAt, event: 'dead letter', detail: `${stage}, ${errorClass}, for ${owner}: ${reason}`, id },
    ...(closedAt === null ? [] : [{ at: closedAt, event: 'dead letter closed', detail: closedAs ?? '', id }]),
  ]);

const evidenceEvents = ({ evidence }: RecordHistory): RecordEvent[] =>
  evidence.map(({ id, at, kind, sequence }) => ({ at, event: 'evidence', detail: `${kind}, entry ${sequence}`, id }));

/** What happened to a record, in order of time; what happened at one moment, in the order in which it comes about. */
export const recordEvents = (history: RecordHistory): RecordEvent[] =>
  [deliveryEvents, intentEvents, settlementEvents, letterEvents, evidenceEvents]
    .flatMap((eventsOf) => eventsOf(history))
    .toSorted((a, b) => compareInstants(a.at, b.at));

/** True when the store has never heard of the record. */
export const isUnknown = ({ target, obligations, intents, deadLetters, evidence }: RecordHistory): boolean =>
  target === null && [obligations, intents, deadLetters, evidence].every((rows) => rows.length === 0);
