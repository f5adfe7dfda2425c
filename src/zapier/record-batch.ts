import { WRITES_MAX } from '../core/protocol/write-routes.ts';
import { digestText } from '../core/digest.ts';
import { chunked } from '../engine/chunked.ts';
import { sampleItem } from './item-fields.ts';
import type { RecordItem } from './record-item.ts';

/** Records of one item: as many as one step can write. */
export const BATCH_RECORDS_MAX = WRITES_MAX;

const ID_CHARS = 32;

type LineItem = Pick<
  RecordItem,
  'delivery_id' | 'external_id' | 'updated_at' | 'version' | 'attempt' | 'deadline_at' | 'record_json' | 'record'
>;

/** What a Zap gets for up to a hundred records. The keys are for ever. */
export type BatchItem = {
  /** Made of the deliveries in it, which are new with every attempt, so that a redelivery passes Zapier's dedupe. */
  readonly id: string;
  readonly sync: string;
  readonly stream: string;
  readonly trace_id: string;
  /** Of all of its records, so that a Zap's path can go by it. */
  readonly route: RecordItem['route'];
  readonly count: number;
  readonly records: readonly LineItem[];
};

const lineItem = (item: RecordItem): LineItem => {
  const { delivery_id, external_id, updated_at, version, attempt, deadline_at, record_json, record } = item;
  return { delivery_id, external_id, updated_at, version, attempt, deadline_at, record_json, record };
};

const batchOf = (records: readonly RecordItem[]): BatchItem[] => {
  const [first] = records;
  if (first === undefined) return [];
  const { sync, stream, trace_id, route } = first;
  return [
    {
      id: digestText(records.map(({ id }) => id).join()).slice(0, ID_CHARS),
      sync,
      stream,
      trace_id,
      route,
      count: records.length,
      records: records.map(lineItem),
    },
  ];
};

const inBatches = (records: readonly RecordItem[]): BatchItem[] => chunked(records, BATCH_RECORDS_MAX).flatMap(batchOf);

/** Puts records into batches of one route each, in the order given. */
export const batchesOf = (records: readonly RecordItem[]): BatchItem[] =>
  (['target', 'fallback'] as const).flatMap((route) => inBatches(records.filter((record) => record.route === route)));

/** Shown in the editor until real records were loaded. */
export const sampleBatch: BatchItem = {
  id: 'sample-batch-5d41402abc4b2a76',
  sync: sampleItem.sync,
  stream: sampleItem.stream,
  trace_id: sampleItem.trace_id,
  route: sampleItem.route,
  count: 1,
  records: [lineItem(sampleItem)],
};
