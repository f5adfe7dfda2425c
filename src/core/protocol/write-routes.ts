import { z } from 'zod';
import { circuitSignal } from '../circuit/signal.ts';
import { contractBundle } from '../contract/bundle.ts';
import { name } from '../contract/name.ts';
import { instantText } from '../read/checkpoint.ts';
import { digest, knownContract, payload, uuid } from './cycle-routes.ts';
import { REASON_CHARS_MAX } from './reason.ts';
import { nothing, route, syncRoles } from './route.ts';
import { storableText } from './storable-text.ts';

/** Nothing is sent after 25 s, a request is given 20 s at most, and takes effect within 5 s more or never. */
export const WRITE_LEASE_MS = 50_000;
/** A request that timed out here may still be executed there; before this is over nobody writes again. */
export const UNKNOWN_QUARANTINE_MS = 5000;

const version = z.object({ updatedAt: instantText, digest });

/** What identifies the version to write: a delivery of ours, or a record that a Zap brought itself. */
const writeSubject = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('delivery'),
    deliveryId: storableText(100),
    /** Digest of the fields that the Zap changed; null when it changed none. */
    overridesDigest: digest.nullable(),
  }),
  z.object({ kind: z.literal('record'), externalId: storableText(500), version }),
]);

/** Records in one call: what a batch trigger hands out as one item. */
export const WRITES_MAX = 100;

const hasOwnIntents = (items: readonly { readonly intentId: string }[]): boolean =>
  new Set(items.map(({ intentId }) => intentId)).size === items.length;
const OWN_INTENTS = 'must have an intent ID of its own in every item';

const writeDecision = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('proceed'),
    fence: z.int(),
    externalId: z.string(),
    updatedAt: instantText,
    /** Known from an earlier write; null when it has to be found. */
    targetId: z.string().nullable(),
    /** Read the target before writing: an earlier write may have happened, or the target has drifted. */
    readBack: z.boolean(),
    /** All fields of the delivery, sensitive ones too: what the Zap does not set is taken from here. */
    delivered: payload,
  }),
  z.object({ kind: z.literal('already_applied'), externalId: z.string(), targetId: z.string().nullable() }),
  z.object({ kind: z.literal('stale'), externalId: z.string(), targetId: z.string().nullable() }),
  z.object({ kind: z.literal('dead_lettered'), externalId: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('in_progress'), retryAfterMs: z.int() }),
  /** Nothing is to be sent to the target: it fails, or asked to be left alone. The record waits. */
  z.object({
    kind: z.literal('stop'),
    reason: z.enum(['circuit_open', 'throttled']),
    system: z.string(),
    retryAfterMs: z.int(),
  }),
  /** Nothing can be decided for this item; the others stand. */
  z.object({ kind: z.literal('refused'), code: z.enum(['not_found', 'conflict']), reason: z.string() }),
]);
export type WriteDecided = z.output<typeof writeDecision>;

export const beginWrites = route({
  method: 'POST',
  path: '/v1/writes',
  summary: 'Ask to write records, each with a decision, a lease and a write-ahead intent of its own',
  roles: syncRoles,
  params: nothing,
  request: z.object({
    sync: name,
    knownContract,
    items: z
      .array(z.object({ intentId: uuid, subject: writeSubject }))
      .min(1)
      .max(WRITES_MAX)
      .refine(hasOwnIntents, OWN_INTENTS),
  }),
  reply: z.object({
    contractVersion: z.string(),
    contract: contractBundle.nullable(),
    /** One for each item, in the order of the request. */
    decisions: z.array(writeDecision),
  }),
});

const reason = storableText(REASON_CHARS_MAX, 0);

export const writeOutcome = z.discriminatedUnion('kind', [
  /** The target holds the version. `created` is null where the target does not say. */
  z.object({
    kind: z.literal('confirmed'),
    targetId: storableText(500),
    created: z.boolean().nullable(),
    readBack: z.boolean(),
    /** Fields that the target owns, and where it holds another value than the source: left as they are. */
    kept: z.array(storableText(100)).min(1).max(300).optional(),
  }),
  /** The target refused the record as it is: a dead letter. */
  z.object({ kind: z.literal('failed'), errorClass: storableText(100), reason }),
  /** Sent, and nobody knows. */
  z.object({ kind: z.literal('unknown'), reason }),
  /** Certainly not executed: the record waits for another attempt. */
  z.object({ kind: z.literal('not_sent'), reason }),
]);
export type WriteOutcome = z.infer<typeof writeOutcome>;

export const completeWrites = route({
  method: 'POST',
  path: '/v1/writes/outcomes',
  summary: 'Record what became of writes; each that was confirmed settles its obligation',
  roles: syncRoles,
  params: nothing,
  request: z.object({
    items: z
      .array(
        z.object({
          intentId: uuid,
          fence: z.int(),
          attempts: z.int().min(0).max(100),
          /** Digest of the fields that the target holds by a confirmed outcome; null for the others. */
          writtenDigest: digest.nullable().default(null),
          outcome: writeOutcome,
          /** What the write showed of its target; moves the circuit before it. */
          signal: circuitSignal.default({ kind: 'none' }),
        }),
      )
      .min(1)
      .max(WRITES_MAX)
      .refine(hasOwnIntents, OWN_INTENTS),
  }),
  reply: z.object({
    /** One for each item, in the order of the request. */
    results: z.array(
      z.discriminatedUnion('kind', [
        z.object({
          kind: z.literal('recorded'),
          obligation: z.enum(['none', 'open', 'applied', 'superseded', 'dead_lettered']),
        }),
        /** `fenced`: another write of the record has begun since; its owner reads back, and this outcome says nothing. */
        z.object({ kind: z.literal('refused'), code: z.enum(['fenced', 'not_found']), reason: z.string() }),
      ]),
    ),
  }),
});
