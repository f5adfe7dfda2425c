import { z } from 'zod';

/** A path into an answer: names joined by dots, `[key=value]` for the item that has it, `["a.b"]` for a name with dots. */
export const answerPath = z.string().max(200);
export const somePath = z.string().min(1).max(200);

/**
 * Holds where the value at a path is that one, or a text that begins so; without both, where there is something: no
 * null, false, "" or [].
 */
export const condition = z.strictObject({
  at: somePath,
  is: z.union([z.string().max(200), z.number(), z.boolean()]).optional(),
  begins: z.string().min(1).max(200).optional(),
});
export type Condition = z.infer<typeof condition>;

const matcher = z
  .strictObject({
    status: z.int().min(200).max(599).optional(),
    code: z.string().min(1).max(100).optional(),
    on: z.enum(['create', 'update', 'upsert']).optional().describe('Only in the answer to this kind of write'),
  })
  .refine((one) => one.status !== undefined || one.code !== undefined, { message: 'must have a status or a code' });
export type Matcher = z.infer<typeof matcher>;

const matchers = z.array(matcher).max(20).default([]);

/** What the API's answers mean where that is not what their status says. */
export const errors = z.strictObject({
  codeAt: z.array(somePath).max(5).default([]).describe("Paths of the API's own error code, the first found"),
  refusedWhen: z.array(condition).max(5).default([]).describe('A 2xx answer that refuses: nothing was written'),
  failedWhen: z.array(condition).max(5).default([]).describe('A 2xx answer that failed: nobody knows what was written'),
  refused: matchers.describe('Refused, nothing was written'),
  throttled: matchers.describe('Not executed, to be tried again later'),
  several: matchers.describe('Several records match, nothing was written'),
  conflict: matchers.describe('Another version is there than the one named, nothing was written'),
  missing: matchers.describe('The record to update is not there'),
  tokenExpired: matchers.describe('A page token is no longer good: reading begins again at the mark'),
  retryAfterAt: answerPath.optional().describe('Path of the seconds to wait'),
  refill: z
    .strictObject({ neededAt: somePath, availableAt: somePath, perSecondAt: somePath })
    .optional()
    .describe('Paths of the cost of the request, what is left, and how fast it grows: the wait is computed'),
  retryAfterSeconds: z.int().min(1).max(900).optional().describe('Waited where the answer does not say how long'),
});
export type Errors = z.infer<typeof errors>;

const createdSignal = z.union([
  z.strictObject({ status: z.int().min(200).max(299) }),
  condition,
  z.strictObject({ idIn: answerPath.describe('Path of the list of IDs that were created') }),
  z.literal('untold').describe('The API does not say'),
]);
export type CreatedSignal = z.infer<typeof createdSignal>;

/** Where the answer to a write of one record says what became of it. */
export const writtenAnswer = z.strictObject({
  recordAt: answerPath.default('').describe('Path of the record, or of what stands for it'),
  idAt: answerPath.optional().describe('Path of its ID in there; idField when left out'),
  created: createdSignal
    .optional()
    .describe('Says that it was created; otherwise status 201 does, and 200 the contrary'),
});

/** How the answer to a write of several is taken apart. Its status says nothing of any of them. */
export const batch = z.strictObject({
  max: z.int().min(1).max(1000).describe('Most records of one request'),
  itemsAt: answerPath.default('').describe('Path of the results; empty when the answer is the list'),
  keyAt: answerPath.optional().describe('Path of {itemKey} in a result; without it results are in the order asked'),
  fieldsAt: somePath
    .optional()
    .describe('Path of the fields in a result, which is told by the external ID among them and not by its place'),
  idAt: answerPath.default('id').describe('Path of the ID in a result'),
  ok: condition.optional().describe('Holds in a result that was written; otherwise having an ID does'),
  created: createdSignal.optional(),
  codeAt: answerPath.optional().describe('Path of the error code in a result that failed'),
  statusAt: answerPath.optional().describe('Path of the status of a result, a number or a text that begins with one'),
  errors: z
    .strictObject({ at: somePath, keyAt: somePath, codeAt: somePath })
    .optional()
    .describe('A list of failures apart from the results, each with the {itemKey} that it is about'),
});
export type Batch = z.infer<typeof batch>;

/** The most rows that one window of a scan can give, and how the API shows that it is cut there. */
export const windowCap = z.strictObject({
  rows: z.int().min(1).max(10_000_000),
  signal: z.union([z.enum(['error', 'plateau']), condition]),
});

export const quirks = z.array(z.string().max(300)).max(20).default([]);

export const rates = z
  .array(
    z.strictObject({
      requests: z.int().min(1).max(10_000_000),
      seconds: z.int().min(1).max(86_400),
      scope: z.string().min(1).max(60).describe('What shares it: account, user, base, search …'),
    }),
  )
  .max(10)
  .default([]);
