import type { PlainInputField } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../core/contract/name.ts';
import { syncField } from './sync-field.ts';

// A longer one the store would refuse.
const EXTERNAL_ID_CHARS_MAX = 500;

export const recordLabels = { sync: syncField.label, external_id: 'External ID' } as const;

/** Names one record of a sync. A mapped ID may arrive as a number. */
export const recordInput = zod.object({
  sync: name,
  external_id: zod.preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    zod.string().min(1).max(EXTERNAL_ID_CHARS_MAX),
  ),
});

/** The fields by which a search asks for one record. */
export const recordFieldsOfSearch = [
  syncField,
  {
    key: 'external_id',
    label: recordLabels.external_id,
    type: 'string',
    required: true,
    helpText: 'The ID of the record in its source, as the trigger gives it.',
  },
] as const satisfies PlainInputField[];
