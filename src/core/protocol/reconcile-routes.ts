import { z } from 'zod';
import { contractBundle } from '../contract/bundle.ts';
import { name } from '../contract/name.ts';
import { cursor, instantText } from '../read/checkpoint.ts';
import { digest, knownContract, payload, uuid } from './cycle-routes.ts';
import { REASON_CHARS_MAX } from './reason.ts';
import { anyRole, nothing, route, syncRoles } from './route.ts';
import { storableText } from './storable-text.ts';

/** Differences given back by a run; beyond it only their number. */
export const DIFFERENCES_SHOWN_MAX = 100;
/** Records that one run sends again; more than that is a bug to find, not a list to clear. */
export const REPAIRS_MAX = 1000;
/** A run that nobody went on with for so long is begun anew. */
export const RUN_IDLE_MS = 6 * 3600 * 1000;

const counts = z.object({
  source: z.int().min(0),
  matched: z.int().min(0),
  missing: z.int().min(0),
  changed: z.int().min(0),
  duplicated: z.int().min(0),
  pending: z.int().min(0),
  unusable: z.int().min(0),
});

const difference = z.object({
  externalId: z.string(),
  kind: z.enum(['missing', 'changed', 'duplicated']),
  /** Names of the fields that differ. */
  fields: z.array(z.string()),
  disposition: z.enum(['pending', 'confirmed', 'repairing']),
});

export const reconcileResult = z.object({
  runId: z.string(),
  sync: z.string(),
  stream: z.string(),
  windowFrom: instantText,
  windowTo: instantText,
  state: z.enum(['running', 'finished']),
  verdict: z.enum(['matched', 'mismatched', 'not_proven']),
  reason: z.string(),
  coveragePercent: z.number().nullable(),
  counts,
  differences: z.array(difference),
  differencesTotal: z.int(),
  evidenceId: z.string().nullable(),
});
export type ReconcileResult = z.infer<typeof reconcileResult>;

/**
 * What a run looks at. A run that is unfinished is gone on with by whoever asks the same again, so a window that moves
 * with the time is named by its length and not by its ends.
 */
const reconcileWindow = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('contract') }),
  z.object({
    kind: z.literal('hours'),
    hours: z
      .int()
      .min(1)
      .max(31 * 24),
  }),
  /** `to` null for now, less the settle time. */
  z.object({ kind: z.literal('between'), from: instantText, to: instantText.nullable() }),
]);

export type ReconcileWindow = z.output<typeof reconcileWindow>;

export const openReconciliation = route({
  method: 'POST',
  path: '/v1/reconciliations',
  summary: 'Begin a window run, or go on with one that is unfinished',
  roles: syncRoles,
  params: nothing,
  request: z.object({
    runId: uuid,
    sync: name,
    stream: name,
    window: reconcileWindow,
    /** Null for the policy of the contract. */
    repair: z.boolean().nullable(),
    knownContract,
  }),
  reply: z.object({
    runId: z.string(),
    windowFrom: instantText,
    windowTo: instantText,
    /** Number of the next slice; above 0 when a run is gone on with. */
    slice: z.int(),
    fence: z.int(),
    /** Where its scan goes on. */
    token: z.string().nullable(),
    last: cursor.nullable(),
    contractVersion: z.string(),
    contract: contractBundle.nullable(),
  }),
});

export const recordSlice = route({
  method: 'POST',
  path: '/v1/reconciliations/:run/slices',
  summary: 'Record what one page of the scan showed; the last slice gives the verdict',
  roles: syncRoles,
  params: z.object({ run: uuid }),
  request: z.object({
    fence: z.int(),
    /** From 0, without gaps; the same number again is the same slice again. */
    slice: z.int().min(0),
    source: z.int().min(0),
    matched: z.int().min(0),
    unusable: z.int().min(0),
    /** Digests over the compared projections of each side. */
    sourceDigest: digest,
    targetDigest: digest,
    differences: z
      .array(
        z.object({
          externalId: storableText(500),
          updatedAt: instantText,
          digest,
          kind: z.enum(['missing', 'changed', 'duplicated']),
          fields: z.array(storableText(100, 0)).max(300),
          /** Mapped fields, for the repair; null when the record may not be written (held). */
          payload: payload.nullable(),
        }),
      )
      .max(5000),
    token: storableText(4000, 0).nullable(),
    last: cursor.nullable(),
    /** Null while there is more to scan. */
    end: z.enum(['complete', 'truncated', 'unstable']).nullable(),
    endReason: storableText(REASON_CHARS_MAX, 0).nullable(),
  }),
  reply: reconcileResult,
});

export const getReconciliation = route({
  method: 'GET',
  path: '/v1/reconciliations/:run',
  summary: 'A reconciliation run with its result so far',
  roles: anyRole,
  params: z.object({ run: uuid }),
  request: nothing,
  reply: reconcileResult,
});
