import type { Search } from 'zapier-platform-core';
import { recordFieldsOfSearch, recordInput, recordLabels } from '../external-id-field.ts';
import { parseInput } from '../input.ts';
import { type Call, step } from '../step.ts';

/** What later steps get. The keys are for ever. */
type TargetRecord = {
  readonly id: string;
  readonly sync: string;
  readonly external_id: string;
  readonly target_id: string;
  readonly system: string;
  readonly entity: string;
  /** When the version that is there changed in its source. */
  readonly version_at: string | null;
  readonly drifted: boolean;
};

const perform = step(
  { action: 'find a record of {sync}' },
  async ({ bundle, shell }: Call): Promise<TargetRecord[]> => {
    const { sync, external_id: externalId } = parseInput(recordInput, recordLabels, bundle.inputData);
    const { target } = await shell.store.getRecord({ sync }, { externalId });
    if (target === null || target.targetId === null) return [];
    const { targetId, system, entity, appliedAt, drifted } = target;
    return [
      {
        id: targetId,
        sync,
        external_id: externalId,
        target_id: targetId,
        system,
        entity,
        version_at: appliedAt,
        drifted,
      },
    ];
  },
);

/** The map from a source's ID to the target's, as the store keeps it: the target itself is not asked. */
export const findTargetRecord = {
  key: 'find_target_record',
  noun: 'Target Record',
  display: {
    label: 'Find Target Record',
    description: 'Finds the ID that a record has on the target by the ID that it has in its source.',
  },
  operation: {
    inputFields: [...recordFieldsOfSearch],
    perform,
    sample: {
      id: '003-58211',
      sync: 'customers',
      external_id: 'C-10042',
      target_id: '003-58211',
      system: 'crm',
      entity: 'contact',
      version_at: '2026-03-02T09:15:27.123456700Z',
      drifted: false,
    },
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'sync', label: 'Sync', type: 'string' },
      { key: 'external_id', label: 'External ID', type: 'string' },
      { key: 'target_id', label: 'Target ID', type: 'string' },
      { key: 'system', label: 'System', type: 'string' },
      { key: 'entity', label: 'Entity', type: 'string' },
      { key: 'version_at', label: 'Version At', type: 'datetime' },
      { key: 'drifted', label: 'Drifted', type: 'boolean' },
    ],
  },
} satisfies Search;
