import { z } from 'zod';
import { name } from '../contract/name.ts';
import { instantText } from '../read/checkpoint.ts';
import { uuid } from './cycle-routes.ts';
import { nothing, route, syncRoles } from './route.ts';
import { storableText } from './storable-text.ts';

export const CLAIM_KEY_CHARS_MAX = 500;
export const CLAIM_TOKEN_CHARS_MAX = 500;
export const CLAIM_DAYS_MAX = 3650;

export const claimOnce = route({
  method: 'POST',
  path: '/v1/claims',
  summary: 'Claim a key, so that a side effect happens once: of all that claim it one is first',
  roles: syncRoles,
  params: nothing,
  request: z.object({
    /** Made by the caller, for this one call: a call whose reply was lost is the same claim again. */
    claimId: uuid,
    /** What the key is for; the same key in another scope is another key. */
    scope: name,
    key: storableText(CLAIM_KEY_CHARS_MAX),
    /** Names who claims: whoever comes again with the token of the first is first again. Null for nobody. */
    token: storableText(CLAIM_TOKEN_CHARS_MAX).nullable(),
    /** After that the key may be claimed anew; null for never. */
    expiresInDays: z.int().min(1).max(CLAIM_DAYS_MAX).nullable(),
  }),
  reply: z.object({
    first: z.boolean(),
    /** The claim that was first. */
    claimId: z.string(),
    claimedAt: instantText,
    expiresAt: instantText.nullable(),
    /** Claims of the key so far, this one included. */
    claims: z.int(),
  }),
});
