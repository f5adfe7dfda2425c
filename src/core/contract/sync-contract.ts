import { z } from 'zod';
import { environment, fieldPath, name } from './name.ts';

/** Zapier holds a poll's runs back from 100 new items on; 90 leaves room for redeliveries. */
const EMIT_MAX = 90;
const FIELDS_MAX = 300;
const DAY_SECONDS = 86_400;

const fieldType = z.enum(['string', 'integer', 'number', 'boolean', 'date', 'datetime', 'json']);
export type FieldType = z.infer<typeof fieldType>;

const field = z
  .strictObject({
    target: z
      .string()
      .regex(/^(?!__proto__$)[A-Za-z_][\w-]{0,99}$/, 'must be a field name of letters, digits, - and _')
      .describe('Field of the target record'),
    source: fieldPath.optional().describe('Path of the value in the source record'),
    expression: z.string().min(1).max(2000).optional().describe('JSONata expression over the source record'),
    type: fieldType.default('string'),
    label: z.string().min(2).max(64).optional().describe('Name shown in the Zapier editor'),
    required: z.boolean().default(false).describe('A record without it is held, not written'),
    enum: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .max(500)
      .optional()
      .describe('The only values allowed'),
    pattern: z.string().max(500).optional().describe('Regular expression that the whole text must match'),
    owner: z
      .enum(['source', 'target'])
      .optional()
      .describe(
        'Whose value counts. One of the target is written with a new record only; where they differ, a person decides',
      ),
    sensitive: z.boolean().default(false).describe('Never shown in logs, evidence or the history of a Zap'),
  })
  .refine((one) => (one.source === undefined) !== (one.expression === undefined), {
    message: 'must have either source or expression, and not both',
  });

const read = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(7 * DAY_SECONDS)
    .default(120)
    .describe('Read again this much before the mark, for records committed late'),
  resolutionSeconds: z
    .number()
    .min(0)
    .max(DAY_SECONDS)
    .default(0)
    .describe('Step of the update times, where the source rounds them: read again this much more'),
  pagesMax: z.int().min(1).max(100).default(20).describe('Most pages read in one poll'),
});

const delivery = z.strictObject({
  emitMax: z.int().min(1).max(EMIT_MAX).default(EMIT_MAX).describe('Most items handed to Zapier in one poll'),
  inFlightMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(2000)
    .describe('No more is handed out while so many deliveries wait for their acknowledgement'),
  acknowledgeWithinSeconds: z
    .int()
    .min(1)
    .max(DAY_SECONDS)
    .default(900)
    .describe('A delivery not acknowledged by then is handed out again'),
  attemptsMax: z.int().min(1).max(50).default(8).describe('After so many attempts a record becomes a dead letter'),
  fallback: z
    .strictObject({
      afterMinutes: z
        .int()
        .min(1)
        .max((7 * DAY_SECONDS) / 60)
        .describe('So long after the target went down, records are handed out by the route "fallback"'),
    })
    .optional()
    .describe('Another way for records while the target is down; without it they wait'),
});

const reconcile = z.strictObject({
  windowHours: z
    .int()
    .min(1)
    .max(31 * 24)
    .default(24)
    .describe('How far back a window run looks'),
  settleSeconds: z
    .int()
    .min(0)
    .max(DAY_SECONDS)
    .default(300)
    .describe('Changes younger than this are left to the next run'),
  repair: z.boolean().default(false).describe('Send missing and changed records again'),
});

/** A sync: one source entity to one target entity. Versioned in the store; every change carries a ticket. */
export const syncContract = z.strictObject({
  tidemark: z.literal('sync/v1').describe('Kind of this document'),
  name: name.describe('Name of the sync'),
  title: z.string().min(2).max(100).optional(),
  environment: environment.describe('Must be that of both systems'),
  owner: z.string().min(2).max(200).describe('Who answers for dead letters of this sync'),
  ticket: z.string().min(1).max(100).describe('The change ticket of this version'),
  source: z.strictObject({ system: name, entity: z.string().min(1).max(64) }),
  target: z.strictObject({
    system: name,
    entity: z.string().min(1).max(64),
    externalIdField: fieldPath.describe("Field of the target record that holds the source's ID: the upsert key"),
  }),
  fields: z.array(field).min(1).max(FIELDS_MAX),
  sla: z
    .strictObject({
      freshnessMinutes: z
        .int()
        .min(1)
        .max(31 * 24 * 60),
    })
    .default({ freshnessMinutes: 60 }),
  read: read.prefault({}),
  delivery: delivery.prefault({}),
  reconcile: reconcile.prefault({}),
});

export type SyncContract = z.infer<typeof syncContract>;
export type FieldContract = z.infer<typeof field>;
