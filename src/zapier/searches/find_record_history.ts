import type { Search } from 'zapier-platform-core';
import { isUnknown, recordEvents } from '../../core/protocol/record-events.ts';
import { recordFieldsOfSearch, recordInput, recordLabels } from '../external-id-field.ts';
import { parseInput } from '../input.ts';
import { type Call, step } from '../step.ts';

/** What later steps get. The keys are for ever. */
type History = {
  readonly id: string;
  readonly sync: string;
  readonly external_id: string;
  readonly target_id: string | null;
  /** State of the newest version; null for a record that came from elsewhere. */
  readonly state: string | null;
  readonly reason: string | null;
  readonly deadline_at: string | null;
  readonly owner: string | null;
  readonly summary: string;
  readonly events: readonly {
    readonly at: string;
    readonly event: string;
    readonly detail: string;
    readonly id: string | null;
  }[];
  readonly is_cut: boolean;
};

const perform = step(
  { action: 'find the history of a record of {sync}' },
  async ({ bundle, shell }: Call): Promise<History[]> => {
    const { sync, external_id: externalId } = parseInput(recordInput, recordLabels, bundle.inputData);
    const history = await shell.store.getRecord({ sync }, { externalId });
    if (isUnknown(history)) return [];
    const newest = history.obligations.at(-1);
    const events = recordEvents(history);
    return [
      {
        id: externalId,
        sync,
        external_id: externalId,
        target_id: history.target?.targetId ?? null,
        state: newest?.state ?? null,
        reason: newest?.reason ?? null,
        deadline_at: newest?.deadlineAt ?? null,
        owner: history.deadLetters.find(({ closedAt }) => closedAt === null)?.owner ?? null,
        summary: events.map(({ at, event, detail }) => `${event}: ${detail} (${at})`).join('\n'),
        events,
        is_cut: history.isCut,
      },
    ];
  },
);

/** What happened to record X? It holds times, states, reasons and IDs, and no value of the record. */
export const findRecordHistory = {
  key: 'find_record_history',
  noun: 'Record History',
  display: {
    label: 'Find Record History',
    description: 'Finds all that happened to one record: versions, deliveries, writes, dead letters and evidence.',
  },
  operation: {
    inputFields: [...recordFieldsOfSearch],
    perform,
    sample: {
      id: 'C-10042',
      sync: 'customers',
      external_id: 'C-10042',
      target_id: '003-58211',
      state: 'applied',
      reason: null,
      deadline_at: '2026-03-02T10:16:02.000000000Z',
      owner: null,
      summary: 'observed: version 2026-03-02T09:15:27.123456700Z by stream main (2026-03-02T09:16:02.000000000Z)',
      events: [
        {
          at: '2026-03-02T09:16:02.000000000Z',
          event: 'observed',
          detail: 'version 2026-03-02T09:15:27.123456700Z by stream main',
          id: null,
        },
      ],
      is_cut: false,
    },
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'sync', label: 'Sync', type: 'string' },
      { key: 'external_id', label: 'External ID', type: 'string' },
      { key: 'target_id', label: 'Target ID', type: 'string' },
      { key: 'state', label: 'State', type: 'string' },
      { key: 'reason', label: 'Reason', type: 'string' },
      { key: 'deadline_at', label: 'Deadline At', type: 'datetime' },
      { key: 'owner', label: 'Owner of the Open Dead Letter', type: 'string' },
      { key: 'summary', label: 'Summary', type: 'string' },
      {
        key: 'events',
        label: 'Events',
        children: [
          { key: 'at', label: 'At', type: 'datetime' },
          { key: 'event', label: 'Event', type: 'string' },
          { key: 'detail', label: 'Detail', type: 'string' },
          { key: 'id', label: 'ID', type: 'string' },
        ],
      },
      { key: 'is_cut', label: 'Older Events Left Out', type: 'boolean' },
    ],
  },
} satisfies Search;
