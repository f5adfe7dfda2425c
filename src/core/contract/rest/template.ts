import { z } from 'zod';
import type { JsonValue } from '../../json.ts';

const TEXT_CHARS_MAX = 4000;
const BODY_CHARS_MAX = 10_000;
const ALTERNATIVES_MAX = 8;
const NAMED_MAX = 50;

/**
 * What a placeholder stands for is filled in by the driver. `source` values come out of records or out of answers of
 * the system, so that anything may stand in them; the others come out of the contract or the driver itself.
 */
export const placeholders = {
  since: 'contract',
  until: 'contract',
  pageSize: 'contract',
  offset: 'contract',
  page: 'contract',
  field: 'contract',
  fieldName: 'contract',
  select: 'contract',
  object: 'contract',
  writeObject: 'contract',
  externalIdField: 'contract',
  updatedAtField: 'contract',
  keySystem: 'contract',
  sheet: 'contract',
  row: 'contract',
  itemKey: 'contract',
  externalIdHash: 'contract',
  cursor: 'source',
  afterId: 'source',
  value: 'source',
  values: 'source',
  each: 'source',
  id: 'source',
  externalId: 'source',
  version: 'source',
  writeId: 'source',
  fields: 'source',
  fieldsWithoutKey: 'source',
  cells: 'source',
} as const;
export type Placeholder = keyof typeof placeholders;

/** Braces around one word that begins with a small letter; `{ id }` with a space is text. */
export const PLACEHOLDER = /\{([a-z][A-Za-z]*)\}/g;

export const isPlaceholder = (name: string): name is Placeholder => Object.hasOwn(placeholders, name);

/** A text, or alternatives of which the first is taken whose placeholders all have a value. */
const textTemplate = z.union([
  z.string().max(TEXT_CHARS_MAX),
  z.strictObject({ firstOf: z.array(z.string().max(TEXT_CHARS_MAX)).min(1).max(ALTERNATIVES_MAX) }),
]);
export type TextTemplate = z.infer<typeof textTemplate>;

/** Any JSON; it is what it holds, so that a schema of it needs a name. */
export const anyJson = z.json();

const bounded = anyJson.refine((body) => JSON.stringify(body).length <= BODY_CHARS_MAX, {
  message: `must have at most ${BODY_CHARS_MAX} characters as JSON`,
});

/** How a value of a record is written inside a text of the API's own language. */
export const quoting = z.enum([
  'soql',
  'odata',
  'json',
  'airtable',
  'fhir',
  'fhir-url',
  'servicenow',
  'comma',
  'plain',
]);
export type Quoting = z.infer<typeof quoting>;

const named = z
  .record(z.string().min(1).max(100), textTemplate)
  .refine((all) => Object.keys(all).length <= NAMED_MAX, { message: `must have at most ${NAMED_MAX} names` });

/** One request as data. */
export const requestTemplate = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH']).default('GET'),
  path: textTemplate.describe('Path under the base URL'),
  query: named.default({}).describe('Parameters; one whose placeholders lack a value is left out'),
  headers: named.default({}).describe('Headers; one whose placeholders lack a value is left out'),
  body: bounded.optional().describe('JSON with placeholders, firstOf, forEach and merge'),
  bodyAs: z.enum(['json', 'form']).default('json'),
  quote: quoting.optional().describe('How values are written inside texts of this request'),
  each: z
    .strictObject({ text: z.string().max(500), join: z.string().max(20) })
    .optional()
    .describe('{each}: the text once for each value of a look-up, joined'),
  isOne: z
    .boolean()
    .optional()
    .describe('Of a look-up: the answer is the one record itself, and status 404 says that there is none'),
  recordsAt: z
    .string()
    .max(200)
    .optional()
    .describe(
      'Of a look-up: path of its records, where not that of the list. One that is no list is one record; null none',
    ),
  errors: z
    .strictObject({
      at: z.string().min(1).max(200).describe('Path of errors that stand beside the rows of a look-up'),
      codeAt: z.string().max(200),
      missing: z.array(z.string().max(100)).max(20).describe('Codes that only say that there is no such record'),
    })
    .optional(),
});
export type RequestTemplate = Omit<z.infer<typeof requestTemplate>, 'body'> & { body?: JsonValue | undefined };

const paged = [
  'pageSize',
  'cursor',
  'offset',
  'page',
  'select',
  'object',
  'externalIdField',
  'updatedAtField',
  'keySystem',
  'sheet',
] as const;
const written = [
  'fields',
  'fieldsWithoutKey',
  'externalId',
  'externalIdHash',
  'externalIdField',
  'keySystem',
  'sheet',
  'cells',
  'object',
  'writeObject',
  'writeId',
] as const;

/** Which placeholders a request may use. */
export const allowedIn = {
  list: ['since', 'until', 'afterId', ...paged],
  find: ['field', 'fieldName', 'value', 'values', 'each', ...paged],
  readByIds: ['field', 'fieldName', 'value', 'values', 'each', ...paged],
  create: written,
  update: [...written, 'id', 'version', 'row'],
  upsert: written,
  upsertMany: [...written, 'itemKey'],
} as const satisfies Readonly<Record<string, readonly Placeholder[]>>;
export type RequestKind = keyof typeof allowedIn;

export const requestTemplates = z.strictObject({
  list: requestTemplate.optional().describe('Reads a page, oldest change first'),
  find: requestTemplate.optional().describe('Looks records up by the values of one field'),
  readByIds: requestTemplate.optional().describe('Looks records up by their IDs; find on idField when left out'),
  create: requestTemplate.optional(),
  update: requestTemplate.optional(),
  upsert: requestTemplate.optional().describe('Writes one record by its external ID'),
  upsertMany: requestTemplate.optional().describe('Writes several; forEach makes an item for each'),
});
