import { z } from 'zod';
import { contractBundle } from '../contract/bundle.ts';
import { name } from '../contract/name.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { checkpoint, cursor, fetched, instantText, streamStart } from '../read/checkpoint.ts';
import { REASON_CHARS_MAX } from './reason.ts';
import { anyRole, nothing, route, syncRoles } from './route.ts';
import { storableText } from './storable-text.ts';

/** Records in one `recordPage`; a longer page is sent in parts. */
export const PAGE_RECORDS_MAX = 1000;
/**
 * A record whose mapped fields are larger cannot pass through Zapier: an item carries them twice (as one JSON text,
 * escaped, and as fields), and a whole poll may give 6 MB.
 */
export const PAYLOAD_BYTES_MAX = 1_500_000;
/** Body of one call to the store. */
export const REQUEST_BYTES_MAX = 12 * 1024 * 1024;
/** A poll is killed at 30 s, so a lease beyond that has no living owner. */
export const CYCLE_LEASE_MS = 35_000;

export const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest in hexadecimal');
/** In lower case, as the database gives it back. */
export const uuid = z.uuid().toLowerCase();
const streamKey = z.object({ sync: name, stream: name });

/**
 * Fields of one record. Its members are not checked again: they came out of a JSON parser, so they are JSON, and
 * walking every value of every record would cost more than the rest of the call.
 */
export const payload = z
  .custom<JsonObject>(isJsonObject, 'must be an object')
  .meta({ type: 'object', additionalProperties: {} });

/** A stream with its counts, as people and tests look at it. */
const streamStatus = z.object({
  sync: z.string(),
  stream: z.string(),
  /** The Zap that polls it, and when it last did; null until a Zap said which it is. */
  owner: z.object({ zapId: z.string(), polledAt: instantText }).nullable(),
  checkpoint,
  counts: z.object({
    open: z.int(),
    held: z.int(),
    applied: z.int(),
    superseded: z.int(),
    unchanged: z.int(),
    deadLettered: z.int(),
    deliveries: z.int(),
  }),
  /** What reading the source came to, over all cycles. */
  reading: z.object({
    cycles: z.int(),
    pages: z.int(),
    rows: z.int(),
    /** Rows below the mark that were not known when they were read. */
    late: z.int(),
  }),
});

/** The Zap that calls, where Zapier says which: without it nobody can tell two Zaps on one stream apart. */
const zapId = storableText(100).nullable().default(null);

export const openStream = route({
  method: 'PUT',
  path: '/v1/streams/:sync/:stream',
  summary: 'Create a stream at its start; one that exists keeps its checkpoint',
  roles: syncRoles,
  params: streamKey,
  request: z.object({ start: streamStart, zapId }),
  reply: z.object({ created: z.boolean(), checkpoint }),
});

export const getStream = route({
  method: 'GET',
  path: '/v1/streams/:sync/:stream',
  summary: 'A stream: checkpoint and counts of its obligations',
  roles: anyRole,
  params: streamKey,
  request: nothing,
  reply: streamStatus,
});

/** The bundle when the caller's is out of date, else null. */
const maybeContract = contractBundle.nullable();
export const knownContract = storableText(200, 0).nullable();

export const openCycle = route({
  method: 'POST',
  path: '/v1/cycles',
  summary: 'Begin a poll cycle: lease, fencing token, checkpoint and contract',
  roles: syncRoles,
  params: nothing,
  request: z.object({ cycleId: uuid, sync: name, stream: name, zapId, knownContract }),
  reply: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('opened'),
      fence: z.int(),
      checkpoint,
      /** The store's time: the frozen upper bound of the read. */
      now: instantText,
      contractVersion: z.string(),
      contract: maybeContract,
    }),
    z.object({ kind: z.literal('busy'), retryAfterMs: z.int() }),
    /** Two Zaps poll this stream. `rival`: the other owns it; `owner`: told once that the other was refused. */
    z.object({ kind: z.literal('contested'), as: z.enum(['owner', 'rival']), zapId: z.string() }),
  ]),
});

/** Longest reason for which a record is held or refused. */
export const RECORD_REASON_CHARS_MAX = 2000;

export const observedRecord = z.object({
  externalId: storableText(500),
  updatedAt: instantText,
  digest,
  /** `ready` is to be delivered; `held` failed validation; `refused` can never be delivered as it is. */
  state: z.enum(['ready', 'held', 'refused']),
  /** Mapped fields; null for a record that is refused. */
  payload: payload.nullable(),
  /** Why it is held or refused: rules and field names, never values. */
  reason: storableText(RECORD_REASON_CHARS_MAX, 0).nullable(),
});
export type ObservedRecord = z.infer<typeof observedRecord>;

export const recordPage = route({
  method: 'POST',
  path: '/v1/cycles/:cycle/pages',
  summary: 'Record one page: its evidence, the obligations it opens and the new fetched cursor, in one transaction',
  roles: syncRoles,
  params: z.object({ cycle: uuid }),
  request: z.object({
    fence: z.int(),
    /** From 0, without gaps; the same number again is the same page again. */
    page: z.int().min(0),
    /** Digest of the token that led here; null for the first page of a sweep. */
    tokenDigest: digest.nullable(),
    pageDigest: digest,
    /** Rows the source sent, usable or not. */
    rows: z.int().min(0),
    /** Of these, the rows that say a record was deleted. */
    deleted: z.int().min(0).default(0),
    first: cursor.nullable(),
    last: cursor.nullable(),
    records: z.array(observedRecord).max(PAGE_RECORDS_MAX),
    fetched,
    /** What the page is to the edge of the sweep; null from a caller that does not know of edges. Needs `fetched.sweep`. */
    edge: z
      .object({
        /** Version of the contract that the records were mapped by. */
        contract: storableText(200, 0),
        /** Where the next sweep would begin. */
        keepFrom: instantText.nullable(),
        /** Upper bound of the read. */
        bound: instantText,
        /** True for the last part of the last page of the sweep. */
        isOver: z.boolean(),
      })
      .nullable()
      .default(null),
  }),
  reply: z.object({
    checkpointVersion: z.int(),
    opened: z.int(),
    unchanged: z.int(),
    /** Rows below the mark that were not known: late commits. */
    late: z.int(),
  }),
});

export const deliveryItem = z.object({
  deliveryId: z.string(),
  externalId: z.string(),
  updatedAt: instantText,
  digest,
  attempt: z.int(),
  openedAt: instantText,
  deadlineAt: instantText,
  /** `fallback`: the target is down, and the contract has another way for that. */
  route: z.enum(['target', 'fallback']),
  payload,
});
export type DeliveryItem = z.infer<typeof deliveryItem>;

export const emit = route({
  method: 'POST',
  path: '/v1/cycles/:cycle/emit',
  summary: 'Hand out deliveries, redeliveries first, and end the cycle',
  roles: syncRoles,
  params: z.object({ cycle: uuid }),
  request: z.object({
    fence: z.int(),
    limit: z.int().min(0).max(1000),
    bytesMax: z.int().min(0),
    /** Why reading ended early; null when it did not. */
    failure: storableText(REASON_CHARS_MAX, 0).nullable(),
    /** What speaks against the scan of the source having shown all there is; null where nothing does. */
    scan: storableText(REASON_CHARS_MAX).nullable().default(null),
  }),
  reply: z.object({
    items: z.array(deliveryItem),
    /** Obligations that are open and were not handed out now. */
    waiting: z.int(),
  }),
});
