import type { PlainOutputField } from 'zapier-platform-core';
import type { RecordItem } from './record-item.ts';

/** What every item holds, whatever the sync; the fields of its record come from the contract. */
export const itemFields = [
  { key: 'id', label: 'ID', type: 'string', primary: true },
  { key: 'delivery_id', label: 'Delivery ID', type: 'string' },
  { key: 'sync', label: 'Sync', type: 'string' },
  { key: 'stream', label: 'Stream', type: 'string' },
  { key: 'external_id', label: 'External ID', type: 'string' },
  { key: 'updated_at', label: 'Updated At', type: 'datetime' },
  { key: 'version', label: 'Version', type: 'string' },
  { key: 'attempt', label: 'Attempt', type: 'integer' },
  { key: 'trace_id', label: 'Trace ID', type: 'string' },
  { key: 'observed_at', label: 'Observed At', type: 'datetime' },
  { key: 'deadline_at', label: 'Deadline At', type: 'datetime' },
  { key: 'route', label: 'Route', type: 'string' },
  { key: 'record_json', label: 'Record JSON', type: 'string' },
] as const satisfies PlainOutputField[];

/** Shown in the editor until a real record was loaded. */
export const sampleItem: RecordItem = {
  id: 'sample-1-5d41402abc4b2a76',
  delivery_id: 'sample-1-5d41402abc4b2a76',
  sync: 'customers',
  stream: 'main',
  external_id: 'C-10042',
  updated_at: '2026-03-02T09:15:27.123456700Z',
  version: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  attempt: 1,
  trace_id: '6f1d1c1e-0a4f-4c53-9f0e-2f6f3a9d7b11',
  observed_at: '2026-03-02T09:16:02.000000000Z',
  deadline_at: '2026-03-02T10:16:02.000000000Z',
  route: 'target',
  record_json: '{"name":"Ada Example","email":"ada@example.com"}',
  record: { name: 'Ada Example', email: 'ada@example.com' },
};
