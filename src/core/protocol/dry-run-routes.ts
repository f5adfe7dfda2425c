import { z } from 'zod';
import { contractBundle } from '../contract/bundle.ts';
import { name } from '../contract/name.ts';
import { obligationStates } from '../obligation/obligation-state.ts';
import { cursor, instantText } from '../read/checkpoint.ts';
import { digest, uuid } from './cycle-routes.ts';
import { anyRole, operatorRoles, route } from './route.ts';
import { storableText } from './storable-text.ts';
import { WRITES_MAX } from './write-routes.ts';

const streamKey = z.object({ sync: name, stream: name });

const listedCheckpoint = z.object({
  version: z.int(),
  /** The cycle that read the page, and the page's number in it. */
  cycleId: z.string(),
  page: z.int(),
  at: instantText,
  /** The mark from then on: read so far; null before the first record. */
  mark: cursor.nullable(),
  rows: z.int(),
  /** Of the contract that mapped the page; null where that was not recorded. */
  contractVersion: z.string().nullable(),
});

export const listCheckpoints = route({
  method: 'GET',
  path: '/v1/streams/:sync/:stream/checkpoints',
  summary: 'The checkpoints of a stream as its pages left them, the newest first',
  roles: anyRole,
  params: streamKey,
  request: z.object({
    /** Only those of versions below this one. */
    before: z.coerce.number().int().min(1).optional(),
    limit: z.coerce.number().int().min(1).max(500).default(50),
  }),
  reply: z.object({
    checkpoints: z.array(listedCheckpoint),
    /** For the next page; null at the end. */
    nextBefore: z.int().nullable(),
  }),
});

/** Names a checkpoint: where the stream started, a version, or what a cycle left. */
export const checkpointName = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start') }),
  z.object({ kind: z.literal('version'), version: z.int().min(0) }),
  z.object({ kind: z.literal('cycle'), cycleId: uuid }),
]);
export type CheckpointName = z.infer<typeof checkpointName>;

const namedCheckpoint = z.object({ version: z.int(), mark: cursor.nullable() });
export type NamedCheckpoint = z.infer<typeof namedCheckpoint>;

export const openDryRun = route({
  method: 'POST',
  path: '/v1/streams/:sync/:stream/dry-runs',
  summary:
    'Say where two checkpoints of a stream are and record that what lies between is looked at; nothing is delivered',
  roles: operatorRoles,
  params: streamKey,
  request: z.object({
    /** The same again is the same dry run, and is recorded once. */
    requestId: uuid,
    from: checkpointName,
    to: checkpointName,
    /** Version of the contract to apply: of a bundle, or the number of the sync alone; null for that of now. */
    contract: z
      .string()
      .regex(/^\d{1,9}(?:\.[\w.-]{1,90})?$/, 'must be a version of the contract')
      .nullable()
      .default(null),
  }),
  reply: z.object({
    from: namedCheckpoint,
    to: namedCheckpoint,
    /** Nothing changed before this is wanted; null for the beginning. */
    startAt: instantText.nullable(),
    /** The contract asked for, with the systems of now. */
    bundle: contractBundle,
    evidenceId: z.string(),
  }),
});

export const previewWrites = route({
  method: 'POST',
  path: '/v1/streams/:sync/:stream/previews',
  summary: 'What the store would answer to writes that are not begun: nothing is locked, recorded or changed',
  roles: operatorRoles,
  params: streamKey,
  request: z.object({
    items: z
      .array(z.object({ externalId: storableText(500), updatedAt: instantText, digest }))
      .min(1)
      .max(WRITES_MAX),
  }),
  reply: z.object({
    /** In the order of the items. */
    answers: z.array(
      z.object({
        kind: z.enum(['proceed', 'already_applied', 'stale', 'in_progress']),
        /** What became of this very version in the stream; null where the stream does not know it. */
        obligation: z.enum(obligationStates).nullable(),
      }),
    ),
  }),
});
