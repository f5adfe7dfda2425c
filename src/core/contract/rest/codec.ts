import { z } from 'zod';

/** Types of Notion's properties that can be written. */
const notionType = z.enum([
  'title',
  'rich_text',
  'number',
  'checkbox',
  'select',
  'status',
  'multi_select',
  'date',
  'url',
  'email',
  'phone_number',
  'relation',
]);
export type NotionType = z.infer<typeof notionType>;

/** How the values of fields are written and read where they are not plain JSON. */
export const codec = z.strictObject({
  kind: z.literal('notion'),
  types: z
    .record(z.string().min(1).max(100), notionType)
    .describe('Type of each property that is written, and of that of the external ID'),
});
export type Codec = z.infer<typeof codec>;
