import type { Create } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { CLAIM_DAYS_MAX, CLAIM_KEY_CHARS_MAX, CLAIM_TOKEN_CHARS_MAX } from '../../core/protocol/claim-routes.ts';
import { optional, parseInput } from '../input.ts';
import { type Call, step } from '../step.ts';

const labels = {
  scope: 'Scope',
  key: 'Key',
  claim_token: 'Claim Token',
  expires_in_days: 'Expires in Days',
} as const;

// A mapped ID may arrive as a number.
const asText = (value: unknown): unknown => (typeof value === 'number' ? String(value) : value);

const input = zod.object({
  scope: name,
  key: zod.preprocess(asText, zod.string().min(1).max(CLAIM_KEY_CHARS_MAX)),
  claim_token: optional(zod.preprocess(asText, zod.string().max(CLAIM_TOKEN_CHARS_MAX))),
  expires_in_days: optional(zod.coerce.number().int().min(1).max(CLAIM_DAYS_MAX)),
});

/** What later steps get. The keys are for ever. */
type Claimed = {
  readonly id: string;
  readonly first: boolean;
  readonly scope: string;
  readonly claim_id: string;
  readonly claimed_at: string;
  readonly expires_at: string | null;
  readonly claims: number;
};

const perform = step({ action: 'claim a key' }, async ({ bundle, shell }: Call): Promise<Claimed> => {
  const given = parseInput(input, labels, bundle.inputData);
  const { scope, key } = given;
  // Made here and not by the store: a call whose reply is lost is sent again, and must find itself first.
  const claimId = shell.runtime.newId();
  const claim = await shell.store.claimOnce(
    {},
    { claimId, scope, key, token: given.claim_token ?? null, expiresInDays: given.expires_in_days ?? null },
  );
  return {
    id: claim.claimId,
    first: claim.first,
    scope,
    claim_id: claim.claimId,
    claimed_at: claim.claimedAt,
    expires_at: claim.expiresAt,
    claims: claim.claims,
  };
});

/** Of all runs that claim a key, one is told that it is first: it alone goes on to what may happen only once. */
export const claimOnce = {
  key: 'claim_once',
  noun: 'Claim',
  display: {
    label: 'Claim Once',
    description: 'Tells one run that it is the first to claim a key, so that an e-mail or a payment happens once.',
  },
  operation: {
    inputFields: [
      {
        key: 'scope',
        label: labels.scope,
        type: 'string',
        required: true,
        helpText:
          'What is to happen once, such as `welcome-mail`: 2 to 64 lower-case letters, digits and hyphens. The same key in another scope is another key.',
      },
      {
        key: 'key',
        label: labels.key,
        type: 'string',
        required: true,
        helpText:
          'What it is to happen once for, such as the External ID. Put a filter on First after this step. The store keeps only a pseudonym of it.',
      },
      {
        key: 'claim_token',
        label: labels.claim_token,
        type: 'string',
        required: false,
        helpText:
          'Map Delivery ID here to let a replay of the same run be first again, so that a step which failed after this one is tried again. Leave empty where twice is worse than not at all.',
      },
      {
        key: 'expires_in_days',
        label: labels.expires_in_days,
        type: 'integer',
        required: false,
        helpText: 'After so many days, 3650 at most, the key may be claimed anew. Leave empty for never.',
      },
    ],
    perform,
    sample: {
      id: '6c1d3a52-7d1b-4f2f-9f0e-2f6f3a9d7b11',
      first: true,
      scope: 'welcome-mail',
      claim_id: '6c1d3a52-7d1b-4f2f-9f0e-2f6f3a9d7b11',
      claimed_at: '2026-03-02T09:16:05.210000000Z',
      expires_at: '2027-03-02T09:16:05.210000000Z',
      claims: 1,
    },
    outputFields: [
      { key: 'id', label: 'ID', type: 'string' },
      { key: 'first', label: 'First', type: 'boolean' },
      { key: 'scope', label: 'Scope', type: 'string' },
      { key: 'claim_id', label: 'Claim ID', type: 'string' },
      { key: 'claimed_at', label: 'Claimed At', type: 'datetime' },
      { key: 'expires_at', label: 'Expires At', type: 'datetime' },
      { key: 'claims', label: 'Claims', type: 'integer' },
    ],
  },
} satisfies Create;
