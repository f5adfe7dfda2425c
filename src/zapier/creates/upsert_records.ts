import type { Create } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { WRITES_MAX } from '../../core/protocol/write-routes.ts';
import { type UpsertItem, upsertMany, type UpsertResult } from '../../engine/upsert.ts';
import { fromUpsert, StepError } from '../errors.ts';
import { InputError, parseInput } from '../input.ts';
import { readRecordJson } from '../record-json.ts';
import { type Call, step } from '../step.ts';
import { syncField } from '../sync-field.ts';
import { refuseSealed, subjectOf, writeInput } from '../write-subject.ts';

const labels = { sync: syncField.label, records: 'Records' } as const;
const lineLabels = {
  delivery_id: 'Delivery ID',
  record_json: 'Record JSON',
  external_id: 'External ID',
  updated_at: 'Updated At',
} as const;

const input = zod.object({ sync: name, records: zod.array(zod.unknown()).min(1).max(WRITES_MAX) });
const lineItem = zod.object(writeInput);

/** Reads one line; an error says which one it is. */
const readLine = (line: unknown, index: number): UpsertItem => {
  try {
    const given = parseInput(lineItem, lineLabels, line);
    const subject = subjectOf(given);
    const fields = readRecordJson(given.record_json);
    refuseSealed(subject, fields);
    return { subject, fields, overrides: {} };
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`in record ${index + 1}, ${error.message}`, error.nextStep);
    throw error;
  }
};

/** What became of one record. The keys are for ever. */
type Line = {
  readonly status: Extract<UpsertResult, { kind: 'done' }>['status'] | 'rejected' | 'not_found';
  readonly external_id: string | null;
  readonly target_id: string | null;
  readonly delivery_id: string | null;
  readonly reason: string | null;
};

/** What later steps get. The keys are for ever. */
type UpsertedMany = {
  readonly id: string;
  readonly sync: string;
  readonly count: number;
  readonly written_count: number;
  readonly rejected_count: number;
  readonly results: readonly Line[];
};

type Settled = Exclude<UpsertResult, { kind: 'retry' }>;

const deliveryOf = ({ subject }: UpsertItem): string | null =>
  subject.kind === 'delivery' ? subject.deliveryId : null;

const lineOf = (item: UpsertItem, result: Settled): Line => {
  const delivery_id = deliveryOf(item);
  switch (result.kind) {
    case 'done': {
      const { status, externalId, targetId } = result;
      return { status, external_id: externalId, target_id: targetId, delivery_id, reason: null };
    }
    case 'rejected':
      return {
        status: 'rejected',
        external_id: result.externalId,
        target_id: null,
        delivery_id,
        reason: result.reason,
      };
    case 'refused':
      return { status: 'not_found', external_id: null, target_id: null, delivery_id, reason: result.reason };
  }
};

/** A record that has to be tried again; Zapier runs the step anew, and those that were written are not written again. */
const unsettled = (results: readonly UpsertResult[]): UpsertResult | undefined =>
  results.find(({ kind }) => kind === 'retry') ??
  results.find((result) => result.kind === 'refused' && result.code !== 'not_found');

const isWritten = ({ status }: Line): boolean => status === 'created' || status === 'updated' || status === 'written';

const perform = step({ action: 'upsert records of {sync}' }, async ({ bundle, shell }: Call): Promise<UpsertedMany> => {
  const { sync, records } = parseInput(input, labels, bundle.inputData);
  const items = records.map(readLine);
  const results = await upsertMany(shell, { sync, items });
  const again = unsettled(results);
  if (again !== undefined && again.kind !== 'done') {
    throw new StepError(fromUpsert(again, `upsert every record of sync "${sync}"`, shell.runtime.random()));
  }
  const lines = items.flatMap((item, index) => {
    const result = results[index];
    return result === undefined || result.kind === 'retry' ? [] : [lineOf(item, result)];
  });
  return {
    id: shell.runtime.newId(),
    sync,
    count: lines.length,
    written_count: lines.filter(isWritten).length,
    rejected_count: lines.filter(({ status }) => status === 'rejected' || status === 'not_found').length,
    results: lines,
  };
});

/** Writes up to a hundred records to the target of a sync, each once per external ID, and settles their deliveries. */
export const upsertRecords = {
  key: 'upsert_records',
  noun: 'Records',
  display: {
    label: 'Upsert Records',
    description: 'Creates or updates up to 100 records in the target of a sync, each once per external ID.',
  },
  operation: {
    inputFields: [
      syncField,
      {
        key: 'records',
        label: labels.records,
        children: [
          {
            key: 'delivery_id',
            label: lineLabels.delivery_id,
            type: 'string',
            required: false,
            helpText: 'Map it from the records of the Tidemark trigger: each delivery is then settled by this step.',
          },
          {
            key: 'record_json',
            label: lineLabels.record_json,
            type: 'text',
            required: false,
            helpText:
              'The fields of the target record as one JSON object. Map it from the records of the Tidemark trigger.',
          },
          {
            key: 'external_id',
            label: lineLabels.external_id,
            type: 'string',
            required: false,
            helpText:
              'The ID of the record in its source. Needed for records that come from elsewhere, and for a test with a sample.',
          },
          {
            key: 'updated_at',
            label: lineLabels.updated_at,
            type: 'string',
            required: false,
            helpText: 'When the record last changed in its source, in ISO 8601. Needed together with External ID.',
          },
        ],
      },
    ],
    perform,
    sample: {
      id: '5c0f2f4c-7b0e-4a55-9d51-6f3e1b8f0a11',
      sync: 'customers',
      count: 1,
      written_count: 1,
      rejected_count: 0,
      results: [
        {
          status: 'created',
          external_id: 'C-10042',
          target_id: '003-58211',
          delivery_id: '0d5b7c5e-4f0a-4d2e-8a55-0c8d8a3f6f10',
          reason: null,
        },
      ],
    },
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'sync', label: 'Sync', type: 'string' },
      { key: 'count', label: 'Count', type: 'integer' },
      { key: 'written_count', label: 'Written Count', type: 'integer' },
      { key: 'rejected_count', label: 'Rejected Count', type: 'integer' },
      {
        key: 'results',
        label: 'Results',
        children: [
          { key: 'status', label: 'Status', type: 'string' },
          { key: 'external_id', label: 'External ID', type: 'string' },
          { key: 'target_id', label: 'Target ID', type: 'string' },
          { key: 'delivery_id', label: 'Delivery ID', type: 'string' },
          { key: 'reason', label: 'Reason', type: 'string' },
        ],
      },
    ],
  },
} satisfies Create;
