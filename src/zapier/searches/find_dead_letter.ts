import type { Search } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { letterState } from '../../core/protocol/dead-letter-routes.ts';
import { uuid } from '../../core/protocol/cycle-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { StorePort } from '../../core/protocol/store-port.ts';
import { type DeadLetterItem, deadLetterFields, deadLetterItem, deadLetterSample } from '../dead-letter-item.ts';
import { optional, parseInput, withDefault } from '../input.ts';
import { sliceFields, sliceInput, sliceLabels, sliceOf } from '../letter-slice.ts';
import { type Call, step } from '../step.ts';
import { syncField } from '../sync-field.ts';

const labels = {
  sync: syncField.label,
  dead_letter_id: 'Dead Letter ID',
  ...sliceLabels,
  state: 'State',
} as const;

/** A Zap uses the first; the rest is for those that take them as line items. */
const FOUND_MAX = 10;

const input = zod.object({
  sync: name,
  dead_letter_id: optional(uuid),
  ...sliceInput,
  state: withDefault(letterState, 'open'),
});
type Input = zod.output<typeof input>;

/** What later steps get. The keys are for ever. */
type Found = DeadLetterItem & {
  readonly contract_version_now: string;
  readonly replay_possible: boolean;
  readonly replay_obstacle: string | null;
  readonly replay_reason: string | null;
  readonly context: readonly { readonly field: string; readonly pseudonym: string | null }[];
};

type Detail = Awaited<ReturnType<StorePort['getDeadLetter']>>;

const foundOf = (detail: Detail): Found => ({
  ...deadLetterItem(detail),
  contract_version_now: detail.contractVersionNow,
  replay_possible: detail.replay.kind === 'possible',
  replay_obstacle: detail.replay.kind === 'refused' ? detail.replay.obstacle : null,
  replay_reason: detail.replay.kind === 'refused' ? detail.replay.reason : null,
  context: detail.context,
});

const findById = async (store: StorePort, sync: string, id: string): Promise<Detail[]> => {
  try {
    const detail = await store.getDeadLetter({ deadLetter: id }, {});
    return detail.sync === sync ? [detail] : [];
  } catch (error) {
    // A search that finds nothing is no failure: the Zap's own setting says how it goes on.
    if (error instanceof StoreError && error.kind === 'not_found') return [];
    throw error;
  }
};

const findBySlice = async (store: StorePort, given: Input): Promise<Detail[]> => {
  const { sync, state } = given;
  const { deadLetters } = await store.listDeadLetters({}, { sync, ...sliceOf(given), state, limit: FOUND_MAX });
  return Promise.all(deadLetters.map(({ id }) => store.getDeadLetter({ deadLetter: id }, {})));
};

const perform = step({ action: 'find dead letters of {sync}' }, async ({ bundle, shell }: Call): Promise<Found[]> => {
  const given = parseInput(input, labels, bundle.inputData);
  const { sync, dead_letter_id: id } = given;
  const found = id === undefined ? await findBySlice(shell.store, given) : await findById(shell.store, sync, id);
  return found.map(foundOf);
});

/** Finds dead letters, the oldest first, and says of each whether a replay would take it now. */
export const findDeadLetter = {
  key: 'find_dead_letter',
  noun: 'Dead Letter',
  display: {
    label: 'Find Dead Letter',
    description: 'Finds the oldest dead letter of a sync that fits, and says whether it could be replayed now.',
  },
  operation: {
    inputFields: [
      syncField,
      {
        key: 'dead_letter_id',
        label: labels.dead_letter_id,
        type: 'string',
        required: false,
        helpText: 'Exactly this one, open or closed. Leave empty to search by the fields below.',
      },
      ...sliceFields,
      {
        key: 'state',
        label: labels.state,
        type: 'string',
        required: false,
        default: 'open',
        choices: [
          { value: 'open', label: 'Open', sample: 'open' },
          { value: 'closed', label: 'Closed', sample: 'closed' },
          { value: 'any', label: 'Open and closed', sample: 'any' },
        ],
        helpText: 'Whether to look among the open or the closed ones. One is open for each record at most.',
      },
    ],
    perform,
    sample: {
      ...deadLetterSample,
      contract_version_now: '5.1.2-0c9d1e2f3a4b',
      replay_possible: false,
      replay_obstacle: 'fails_validation',
      replay_reason: 'email does not match the pattern',
      context: [
        { field: 'email', pseudonym: '4c6248d9dd1f75e8' },
        { field: 'full_name', pseudonym: '27cedd362514e136' },
      ],
    },
    outputFields: [
      ...deadLetterFields,
      { key: 'contract_version_now', label: 'Contract Version Now', type: 'string' },
      { key: 'replay_possible', label: 'Replay Possible', type: 'boolean' },
      { key: 'replay_obstacle', label: 'Replay Obstacle', type: 'string' },
      { key: 'replay_reason', label: 'Replay Reason', type: 'string' },
      {
        key: 'context',
        label: 'Context',
        children: [
          { key: 'field', label: 'Field', type: 'string' },
          { key: 'pseudonym', label: 'Pseudonym', type: 'string' },
        ],
      },
    ],
  },
} satisfies Search;
