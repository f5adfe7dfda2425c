import type { PlainInputField } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../core/contract/name.ts';
import { type LetterSlice, letterStage } from '../core/protocol/dead-letter-routes.ts';
import { instantText } from '../core/read/checkpoint.ts';
import { optional } from './input.ts';

export const sliceLabels = {
  stream: 'Stream',
  stage: 'Stage',
  error_class: 'Error Class',
  external_id: 'External ID',
  opened_after: 'Opened After',
  opened_before: 'Opened Before',
} as const;

// A longer one the store would refuse.
const EXTERNAL_ID_CHARS_MAX = 500;

/** The fields by which a step says which dead letters it is about; all that are filled in must hold. */
export const sliceInput = {
  stream: optional(name),
  stage: optional(zod.preprocess((given) => (given === 'acknowledge' ? 'zap' : given), letterStage)),
  error_class: optional(zod.string().max(100)),
  external_id: optional(zod.coerce.string().max(EXTERNAL_ID_CHARS_MAX)),
  opened_after: optional(instantText),
  opened_before: optional(instantText),
};

const sliceObject = zod.object(sliceInput);

export const sliceOf = (given: zod.output<typeof sliceObject>): LetterSlice => ({
  stream: given.stream,
  stage: given.stage,
  errorClass: given.error_class,
  externalId: given.external_id,
  openedAfter: given.opened_after,
  openedBefore: given.opened_before,
});

export const sliceFields = [
  {
    key: 'stream',
    label: sliceLabels.stream,
    type: 'string',
    required: false,
    dynamic: 'stream_list.id.label',
    dependsOn: ['sync'],
    helpText: 'Only dead letters of this stream. Leave empty for all streams of the sync.',
  },
  {
    key: 'stage',
    label: sliceLabels.stage,
    type: 'string',
    required: false,
    choices: [
      { value: 'read', label: 'Read: the source gave a record that cannot be used', sample: 'read' },
      { value: 'deliver', label: 'Deliver: no step acknowledged it', sample: 'deliver' },
      { value: 'write', label: 'Write: the target or the contract refused it', sample: 'write' },
      { value: 'acknowledge', label: 'Zap: a Zap gave up on it (older name of the next)', sample: 'acknowledge' },
      { value: 'zap', label: 'Zap: a Zap gave up on it', sample: 'zap' },
      { value: 'review', label: 'Review: written, but for fields that the target owns', sample: 'review' },
    ],
    helpText: 'Only dead letters that were given up on at this stage.',
  },
  {
    key: 'error_class',
    label: sliceLabels.error_class,
    type: 'string',
    required: false,
    helpText: 'Only dead letters of this class, such as `http_422`, `validation` or `not_acknowledged`.',
  },
  {
    key: 'external_id',
    label: sliceLabels.external_id,
    type: 'string',
    required: false,
    helpText: 'Only the dead letter of the record that has this ID in its source.',
  },
  {
    key: 'opened_after',
    label: sliceLabels.opened_after,
    type: 'datetime',
    required: false,
    helpText: 'Only dead letters that were filed at this time or later.',
  },
  {
    key: 'opened_before',
    label: sliceLabels.opened_before,
    type: 'datetime',
    required: false,
    helpText: 'Only dead letters that were filed before this time.',
  },
] as const satisfies PlainInputField[];
