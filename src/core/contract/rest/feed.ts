import { z } from 'zod';
import { condition } from './answers.ts';
import type { RestEntity } from './entity.ts';

/** The paging style of a feed of changes that are ordered by a sequence. */
export const sequencePaging = z.strictObject({
  style: z.literal('sequence'),
  sinceMeans: z
    .enum(['at-or-after', 'after'])
    .default('at-or-after')
    .describe('Whether a list that begins at a sequence gives the change of that sequence too'),
  end: condition.optional().describe('Says that there is no more; without it only an empty answer does'),
});

/** What a row of a feed is, beside a record as it is now. */
export const feedKeys = {
  deletedWhen: condition.optional().describe('Holds in a row that says the record was deleted'),
  expand: z
    .strictObject({
      path: z
        .string()
        .max(200)
        .regex(/\{\w+\}/, 'must hold a member of the row in braces')
        .describe('Path of the record of a row, with members of the row in braces, such as patients/{ID}'),
      as: z
        .string()
        .regex(/^[A-Za-z_]\w{0,63}$/)
        .default('record')
        .describe('Member of the row under which the record is put'),
    })
    .optional()
    .describe('For a feed whose rows only name what changed: each record is read by a request of its own'),
};

type Feed = Pick<RestEntity, 'paging' | 'timestamp' | 'deletedWhen' | 'expand'>;

/** What does not fit together in the keys of a feed. */
export const feedFaults = ({
  paging,
  timestamp,
  deletedWhen,
  expand,
}: Feed): readonly (readonly [string, string])[] => {
  if (paging.style === 'sequence') {
    return timestamp === 'sequence' ? [] : [['timestamp', 'must be sequence, as the paging is']];
  }
  const keys = [
    ['deletedWhen', deletedWhen],
    ['expand', expand],
  ] as const;
  return keys.flatMap(([key, value]) => (value === undefined ? [] : [[key, 'needs paging by sequence'] as const]));
};
