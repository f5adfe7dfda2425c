import type { Trigger } from 'zapier-platform-core';
import { step } from '../step.ts';

type SyncChoice = { readonly id: string; readonly label: string };

const perform = step({ action: 'list the syncs' }, async ({ shell }): Promise<SyncChoice[]> => {
  const { syncs } = await shell.store.listSyncs({}, {});
  return syncs.map(({ name, title, source, target }) => ({ id: name, label: `${title} (${source} to ${target})` }));
});

/** Fills the dropdown of syncs. */
export const syncList = {
  key: 'sync_list',
  noun: 'Sync',
  display: {
    label: 'List of Syncs',
    description: 'Triggers when a sync is added; it fills the dropdown of syncs and is not for use in a Zap.',
    hidden: true,
  },
  operation: {
    type: 'polling',
    perform,
    sample: { id: 'contacts', label: 'Contacts (erp to crm)' },
    outputFields: [
      { key: 'id', label: 'Name', type: 'string' },
      { key: 'label', label: 'Label', type: 'string' },
    ],
  },
} satisfies Trigger;
