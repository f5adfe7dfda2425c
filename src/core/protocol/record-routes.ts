import { z } from 'zod';
import { name } from '../contract/name.ts';
import { instantText } from '../read/checkpoint.ts';
import { anyRole, route } from './route.ts';
import { storableText } from './storable-text.ts';

/** Rows of each kind that one history gives; the newest are given. */
export const HISTORY_ROWS_MAX = 200;

const delivery = z.object({
  id: z.string(),
  attempt: z.int(),
  /** Of the poll that handed it out. */
  traceId: z.string(),
  handedAt: instantText,
  dueAt: instantText,
  acknowledgedAt: instantText.nullable(),
});

const obligation = z.object({
  stream: z.string(),
  updatedAt: instantText,
  state: z.string(),
  reason: z.string().nullable(),
  attempts: z.int(),
  openedAt: instantText,
  deadlineAt: instantText,
  settledAt: instantText.nullable(),
  deliveries: z.array(delivery),
});

const intent = z.object({
  id: z.string(),
  state: z.string(),
  versionAt: instantText,
  attempts: z.int().nullable(),
  reason: z.string().nullable(),
  begunAt: instantText,
  endedAt: instantText.nullable(),
});

const deadLetter = z.object({
  id: z.string(),
  stage: z.string(),
  errorClass: z.string(),
  reason: z.string(),
  owner: z.string(),
  openedAt: instantText,
  closedAt: instantText.nullable(),
  closedAs: z.string().nullable(),
});

export const recordHistory = z.object({
  sync: z.string(),
  externalId: z.string(),
  /** What is known of the record on the target; null when no write of it was ever begun. */
  target: z
    .object({
      system: z.string(),
      entity: z.string(),
      targetId: z.string().nullable(),
      /** The version that is there; null before the first. */
      appliedAt: instantText.nullable(),
      /** Somebody changed it there, or an older version was written over it. */
      drifted: z.boolean(),
    })
    .nullable(),
  /** Each list is in order of time. */
  obligations: z.array(obligation),
  intents: z.array(intent),
  deadLetters: z.array(deadLetter),
  evidence: z.array(z.object({ id: z.string(), sequence: z.int(), kind: z.string(), at: instantText })),
  /** Older rows of some kind were left out. */
  isCut: z.boolean(),
});
export type RecordHistory = z.infer<typeof recordHistory>;

export const getRecord = route({
  method: 'GET',
  path: '/v1/syncs/:sync/record',
  summary: 'All that is known of one record: obligations, deliveries, intents, dead letters, evidence and target ID',
  roles: anyRole,
  params: z.object({ sync: name }),
  request: z.object({ externalId: storableText(500) }),
  reply: recordHistory,
});
