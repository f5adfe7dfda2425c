import { z } from 'zod';
import { entityShape } from '../entity-shape.ts';
import { fieldPath } from '../name.ts';
import { answerPath, batch, condition, errors, quirks, rates, windowCap, writtenAnswer } from './answers.ts';
import { codec } from './codec.ts';
import { faultsOf, mentions } from './check-template.ts';
import { feedFaults, feedKeys } from './feed.ts';
import { paging } from './paging.ts';
import { type RequestKind, requestTemplates } from './template.ts';

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
      .optional()
      .describe('Path under the base URL, with {externalId} where the key goes; not with requests.upsert'),
  }),
]);

const DAY_SECONDS = 86_400;
const queryParams = z.record(z.string().max(100), z.string().max(500)).default({});
const seconds = z.number().min(0).max(DAY_SECONDS);

export const restEntityShape = z.strictObject({
  ...entityShape,
  createdAtField: fieldPath.optional().describe('Read instead where the update time is empty until the first update'),
  path: z.string().min(1).max(200).describe('Path under the base URL'),
  recordsAt: answerPath
    .default('')
    .describe('Path of the array of records in a response; empty when the response is the array'),
  emptyWhen: condition
    .optional()
    .describe('Holds in an answer that leaves that array out because there are no records'),
  rowAt: answerPath.default('').describe('Path of the record inside an item of that array'),
  rowsAre: z
    .enum(['objects', 'table'])
    .default('objects')
    .describe('A table: the first item of that array names the columns, the others are lists of cells'),
  sheet: z
    .string()
    .regex(/^[\w -]{1,100}$/, 'must be letters, digits, spaces, _ and -')
    .optional()
    .describe('{sheet}: where in a file the table is'),
  skipRows: z.array(condition).max(5).default([]).describe('Items of that array that are no records'),
  fieldsAt: fieldPath.optional().describe('Path of the fields inside a record: where they are written and looked up'),
  codec: codec.optional().describe('How values stand in the fields, where not as plain JSON'),
  versionAt: answerPath.optional().describe('Path of what If-Match takes: {version}'),
  object: z.string().min(1).max(100).optional().describe('{object}: name of the record type in the API'),
  writeObject: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('{writeObject}: name under which the API takes writes, where it is another than {object}'),
  externalIdField: fieldPath.optional().describe('{externalIdField}, where no sync names it'),
  externalIdAt: answerPath
    .optional()
    .describe(
      'Path of the external ID in a record, where it is not its field; {keySystem} and {externalIdField} in it',
    ),
  keySystem: z
    .string()
    .regex(/^[\w:/.~$-]{1,200}$/, 'must be letters, digits and : / . _ ~ $ -')
    .optional()
    .describe('{keySystem}: what the API keeps external IDs under, such as a URI or a namespace'),
  select: z.array(fieldPath).max(500).optional().describe('{select}: fields to read besides ID and update time'),
  sinceParam: z.string().optional().describe('Query parameter that means "changed at or after"; needed to be a source'),
  sinceAs: entityShape.timestamp.unwrap().optional().describe('How {since} is written, where not as timestamps are'),
  pageSizeParam: z.string().optional().describe('Query parameter for the page size'),
  params: queryParams.describe('Sent with every read; must ask for the order (update time, ID)'),
  paging: paging.default({ style: 'keyset' }),
  ...feedKeys,
  windowCap: windowCap.optional().describe('The most rows that one window gives; reaching it is no end'),
  totalAt: answerPath.optional().describe('Path of the number of rows of a window, to hold the rows read against'),
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
  requests: requestTemplates.default({}).describe('Requests as data, where the keys above do not do'),
  errors: errors.optional().describe('What answers mean where that is not what their status says'),
  write: restWrite.default({ mode: 'find-then-write', updateMethod: 'PATCH' }),
  written: writtenAnswer.optional().describe('Where the answer to a write says what became of it'),
  foldsCase: z
    .boolean()
    .default(false)
    .describe(
      'Upserts compare external IDs without regard to case: each is looked up first, and not sent where it would overwrite another',
    ),
  batch: batch.optional().describe('How the answer to requests.upsertMany is taken apart'),
  exclusionLagSeconds: seconds.default(0).describe('The API leaves out changes younger than this'),
  indexLagSeconds: seconds.default(0).describe('A change shows in lists this much later at the latest'),
  resolutionSeconds: seconds.default(0).describe('Step of the update times, where they are rounded'),
  tokenLifeSeconds: z
    .int()
    .min(1)
    .max(365 * DAY_SECONDS)
    .optional()
    .describe('How long a page token is good'),
  retentionDays: z.int().min(1).max(3650).optional().describe('How far back changes can be read at all'),
  rates: rates.describe('Published limits'),
  quirks: quirks.describe('What one should know of the API'),
});

