import type { PlainOutputField, Trigger } from 'zapier-platform-core';
import { batchesOf, BATCH_RECORDS_MAX, sampleBatch } from '../record-batch.ts';
import { streamFields, streamInputFields, streamPerform } from '../stream-trigger.ts';

/** Batches of one poll. The stream's `delivery.inFlightMax` may make them fewer. */
export const BATCHES_MAX = 10;

const outputFields = [
  { key: 'id', label: 'ID', type: 'string', primary: true },
  { key: 'sync', label: 'Sync', type: 'string' },
  { key: 'stream', label: 'Stream', type: 'string' },
  { key: 'trace_id', label: 'Trace ID', type: 'string' },
  { key: 'route', label: 'Route', type: 'string' },
  { key: 'count', label: 'Count', type: 'integer' },
  {
    key: 'records',
    label: 'Records',
    children: [
      { key: 'delivery_id', label: 'Delivery ID', type: 'string' },
      { key: 'external_id', label: 'External ID', type: 'string' },
      { key: 'updated_at', label: 'Updated At', type: 'datetime' },
      { key: 'version', label: 'Version', type: 'string' },
      { key: 'attempt', label: 'Attempt', type: 'integer' },
      { key: 'deadline_at', label: 'Deadline At', type: 'datetime' },
      { key: 'record_json', label: 'Record JSON', type: 'string' },
    ],
  },
] as const satisfies PlainOutputField[];

/** New and changed records of a sync's source, up to a hundred in one item: one Zap run instead of a hundred. */
export const recordBatch = {
  key: 'record_batch',
  noun: 'Record Batch',
  display: {
    label: 'New or Updated Records',
    description:
      'Triggers when records of a sync are created or changed in its source, with up to 100 of them as line items.',
  },
  operation: {
    type: 'polling',
    inputFields: [...streamInputFields],
    perform: streamPerform({
      limit: BATCHES_MAX * BATCH_RECORDS_MAX,
      itemsOf: batchesOf,
      newestFirst: (batches) => batches.toReversed(),
    }),
    sample: { ...sampleBatch },
    outputFields: [...outputFields, streamFields('records[]record__')],
  },
} satisfies Trigger;
