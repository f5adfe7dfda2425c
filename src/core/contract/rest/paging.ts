import { z } from 'zod';
import { fieldPath } from '../name.ts';
import { answerPath, condition, somePath } from './answers.ts';
import { sequencePaging } from './feed.ts';

const end = condition.optional().describe('Says that there is no more, also where something to go on with is given');

/** How a list goes on. */
export const paging = z.discriminatedUnion('style', [
  z.strictObject({
    style: z.literal('cursor'),
    param: z.string().optional().describe('Query parameter that carries the cursor; else {cursor} in requests.list'),
    nextAt: somePath.describe('Path of the next cursor in the response'),
    isFrozen: z
      .boolean()
      .optional()
      .describe(
        'Places are those of the first page, values those of now: rows changed since are left to the next scan',
      ),
    end,
  }),
  z.strictObject({
    style: z.literal('link'),
    nextAt: answerPath.optional().describe('Path of the next link in the response; the Link header when left out'),
    isFrozen: z
      .boolean()
      .optional()
      .describe(
        'Places are those of the first page, values those of now: rows changed since are left to the next scan',
      ),
    end,
  }),
  z.strictObject({
    style: z.literal('keyset'),
    afterIdParam: z
      .string()
      .optional()
      .describe('Query parameter for "ID greater than", used inside a tie of timestamps'),
    tie: z
      .enum(['apart', 'together'])
      .optional()
      .describe('{afterId} in requests.list walks a tie on its own, or says with each page where the one before ended'),
    hasLink: z
      .boolean()
      .optional()
      .describe('A Link header with rel="next" says that more follows: an empty page with one is no end'),
    tieFrom: z.string().max(100).optional().describe('An ID before all others, where a tie comes in no order of IDs'),
    end,
  }),
  z.strictObject({
    style: z.literal('offset'),
    param: z.string().optional().describe('Query parameter that carries the number of rows to skip'),
  }),
  z.strictObject({
    style: z.literal('page'),
    param: z.string().optional().describe('Query parameter that carries the number of the page'),
    first: z.int().min(0).max(1).default(1),
    end,
  }),
  sequencePaging,
  z.strictObject({
    style: z.literal('newest-first'),
    more: condition.describe('Says that a window holds more rows than it gave'),
    cursorField: fieldPath.describe('Path in the last item of what {cursor} is'),
  }),
  z.strictObject({ style: z.literal('whole') }),
]);
