import { z } from 'zod';
import { environment, fieldPath, name } from './name.ts';
import { systemAuth } from './system-auth.ts';

const TIMEOUT_MS_MAX = 20_000;
const RESPONSE_BYTES_MAX = 20 * 1024 * 1024;
const PAGE_SIZE_MAX = 5000;
const FIND_BATCH_MAX = 200;

const limits = z.strictObject({
  timeoutMs: z.int().min(100).max(TIMEOUT_MS_MAX).default(10_000).describe('Time allowed for one request'),
  responseBytesMax: z
    .int()
    .min(1024)
    .max(RESPONSE_BYTES_MAX)
    .default(RESPONSE_BYTES_MAX)
    .describe('Largest response read'),
});

const shared = {
  idField: fieldPath.describe("Path of the record's immutable ID"),
  updatedAtField: fieldPath.describe('Path of the time of the last change'),
  timestamp: z.enum(['iso', 'epoch-ms', 'epoch-s']).default('iso').describe('How the API writes its timestamps'),
  pageSize: z.int().min(1).max(PAGE_SIZE_MAX).default(500).describe('Records asked for in one page'),
  findBatchMax: z.int().min(1).max(FIND_BATCH_MAX).default(50).describe('Most keys looked up in one request'),
};

const queryParams = z.record(z.string().max(100), z.string().max(500)).default({});

const paging = z.discriminatedUnion('style', [
  z.strictObject({
    style: z.literal('cursor'),
    param: z.string().describe('Query parameter that carries the cursor'),
    nextAt: fieldPath.describe('Path of the next cursor in the response'),
  }),
  z.strictObject({ style: z.literal('link') }),
  z.strictObject({
    style: z.literal('keyset'),
    afterIdParam: z
      .string()
      .optional()
      .describe('Query parameter for "ID greater than", used inside a tie of timestamps'),
  }),
  z.strictObject({
    style: z.literal('offset'),
    param: z.string().describe('Query parameter that carries the number of rows to skip'),
  }),
]);

const restWrite = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: z.literal('find-then-write'),
    updateMethod: z.enum(['PATCH', 'PUT']).default('PATCH'),
  }),
  z.strictObject({
    mode: z.literal('upsert'),
    method: z.enum(['PUT', 'PATCH', 'POST']).default('PUT'),
    path: z
      .string()
      .regex(/\{externalId\}/, 'must hold {externalId}')
      .describe('Path under the base URL, with {externalId} where the key goes'),
  }),
]);

const restEntityShape = z.strictObject({
  ...shared,
  createdAtField: fieldPath.optional().describe('Read instead where the update time is empty until the first update'),
  path: z.string().min(1).max(200).describe('Path under the base URL'),
  recordsAt: z
    .string()
    .max(200)
    .default('')
    .describe('Path of the array of records in a response; empty when the response is the array'),
  sinceParam: z.string().optional().describe('Query parameter that means "changed at or after"; needed to be a source'),
  pageSizeParam: z.string().optional().describe('Query parameter for the page size'),
  params: queryParams.describe('Sent with every read; must ask for the order (update time, ID)'),
  paging: paging.default({ style: 'keyset' }),
  findParam: z
    .string()
    .default('{field}')
    .describe('Query parameter of a lookup; {field} is the name of the field looked up'),
  findMany: z.enum(['repeat', 'comma', 'none']).default('none').describe('How one lookup carries several keys'),
  findTemplate: z
    .string()
    .max(500)
    .regex(/\{values\}/, 'must hold {values}')
    .optional()
    .describe(
      'Value of findParam, in place of findMany; {field} is the field looked up, {values} the keys as JSON strings joined by commas',
    ),
  write: restWrite.default({ mode: 'find-then-write', updateMethod: 'PATCH' }),
});

const restEntity = restEntityShape.refine((one) => one.findTemplate === undefined || one.findMany === 'none', {
  path: ['findMany'],
  message: 'and findTemplate both say how a lookup carries its keys',
});

const odataEntity = z.strictObject({
  ...shared,
  set: z
    .string()
    .regex(/^[A-Za-z_][\w./]*$/)
    .describe('Name of the entity set'),
  idType: z.enum(['string', 'guid', 'number']).default('string').describe('How the key is written in a filter'),
  select: z.array(fieldPath).max(200).optional().describe('Fields read; all of them when left out'),
  write: z
    .discriminatedUnion('mode', [
      z.strictObject({ mode: z.literal('alternate-key') }),
      z.strictObject({ mode: z.literal('find-then-write') }),
    ])
    .default({ mode: 'find-then-write' }),
});

const common = {
  tidemark: z.literal('system/v1').describe('Kind of this document'),
  name: name.describe('Name of the system'),
  title: z.string().max(100).optional(),
  environment: environment.describe('Pilot and production are kept apart'),
  baseUrl: z.url({ protocol: /^https?$/ }).describe('Where the API begins; https outside a private network'),
  allowPrivateHosts: z.boolean().default(false).describe('Allow a base URL in a private network, and plain http there'),
  auth: systemAuth.default({ kind: 'none' }),
  limits: limits.prefault({}),
};

const entityName = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'must be a name of letters, digits, - and _');

/**
 * A system: an API that holds records. Secrets are named here and read from the environment where the call is made.
 */
export const systemContract = z.discriminatedUnion('driver', [
  z.strictObject({ ...common, driver: z.literal('rest'), entities: z.record(entityName, restEntity) }),
  z.strictObject({ ...common, driver: z.literal('odata'), entities: z.record(entityName, odataEntity) }),
]);

export type SystemContract = z.infer<typeof systemContract>;
export type RestEntity = z.infer<typeof restEntity>;
export type ODataEntity = z.infer<typeof odataEntity>;
