import type { PlainOutputField } from 'zapier-platform-core';
import type { DeadLetter } from '../core/protocol/dead-letter-routes.ts';

/** A dead letter as a Zap sees it. Values of records are nowhere in it. The keys are for ever. */
export type DeadLetterItem = {
  readonly id: string;
  readonly sync: string;
  readonly stream: string;
  readonly external_id: string;
  readonly updated_at: string;
  readonly stage: string;
  readonly error_class: string;
  readonly reason: string;
  readonly attempts: number;
  readonly attempts_total: number;
  readonly owner: string;
  readonly opened_at: string;
  readonly contract_version: string | null;
  readonly trace_id: string | null;
  readonly closed_at: string | null;
  readonly closed_as: string | null;
  readonly closed_reason: string | null;
  readonly closed_by: string | null;
  readonly waived_by: string | null;
  readonly ticket: string | null;
};

export const deadLetterItem = (letter: DeadLetter): DeadLetterItem => ({
  id: letter.id,
  sync: letter.sync,
  stream: letter.stream,
  external_id: letter.externalId,
  updated_at: letter.updatedAt,
  stage: letter.stage,
  error_class: letter.errorClass,
  reason: letter.reason,
  attempts: letter.attempts,
  attempts_total: letter.attemptsTotal,
  owner: letter.owner,
  opened_at: letter.openedAt,
  contract_version: letter.contractVersion,
  trace_id: letter.traceId,
  closed_at: letter.closedAt,
  closed_as: letter.closedAs,
  closed_reason: letter.closedReason,
  closed_by: letter.closedBy,
  waived_by: letter.waivedBy,
  ticket: letter.ticket,
});

/** Shown in the editor until a real one was found. */
export const deadLetterSample: DeadLetterItem = {
  id: '7c0f3a52-9b1e-4a67-8f4d-0a1b2c3d4e5f',
  sync: 'customers',
  stream: 'main',
  external_id: 'C-10042',
  updated_at: '2026-03-02T09:15:27.123456700Z',
  stage: 'write',
  error_class: 'http_422',
  reason: 'POST /contacts of crm was answered with status 422',
  attempts: 1,
  attempts_total: 3,
  owner: 'ops@example.com',
  opened_at: '2026-03-02T09:16:05.210000000Z',
  contract_version: '4.1.2-5f2b8c1d9e0a',
  trace_id: '6f1d1c1e-0a4f-4c53-9f0e-2f6f3a9d7b11',
  closed_at: null,
  closed_as: null,
  closed_reason: null,
  closed_by: null,
  waived_by: null,
  ticket: null,
};

export const deadLetterFields = [
  { key: 'id', label: 'Dead Letter ID', type: 'string' },
  { key: 'sync', label: 'Sync', type: 'string' },
  { key: 'stream', label: 'Stream', type: 'string' },
  { key: 'external_id', label: 'External ID', type: 'string' },
  { key: 'updated_at', label: 'Updated At', type: 'datetime' },
  { key: 'stage', label: 'Stage', type: 'string' },
  { key: 'error_class', label: 'Error Class', type: 'string' },
  { key: 'reason', label: 'Reason', type: 'string' },
  { key: 'attempts', label: 'Attempts', type: 'integer' },
  { key: 'attempts_total', label: 'Attempts in Total', type: 'integer' },
  { key: 'owner', label: 'Owner', type: 'string' },
  { key: 'opened_at', label: 'Opened At', type: 'datetime' },
  { key: 'contract_version', label: 'Contract Version', type: 'string' },
  { key: 'trace_id', label: 'Trace ID', type: 'string' },
  { key: 'closed_at', label: 'Closed At', type: 'datetime' },
  { key: 'closed_as', label: 'Closed As', type: 'string' },
  { key: 'closed_reason', label: 'Closed Reason', type: 'string' },
  { key: 'closed_by', label: 'Closed By', type: 'string' },
  { key: 'waived_by', label: 'Waived By', type: 'string' },
  { key: 'ticket', label: 'Ticket', type: 'string' },
] as const satisfies PlainOutputField[];
