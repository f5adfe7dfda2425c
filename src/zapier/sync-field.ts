import type { PlainInputField } from 'zapier-platform-core';

/** The field by which a step says which sync it is about. */
export const syncField = {
  key: 'sync',
  label: 'Sync',
  type: 'string',
  required: true,
  dynamic: 'sync_list.id.label',
  helpText: 'The sync contract to work by. The list shows those of the environment of the connection.',
} as const satisfies PlainInputField;
