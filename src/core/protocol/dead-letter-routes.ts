import { z } from 'zod';
import { name } from '../contract/name.ts';
import { instantText } from '../read/checkpoint.ts';
import { closedLetterStates } from '../replay/letter-state.ts';
import { digest, uuid } from './cycle-routes.ts';
import { REASON_CHARS_MAX } from './reason.ts';
import { anyRole, nothing, operatorRoles, route, syncRoles } from './route.ts';
import { storableText } from './storable-text.ts';

/** Dead letters that one replay looks at; a larger slice is replayed in parts. */
export const REPLAY_MAX = 500;
/** Earlier dead letters of a record that are shown with it; beyond it only their attempts are counted. */
export const HISTORY_MAX = 50;
const LIST_MAX = 500;
const LIST_DEFAULT = 100;

/** Where it was given up: `zap` by the word of a Zap; `review` was written, but for fields of the target's. */
export const letterStage = z.enum(['read', 'deliver', 'write', 'zap', 'review']);
const errorClass = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,99}$/, 'must be lower-case letters, digits and underscores, beginning with a letter');
export const letterState = z.enum(['open', 'closed', 'any']);

/** Which dead letters of a sync: all that is given must hold. Times are those of filing; the later end is left out. */
const slice = {
  stream: name.optional(),
  stage: letterStage.optional(),
  errorClass: errorClass.optional(),
  externalId: storableText(500).optional(),
  openedAfter: instantText.optional(),
  openedBefore: instantText.optional(),
};
export const letterSlice = z.object(slice);
export type LetterSlice = z.infer<typeof letterSlice>;

const deadLetter = z.object({
  id: z.string(),
  sync: z.string(),
  /** Empty for a record that a Zap brought itself. */
  stream: z.string(),
  externalId: z.string(),
  updatedAt: instantText,
  stage: letterStage,
  errorClass: z.string(),
  /** Names rules and fields, never a sensitive value. */
  reason: z.string(),
  attempts: z.int(),
  /** With those of the dead letters before it, which it replaced or whose replay ended in it. */
  attemptsTotal: z.int(),
  owner: z.string(),
  openedAt: instantText,
  /** The contract under which it was given up; null for one from before this was recorded. */
  contractVersion: z.string().nullable(),
  /** Trace ID of the poll that read the record; null where no poll did. */
  traceId: z.string().nullable(),
  closedAt: instantText.nullable(),
  closedAs: z.enum(closedLetterStates).nullable(),
  closedReason: z.string().nullable(),
  /** Name of the key by which it was closed; null where a version that reached the target closed it. */
  closedBy: z.string().nullable(),
  /** The person who answers for a waiver, and its ticket. */
  waivedBy: z.string().nullable(),
  ticket: z.string().nullable(),
});
export type DeadLetter = z.infer<typeof deadLetter>;

export const listDeadLetters = route({
  method: 'GET',
  path: '/v1/dead-letters',
  summary: 'Dead letters of a sync in the order in which they were filed',
  roles: anyRole,
  params: nothing,
  request: z.object({
    sync: name,
    ...slice,
    state: letterState.default('open'),
    /** The `nextAfter` of the page before. */
    after: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(LIST_MAX).default(LIST_DEFAULT),
  }),
  reply: z.object({
    deadLetters: z.array(deadLetter),
    /** All that the filters let through, on whichever page. */
    total: z.int(),
    /** Null on the last page. */
    nextAfter: z.int().nullable(),
    /** The contract of now. */
    contractVersion: z.string(),
  }),
});

/** Why a dead letter is not replayed. */
export const replayObstacle = z.enum([
  'not_found',
  'closed',
  'no_delivery',
  'newer_version',
  'in_review',
  'payload_dropped',
  'payload_unreadable',
  'fails_validation',
  'remapped',
]);
export type ReplayObstacle = z.infer<typeof replayObstacle>;

export const getDeadLetter = route({
  method: 'GET',
  path: '/v1/dead-letters/:deadLetter',
  summary:
    'A dead letter with what is needed to judge it: its record by pseudonyms, its history, whether it would pass now',
  roles: anyRole,
  params: z.object({ deadLetter: uuid }),
  request: nothing,
  reply: deadLetter.extend({
    /** The contract of now. */
    contractVersionNow: z.string(),
    /** What a replay would do with it now. */
    replay: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('possible') }),
      z.object({ kind: z.literal('refused'), obstacle: replayObstacle, reason: z.string() }),
    ]),
    /** Mapped fields; equal values of a field have equal pseudonyms. Null for an empty field. */
    context: z.array(z.object({ field: z.string(), pseudonym: z.string().nullable() })),
    /** The dead letters of the record before this one, latest first. */
    history: z.array(deadLetter),
  }),
});