type Lists = Pick<RestEntity, 'sinceParam' | 'requests' | 'paging'>;

/** True when a list can begin at an update time. */
export const canFilterSince = ({ requests, sinceParam }: Pick<Lists, 'sinceParam' | 'requests'>): boolean =>
  requests.list === undefined ? sinceParam !== undefined : mentions(requests.list, 'since');

/** True when changes can be read: the list takes a start, or gives everything. */
export const canReadChanges = (entity: Lists): boolean => canFilterSince(entity) || entity.paging.style === 'whole';

const REQUEST_KINDS = ['list', 'find', 'readByIds', 'create', 'update', 'upsert', 'upsertMany'] as const;

type Shape = z.infer<typeof restEntityShape>;
type Report = (path: readonly string[], message: string) => void;

const checkWrites = (shape: Shape, report: Report): void => {
  const { write, requests, batch: many, foldsCase } = shape;
  const upsert = requests.upsert ?? requests.upsertMany;
  if (write.mode === 'upsert' && write.path === undefined && upsert === undefined) {
    report(['write', 'path'], 'must be there, or else requests.upsert or requests.upsertMany');
  }
  if (write.mode === 'upsert' && write.path !== undefined && requests.upsert !== undefined) {
    report(['write', 'path'], 'and requests.upsert both say how to upsert');
  }
  if (write.mode !== 'upsert' && upsert !== undefined) {
    report(['write', 'mode'], 'must be upsert, for there are requests that upsert');
  }
  if (foldsCase && requests.upsertMany !== undefined) {
    report(['foldsCase'], 'looks each external ID up before its upsert, which requests.upsertMany leaves no place for');
  }
  if ((many === undefined) !== (requests.upsertMany === undefined)) {
    report(['batch'], 'and requests.upsertMany need each other');
  }
  if (shape.rowsAre === 'table' && (upsert !== undefined || write.mode === 'upsert')) {
    report(['write', 'mode'], 'must be find-then-write for a table');
  }
  for (const kind of ['create', 'update', 'upsert', 'upsertMany'] as const) {
    if (requests[kind]?.method === 'GET') report(['requests', kind, 'method'], 'must be POST, PUT or PATCH');
  }
};

const checkPaging = ({ paging: style, requests, windowCap: cap, totalAt }: Shape, report: Report): void => {
  const { list } = requests;
  const needs = (name: string, isGiven: boolean): void => {
    if (!isGiven && !mentions(list, name)) report(['paging'], `needs its parameter, or {${name}} in requests.list`);
  };
  if (style.style === 'cursor') needs('cursor', style.param !== undefined);
  if (style.style === 'newest-first') for (const name of ['since', 'until', 'cursor']) needs(name, false);
  if (style.style === 'offset') needs('offset', style.param !== undefined);
  if (style.style === 'page') needs('page', style.param !== undefined);
  if (style.style === 'keyset' && style.tie !== undefined) needs('afterId', style.afterIdParam !== undefined);
  if (cap?.signal === 'plateau' && totalAt === undefined) report(['windowCap', 'signal'], 'needs totalAt');
};

export const restEntity = restEntityShape.superRefine((entity, context) => {
  const report: Report = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
  if (entity.findTemplate !== undefined && entity.findMany !== 'none') {
    report(['findMany'], 'and findTemplate both say how a lookup carries its keys');
  }
  checkWrites(entity, report);
  checkPaging(entity, report);
  for (const [key, message] of feedFaults(entity)) report([key], message);
  for (const kind of REQUEST_KINDS satisfies readonly RequestKind[]) {
    const request = entity.requests[kind];
    if (request === undefined) continue;
    for (const { path, message } of faultsOf(kind, request)) report(['requests', kind, ...path], message);
  }
});
export type RestEntity = z.infer<typeof restEntity>;
