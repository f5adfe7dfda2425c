import { z } from 'zod';
import { entityShape } from './entity-shape.ts';
import { environment, fieldPath, name } from './name.ts';
import { errors, quirks, rates } from './rest/answers.ts';
import { restEntity } from './rest/entity.ts';
import { systemAuth } from './system-auth.ts';

const TIMEOUT_MS_MAX = 20_000;
const RESPONSE_BYTES_MAX = 20 * 1024 * 1024;

const limits = z.strictObject({
  timeoutMs: z.int().min(100).max(TIMEOUT_MS_MAX).default(10_000).describe('Time allowed for one request'),
  responseBytesMax: z
    .int()
    .min(1024)
    .max(RESPONSE_BYTES_MAX)
    .default(RESPONSE_BYTES_MAX)
    .describe('Largest response read'),
});

export const odataEntity = z.strictObject({
  ...entityShape,
  set: z
    .string()
    .regex(/^[A-Za-z_][\w./]*$/)
    .describe('Name of the entity set'),
  idType: z.enum(['string', 'guid', 'number']).default('string').describe('How the key is written in a filter'),
  select: z.array(fieldPath).max(200).optional().describe('Fields read; all of them when left out'),
  write: z
    .discriminatedUnion('mode', [
      z.strictObject({
        mode: z.literal('alternate-key'),
        unfit: z
          .string()
          .max(50)
          .default('')
          .describe('Characters that the system takes in no alternate key: one with them is not sent'),
      }),
      z.strictObject({ mode: z.literal('find-then-write') }),
    ])
    .default({ mode: 'find-then-write' }),
  errors: errors.optional().describe('What answers mean where that is not what their status says'),
  rates: rates.describe('Published limits'),
  quirks: quirks.describe('What one should know of the API'),
});

export const systemShape = {
  tidemark: z.literal('system/v1').describe('Kind of this document'),
  name: name.describe('Name of the system'),
  title: z.string().max(100).optional(),
  environment: environment.describe('Pilot and production are kept apart'),
  baseUrl: z.url({ protocol: /^https?$/ }).describe('Where the API begins; https outside a private network'),
  allowPrivateHosts: z.boolean().default(false).describe('Allow a base URL in a private network, and plain http there'),
  auth: systemAuth.default({ kind: 'none' }),
  limits: limits.prefault({}),
  madeFrom: z
    .strictObject({ preset: name, version: z.int().min(1) })
    .optional()
    .describe('The preset that filled the contract; written by Tidemark'),
};

export const entityName = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'must be a name of letters, digits, - and _');

/**
 * A system: an API that holds records. Secrets are named here and read from the environment where the call is made.
 */
export const systemContract = z.discriminatedUnion('driver', [
  z.strictObject({ ...systemShape, driver: z.literal('rest'), entities: z.record(entityName, restEntity) }),
  z.strictObject({ ...systemShape, driver: z.literal('odata'), entities: z.record(entityName, odataEntity) }),
]);

export type SystemContract = z.infer<typeof systemContract>;
export type ODataEntity = z.infer<typeof odataEntity>;
