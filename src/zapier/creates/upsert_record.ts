import type { Bundle, Create, PlainInputField, ZObject } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { instantFromMs } from '../../core/instant.ts';
import { upsert, type UpsertResult } from '../../engine/upsert.ts';
import { overrideFields } from '../contract-fields.ts';
import { docsLinks } from '../docs-links.ts';
import { fromUpsert, StepError } from '../errors.ts';
import { optional, parseInput } from '../input.ts';
import { readOverrides } from '../overrides.ts';
import { readRecordJson } from '../record-json.ts';
import { fetchContract } from '../shell.ts';
import { type Call, step } from '../step.ts';
import { syncField } from '../sync-field.ts';
import { refuseSealed, subjectOf, writeInput } from '../write-subject.ts';

const labels = {
  sync: syncField.label,
  delivery_id: 'Delivery ID',
  record_json: 'Record JSON',
  external_id: 'External ID',
  updated_at: 'Updated At',
} as const;

const input = zod.object({ sync: name, ...writeInput });
type Done = Extract<UpsertResult, { kind: 'done' }>;

const hasWritten = ({ status }: Done): boolean => {
  switch (status) {
    case 'created':
    case 'updated':
    case 'written':
      return true;
    case 'found':
    case 'already_applied':
    case 'stale':
      return false;
  }
};

/** What later steps get. The keys are for ever. */
type Upserted = {
  readonly id: string;
  readonly status: Done['status'];
  readonly target_id: string | null;
  readonly external_id: string;
  readonly sync: string;
  readonly delivery_id: string | null;
  /** Null when there was nothing to write. */
  readonly written_at: string | null;
};

const perform = step({ action: 'upsert a record of {sync}' }, async ({ bundle, shell }: Call): Promise<Upserted> => {
  const given = parseInput(input, labels, bundle.inputData);
  const { sync } = given;
  const subject = subjectOf(given);
  const fields = readRecordJson(given.record_json);
  const overrides = await readOverrides(shell, sync, bundle.inputData);
  refuseSealed(subject, { ...fields, ...overrides });
  const result = await upsert(shell, { sync, subject, fields, overrides });
  if (result.kind !== 'done') {
    throw new StepError(fromUpsert(result, `upsert a record of sync "${sync}"`, shell.runtime.random()));
  }
  return {
    id: result.targetId ?? result.externalId,
    status: result.status,
    target_id: result.targetId,
    external_id: result.externalId,
    sync,
    delivery_id: subject.kind === 'delivery' ? subject.deliveryId : null,
    written_at: hasWritten(result) ? instantFromMs(shell.runtime.now()) : null,
  };
});

const contractFields: (z: ZObject, bundle: Bundle) => Promise<PlainInputField[]> = step(
  { action: 'read the fields of {sync}' },
  async ({ bundle, shell }) => {
    const { sync } = parseInput(zod.object({ sync: optional(name) }), labels, bundle.inputData);
    return sync === undefined ? [] : overrideFields((await fetchContract(shell, sync)).sync);
  },
);

/** Writes one record to the target of a sync, once per external ID, and settles its delivery. */
export const upsertRecord = {
  key: 'upsert_record',
  noun: 'Record',
  display: {
    label: 'Upsert Record',
    description: 'Creates or updates a record in the target of a sync, once per external ID.',
  },
  operation: {
    inputFields: [
      { ...syncField, altersDynamicFields: true },
      {
        key: 'delivery_id',
        label: labels.delivery_id,
        type: 'string',
        required: false,
        helpText: `Map it from a Tidemark trigger: the delivery is then settled by this step. A sample has none, so testing writes a real record under the External ID and Updated At below. [How to test](${docsLinks.testing}).`,
      },
      {
        key: 'record_json',
        label: labels.record_json,
        type: 'text',
        required: false,
        helpText:
          'The fields of the target record as one JSON object. Map it from a Tidemark trigger; the fields below win over it.',
      },
      {
        key: 'external_id',
        label: labels.external_id,
        type: 'string',
        required: false,
        helpText:
          'The ID of the record in its source. Needed for a record that comes from elsewhere, and for a test with a sample; a real Delivery ID wins over it.',
      },
      {
        // Text, because Zapier would cut a date and time to the second, and two versions would look like one.
        key: 'updated_at',
        label: labels.updated_at,
        type: 'string',
        required: false,
        helpText:
          'When the record last changed in its source, in ISO 8601. Needed together with External ID: an older version never overwrites a newer one.',
      },
      contractFields,
    ],
    perform,
    sample: {
      id: '003-58211',
      status: 'created',
      target_id: '003-58211',
      external_id: 'C-10042',
      sync: 'customers',
      delivery_id: '0d5b7c5e-4f0a-4d2e-8a55-0c8d8a3f6f10',
      written_at: '2026-03-02T09:16:05.210000000Z',
    },
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'status', label: 'Status', type: 'string' },
      { key: 'target_id', label: 'Target ID', type: 'string' },
      { key: 'external_id', label: 'External ID', type: 'string' },
      { key: 'sync', label: 'Sync', type: 'string' },
      { key: 'delivery_id', label: 'Delivery ID', type: 'string' },
      { key: 'written_at', label: 'Written At', type: 'datetime' },
    ],
  },
} satisfies Create;
