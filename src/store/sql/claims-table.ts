import { sql } from 'kysely';
import { compareInstants, type Instant, shiftInstant } from '../../core/instant.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['claimOnce']>[2];
type Reply = ReturnType<Operations['claimOnce']>;

const DAY_MS = 86_400_000;

/** A key under its scope, and a token, as they are stored. */
type Pseudonyms = { readonly subject: string; readonly token: string | null };

// A list keeps the parts apart, and its first word keeps these from being compared with the pseudonyms of records.
const pseudonymsOf = ({ sealing }: Work, { scope, key, token }: Request): Pseudonyms => ({
  subject: sealing.pseudonym(JSON.stringify(['claim', scope, key])),
  token: token === null ? null : sealing.pseudonym(JSON.stringify(['claim token', scope, key, token])),
});

type Claim = {
  claim_id: string;
  environment: string;
  subject: string;
  holder_id: string;
  token: string | null;
  claimed_at: Instant;
  expires_at: Instant | null;
};

/** All that claim one key wait here for each other; what is read after it is the latest. */
const lockKey = (work: Work, subject: string): Promise<unknown> =>
  sql`select pg_advisory_xact_lock(hashtextextended(${`tidemark claim ${work.caller.environment} ${subject}`}, 0))`.execute(
    work.tx,
  );

const findClaim = async (work: Work, claimId: string): Promise<Claim | undefined> => {
  const found = await sql<Claim>`
    select claim_id, environment, subject, holder_id, token, claimed_at, expires_at from claims where claim_id = ${claimId}::uuid
  `.execute(work.tx);
  return found.rows[0];
};

/** Whoever holds the key now; undefined when nobody claimed it, or the claim is over. */
const findHolder = async (work: Work, scope: string, subject: string): Promise<Claim | undefined> => {
  const found = await sql<Claim>`
    select claim_id, environment, subject, holder_id, token, claimed_at, expires_at from claims
    where environment = ${work.caller.environment} and scope = ${scope} and subject = ${subject} and claim_id = holder_id
    order by claimed_at desc limit 1
  `.execute(work.tx);
  const [holder] = found.rows;
  const expiresAt = holder?.expires_at ?? null;
  const isOver = expiresAt !== null && compareInstants(expiresAt, work.now) <= 0;
  return isOver ? undefined : holder;
};

const insertClaim = async (work: Work, scope: string, claim: Claim): Promise<void> => {
  await sql`
    insert into claims (claim_id, environment, scope, subject, holder_id, token, claimed_at, expires_at)
    values (${claim.claim_id}::uuid, ${claim.environment}, ${scope}, ${claim.subject}, ${claim.holder_id}::uuid,
            ${claim.token}, ${claim.claimed_at}, ${claim.expires_at})
  `.execute(work.tx);
};

const countClaims = async (work: Work, holderId: string): Promise<number> => {
  const found = await sql<{ count: number }>`
    select count(*) as count from claims where holder_id = ${holderId}::uuid
  `.execute(work.tx);
  return found.rows[0]?.count ?? 0;
};

const isFirst = (claim: Claim, holder: Claim): boolean =>
  claim.claim_id === holder.claim_id || (claim.token !== null && claim.token === holder.token);

/** The same call again: its reply was lost. A claim ID that was used for something else is refused. */
const sameCall = (work: Work, claim: Claim, subject: string): Claim => {
  if (claim.environment === work.caller.environment && claim.subject === subject) return claim;
  throw new StoreError(
    'conflict',
    `Cannot claim under ID ${claim.claim_id}: another key was claimed under it. Claim under a new one`,
  );
};

const claimAnew = async (work: Work, request: Request, { subject, token }: Pseudonyms): Promise<Claim> => {
  const { scope, claimId, expiresInDays } = request;
  const holder = await findHolder(work, scope, subject);
  const expiresAt = expiresInDays === null ? null : shiftInstant(work.now, expiresInDays * DAY_MS);
  const claim = {
    claim_id: claimId,
    environment: work.caller.environment,
    subject,
    holder_id: holder?.claim_id ?? claimId,
    token,
    claimed_at: work.now,
    expires_at: holder === undefined ? expiresAt : null,
  };
  await insertClaim(work, scope, claim);
  return claim;
};

/**
 * Claims a key. Of all that claim it one is first: the others are told so, unless they bring the token of the first.
 * The same call again gets the same answer. Six statements, and the evidence of the first claim of a key.
 *
 * @throws StoreError `conflict` for a claim ID under which another key was claimed
 */
export const claimOnce = async (work: Work, request: Request): Reply => {
  const { scope, claimId } = request;
  const pseudonyms = pseudonymsOf(work, request);
  const { subject } = pseudonyms;
  await lockKey(work, subject);
  const before = await findClaim(work, claimId);
  const claim = before === undefined ? await claimAnew(work, request, pseudonyms) : sameCall(work, before, subject);
  const holder = (await findClaim(work, claim.holder_id)) ?? claim;
  const claims = await countClaims(work, holder.claim_id);
  const { expires_at: expiresAt, claimed_at: claimedAt } = holder;
  if (before === undefined && holder.claim_id === claimId) {
    await appendEvidence(work, { kind: 'claimed', sync: null, body: { scope, subject, claim: claimId, expiresAt } });
  }
  return { first: isFirst(claim, holder), claimId: holder.claim_id, claimedAt, expiresAt, claims };
};
