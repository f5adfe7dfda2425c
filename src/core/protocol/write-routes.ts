import { z } from 'zod';
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

export const beginWrite = route({
  method: 'POST',
  path: '/v1/writes',
  summary: 'Ask to write one record: decision, lease and write-ahead intent',
  roles: syncRoles,
  params: nothing,
  request: z.object({ intentId: uuid, sync: name, subject: writeSubject, knownContract }),
  reply: z.object({
    contractVersion: z.string(),
    contract: contractBundle.nullable(),
    decision: z.discriminatedUnion('kind', [
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
    ]),
  }),
});

export const writeOutcome = z.discriminatedUnion('kind', [
  /** The target holds the version. `created` is null where the target does not say. */
  z.object({
    kind: z.literal('confirmed'),
    targetId: storableText(500),
    created: z.boolean().nullable(),
    readBack: z.boolean(),
  }),
  /** The target refused the record as it is: a dead letter. */
  z.object({ kind: z.literal('failed'), errorClass: z.string().max(100), reason: z.string().max(REASON_CHARS_MAX) }),
  /** Sent, and nobody knows. */
  z.object({ kind: z.literal('unknown'), reason: z.string().max(REASON_CHARS_MAX) }),
  /** Certainly not executed: the record waits for another attempt. */
  z.object({ kind: z.literal('not_sent'), reason: z.string().max(REASON_CHARS_MAX) }),
]);
export type WriteOutcome = z.infer<typeof writeOutcome>;

export const completeWrite = route({
  method: 'POST',
  path: '/v1/writes/:intent/outcome',
  summary: 'Record what became of a write; settles the obligation when it was confirmed',
  roles: syncRoles,
  params: z.object({ intent: uuid }),
  request: z.object({
    fence: z.int(),
    attempts: z.int().min(0).max(100),
    /** Digest of the fields that the target holds by a confirmed outcome; null for the others. */
    writtenDigest: digest.nullable().default(null),
    outcome: writeOutcome,
  }),
  reply: z.object({ obligation: z.enum(['none', 'open', 'applied', 'superseded', 'dead_lettered']) }),
});
