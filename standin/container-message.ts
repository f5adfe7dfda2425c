import { z } from 'zod';

/** What a container says to its parent; `container-entry.mjs` is the other end. */
export const containerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('load_failed'), name: z.string(), message: z.string() }),
  z.object({ type: z.literal('resolved'), id: z.int(), value: z.unknown().optional(), rssBytes: z.number() }),
  z.object({
    type: z.literal('rejected'),
    id: z.int(),
    name: z.string(),
    message: z.string(),
    rssBytes: z.number(),
  }),
]);

export type ContainerMessage = z.infer<typeof containerMessage>;
