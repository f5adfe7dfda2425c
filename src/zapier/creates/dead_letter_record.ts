import type { Create } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { REASON_CHARS_MAX } from '../../core/protocol/reason.ts';
import { fromUpsert, StepError } from '../errors.ts';
import { InputError, parseInput, withDefault } from '../input.ts';
import { type Call, step } from '../step.ts';
import { syncField } from '../sync-field.ts';
import { deliveryId, isSampleId } from '../write-subject.ts';

const labels = {
  sync: syncField.label,
  delivery_id: 'Delivery ID',
  error_class: 'Error Class',
  reason: 'Reason',
} as const;

const CLASS_DEFAULT = 'gave_up';

const input = zod.object({
  sync: name,
  delivery_id: deliveryId,
  error_class: withDefault(
    zod.string().regex(/^[a-z][a-z0-9_]{0,99}$/, 'must be lower-case letters, digits and underscores'),
    CLASS_DEFAULT,
  ),
  reason: zod.string().trim().min(1).max(REASON_CHARS_MAX),
});

/** What later steps get. The keys are for ever. */
type GivenUp = {
  readonly id: string;
  /** `dead_lettered`, or how the delivery was settled before. */
  readonly status: 'dead_lettered' | 'applied' | 'superseded' | 'unchanged' | 'waived';
  readonly dead_letter_id: string | null;
  readonly sync: string;
  readonly delivery_id: string;
  readonly external_id: string;
  readonly error_class: string | null;
  readonly reason: string | null;
  readonly owner: string | null;
};

const ACTION = 'give up on a record';

const perform = step({ action: `${ACTION} of {sync}` }, async ({ bundle, shell }: Call): Promise<GivenUp> => {
  const { sync, delivery_id, error_class, reason } = parseInput(input, labels, bundle.inputData);
  if (isSampleId(delivery_id)) {
    throw new InputError('its Delivery ID is that of a sample, which nobody waits for', 'Turn the Zap on to try it');
  }
  const given = await shell.store.deadLetterRecord(
    {},
    { sync, deliveryId: delivery_id, errorClass: error_class, reason },
  );
  switch (given.kind) {
    case 'dead_lettered': {
      const { id, externalId: external_id, errorClass, reason: kept, owner } = given.deadLetter;
      const letter = { dead_letter_id: id, sync, delivery_id, external_id, error_class: errorClass };
      return { id, status: 'dead_lettered', ...letter, reason: kept, owner };
    }
    case 'settled': {
      const { state: status, externalId: external_id } = given;
      const nothing = { dead_letter_id: null, error_class: null, reason: null, owner: null };
      return { id: delivery_id, status, sync, delivery_id, external_id, ...nothing };
    }
    case 'in_progress': {
      const busy = {
        kind: 'retry',
        afterMs: given.retryAfterMs,
        reason: 'Another run is writing this record',
      } as const;
      throw new StepError(fromUpsert(busy, `${ACTION} of sync "${sync}"`, shell.runtime.random()));
    }
  }
});

/** A Zap gives up on a delivery: it is not handed out again, and its record has an owner. */
export const deadLetterRecord = {
  key: 'dead_letter_record',
  noun: 'Dead Letter',
  display: {
    label: 'Give Up on Record',
    description:
      'Makes the record of a delivery a dead letter, so that it is not delivered again and a person decides.',
  },
  operation: {
    inputFields: [
      syncField,
      {
        key: 'delivery_id',
        label: labels.delivery_id,
        type: 'string',
        required: true,
        helpText: 'Map it from a Tidemark trigger. The delivery is settled by this step.',
      },
      {
        key: 'error_class',
        label: labels.error_class,
        type: 'string',
        required: false,
        default: CLASS_DEFAULT,
        helpText: 'A short name by which dead letters of the same cause are found and replayed, such as `no_match`.',
      },
      {
        key: 'reason',
        label: labels.reason,
        type: 'text',
        required: true,
        helpText:
          'Why the record cannot go on, for the person who decides. Values of sensitive fields are taken out of it.',
      },
    ],
    perform,
    sample: {
      id: '7c0f3a52-9b1e-4a67-8f4d-0a1b2c3d4e5f',
      status: 'dead_lettered',
      dead_letter_id: '7c0f3a52-9b1e-4a67-8f4d-0a1b2c3d4e5f',
      sync: 'customers',
      delivery_id: '0d5b7c5e-4f0a-4d2e-8a55-0c8d8a3f6f10',
      external_id: 'C-10042',
      error_class: 'no_match',
      reason: 'The country is not in the list of countries',
      owner: 'ops@example.com',
    },
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'status', label: 'Status', type: 'string' },
      { key: 'dead_letter_id', label: 'Dead Letter ID', type: 'string' },
      { key: 'sync', label: 'Sync', type: 'string' },
      { key: 'delivery_id', label: 'Delivery ID', type: 'string' },
      { key: 'external_id', label: 'External ID', type: 'string' },
      { key: 'error_class', label: 'Error Class', type: 'string' },
      { key: 'reason', label: 'Reason', type: 'string' },
      { key: 'owner', label: 'Owner', type: 'string' },
    ],
  },
} satisfies Create;
