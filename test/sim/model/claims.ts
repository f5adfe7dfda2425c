import { compareInstants, shiftInstant } from '../../../src/core/instant.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import type { Operation, Request } from './operation.ts';
import { type Claim, found, type Work } from './state.ts';

const DAY_MS = 86_400_000;

/** Who holds the key now; undefined when nobody claimed it, or the claim is over. */
const holderOf = ({ state, now }: Work, { scope, key }: Request<'claimOnce'>): Claim | undefined => {
  const holder = state.claims.get(state.claimHolders.get(`${scope}/${key}`) ?? '');
  const expiresAt = holder?.expiresAt ?? null;
  const isOver = expiresAt !== null && compareInstants(expiresAt, now) <= 0;
  return isOver ? undefined : holder;
};

const claimAnew = (work: Work, request: Request<'claimOnce'>): Claim => {
  const { state, now } = work;
  const { claimId, scope, key, token, expiresInDays } = request;
  const holder = holderOf(work, request);
  const over = expiresInDays === null ? null : shiftInstant(now, expiresInDays * DAY_MS);
  const holderId = holder?.claimId ?? claimId;
  const expiresAt = holder === undefined ? over : null;
  const claim = { claimId, scope, key, token, holderId, claimedAt: now, expiresAt };
  state.claims.set(claimId, claim);
  state.claimCounts.set(holderId, (state.claimCounts.get(holderId) ?? 0) + 1);
  if (holder !== undefined) return claim;
  state.claimHolders.set(`${scope}/${key}`, claimId);
  const subject = pseudonym(JSON.stringify(['claim', scope, key]));
  appendEvidence(work, { kind: 'claimed', sync: null, body: { scope, subject, claim: claimId, expiresAt } });
  return claim;
};

export const claimOnce: Operation<'claimOnce'> = (work, _params, request) => {
  const { state } = work;
  const { claimId, scope, key } = request;
  const before = state.claims.get(claimId);
  if (before !== undefined && (before.scope !== scope || before.key !== key)) {
    throw new StoreError(
      'conflict',
      `Cannot claim under ID ${claimId}: another key was claimed under it. Claim under a new one`,
    );
  }
  const claim = before ?? claimAnew(work, request);
  const holder = found(state.claims.get(claim.holderId), `claim ${claim.holderId}`);
  const first = claim.claimId === holder.claimId || (claim.token !== null && claim.token === holder.token);
  const { claimedAt, expiresAt } = holder;
  const claims = found(state.claimCounts.get(holder.claimId), `count of claim ${holder.claimId}`);
  return { first, claimId: holder.claimId, claimedAt, expiresAt, claims };
};
