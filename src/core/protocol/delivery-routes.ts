import { z } from 'zod';
import { name } from '../contract/name.ts';
import { REASON_CHARS_MAX } from './reason.ts';
import { nothing, route, syncRoles } from './route.ts';
import { storableText } from './storable-text.ts';

/** What a Zap did with a delivery by an action that is not ours. */
const acknowledgedOutcome = z.discriminatedUnion('kind', [
  /** The target holds the version. `targetId` goes into the map from external ID to target ID; null when it is not known. */
  z.object({ kind: z.literal('applied'), targetId: storableText(500).nullable() }),
  /** It was given up on: a dead letter, under the owner of the sync. */
  z.object({ kind: z.literal('failed'), reason: storableText(REASON_CHARS_MAX) }),
]);

export const acknowledgeDelivery = route({
  method: 'POST',
  path: '/v1/acknowledgements',
  summary: 'Settle a delivery that a Zap wrote with an action of another app',
  roles: syncRoles,
  params: nothing,
  request: z.object({ sync: name, deliveryId: storableText(100), outcome: acknowledgedOutcome }),
  reply: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('settled'),
      /** `stale`: a newer version took its place, so this one is settled as superseded, whatever the Zap did. */
      status: z.enum(['applied', 'already_applied', 'stale', 'dead_lettered']),
      externalId: z.string(),
      targetId: z.string().nullable(),
    }),
    /** A write of the record by Upsert Record is under way; what it comes to decides on this one too. */
    z.object({ kind: z.literal('in_progress'), retryAfterMs: z.int() }),
  ]),
});