export const replayAnswer = z.object({
  /** The request ID; null for a dry run, which is not kept. */
  replayId: z.string().nullable(),
  isDryRun: z.boolean(),
  contractVersion: z.string(),
  /** What is replayed, in this order. */
  replayed: z.array(
    z.object({ id: z.string(), externalId: z.string(), updatedAt: instantText, notBeforeAt: instantText }),
  ),
  skipped: z.array(
    z.object({ id: z.string(), externalId: z.string().nullable(), obstacle: replayObstacle, reason: z.string() }),
  ),
  /** Dead letters of the slice that were not looked at. */
  left: z.int(),
  /** Digest over the IDs of `replayed` in their order: what a dry run showed, and what is then carried out. */
  planDigest: digest,
  evidenceId: z.string().nullable(),
});
export type ReplayAnswer = z.infer<typeof replayAnswer>;

export const replayDeadLetters = route({
  method: 'POST',
  path: '/v1/dead-letters/replays',
  summary: 'Deliver dead letters again; without "dryRun": false it only says which, in which order, and which not',
  roles: operatorRoles,
  params: nothing,
  request: z.object({
    /** The same again gets the same answer, unless it was a dry run. */
    requestId: uuid,
    sync: name,
    selection: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('ids'), ids: z.array(uuid).min(1).max(REPLAY_MAX) }),
      z.object({ kind: z.literal('slice'), slice: letterSlice }),
    ]),
    dryRun: z.boolean().default(true),
    /** Most records a minute, counted from where earlier replays of the sync end. */
    perMinute: z.int().min(1).max(6000).default(60),
    /** Of the dry run that was agreed to: refused when the plan is another by now. */
    planDigest: digest.nullable().default(null),
  }),
  reply: replayAnswer,
});

/** By whom, and under which ticket, a record is left as it is for good. */
const waiver = z.object({ person: storableText(200), ticket: storableText(100) });
const closingReason = storableText(REASON_CHARS_MAX);

export const resolveDeadLetter = route({
  method: 'POST',
  path: '/v1/dead-letters/:deadLetter/resolution',
  summary: 'Close a dead letter with a reason; with a waiver its record is left as it is for good',
  roles: operatorRoles,
  params: z.object({ deadLetter: uuid }),
  request: z
    .object({
      reason: closingReason,
      waive: z.boolean().default(false),
      /** Needed to waive, and for nothing else. */
      waiver: waiver.nullable().default(null),
    })
    .refine(({ waive, waiver: given }) => waive === (given !== null), {
      path: ['waiver'],
      message: 'must name person and ticket when waive is true, and be absent otherwise',
    }),
  reply: deadLetter,
});

export const deadLetterRecord = route({
  method: 'POST',
  path: '/v1/dead-letters',
  summary: 'Give up on a delivery: its record becomes a dead letter of stage "zap"',
  roles: syncRoles,
  params: nothing,
  request: z.object({
    sync: name,
    deliveryId: storableText(100),
    errorClass,
    reason: closingReason,
  }),
  reply: z.discriminatedUnion('kind', [
    /** It is a dead letter now, or was one before. */
    z.object({ kind: z.literal('dead_lettered'), deadLetter }),
    /** It was settled in another way before; nothing was changed. */
    z.object({
      kind: z.literal('settled'),
      externalId: z.string(),
      state: z.enum(['applied', 'superseded', 'unchanged', 'waived']),
    }),
    /** Another run is writing it. */
    z.object({ kind: z.literal('in_progress'), retryAfterMs: z.int() }),
  ]),
});

export const listHeld = route({
  method: 'GET',
  path: '/v1/held',
  summary: 'Held records of a sync in the order in which they were read',
  roles: anyRole,
  params: nothing,
  request: z.object({
    sync: name,
    stream: name.optional(),
    externalId: storableText(500).optional(),
    after: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(LIST_MAX).default(LIST_DEFAULT),
  }),
  reply: z.object({
    held: z.array(
      z.object({
        id: z.int(),
        stream: z.string(),
        externalId: z.string(),
        updatedAt: instantText,
        /** Rules and names of fields, never values. */
        reason: z.string(),
        openedAt: instantText,
        deadlineAt: instantText,
        /** The contract that mapped it, and the last one that it was checked against. */
        contractVersion: z.string().nullable(),
        checkedVersion: z.string().nullable(),
      }),
    ),
    total: z.int(),
    nextAfter: z.int().nullable(),
    contractVersion: z.string(),
  }),
});

export const waiveHeld = route({
  method: 'POST',
  path: '/v1/held/:held/waiver',
  summary: 'Leave a held record as it is for good, in the name of a person',
  roles: operatorRoles,
  params: z.object({ held: z.coerce.number().int().min(1) }),
  request: waiver.extend({ reason: closingReason }),
  reply: z.object({ id: z.int(), sync: z.string(), externalId: z.string() }),
});
