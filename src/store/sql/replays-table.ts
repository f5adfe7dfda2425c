import { sql } from 'kysely';
import type { ContractBundle } from '../../core/contract/bundle.ts';
import { digestJson, digestText } from '../../core/digest.ts';
import { compareInstants, type Instant, shiftInstant } from '../../core/instant.ts';
import { obligationChange } from '../../core/obligation/obligation-state.ts';
import { type ReplayAnswer, replayAnswer } from '../../core/protocol/dead-letter-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { spacingMs } from '../../core/replay/judge-replay.ts';
import { currentBundle } from './contracts-table.ts';
import { closeDeadLetters } from './dead-letters-table.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import { type Candidate, findCandidates, type Judged, judgeCandidates } from './replay-plan.ts';
import { lockStreams, moveCommitted } from './streams-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['replayDeadLetters']>[2];

/** What a replay comes to, before anything is done. */
type Plan = {
  readonly bundle: ContractBundle;
  readonly chosen: readonly { readonly candidate: Candidate; readonly notBeforeAt: Instant }[];
  readonly skipped: ReplayAnswer['skipped'];
  readonly left: number;
  readonly planDigest: string;
};

const streamIdsOf = async (work: Work, sync: string): Promise<number[]> => {
  const rows = await work.tx
    .selectFrom('streams')
    .select('stream_id')
    .where('environment', '=', work.caller.environment)
    .where('sync', '=', sync)
    .execute();
  return rows.map((row) => row.stream_id);
};

/** When the first record may be handed out: at once, or a step after the last one that an earlier replay has left. */
const startOf = async (work: Work, streamIds: readonly number[], stepMs: number): Promise<Instant> => {
  const found = await sql<{ last: Instant | null }>`
    select max(not_before) as last from obligations
    where stream_id = any(${streamIds}::bigint[]) and state = 'open' and not_before is not null
  `.execute(work.tx);
  const last = found.rows[0]?.last ?? null;
  const next = last === null ? work.now : shiftInstant(last, stepMs);
  return compareInstants(next, work.now) > 0 ? next : work.now;
};

const notFound = (ids: readonly string[], candidates: readonly Candidate[]): ReplayAnswer['skipped'] => {
  const found = new Set(candidates.map(({ id }) => id));
  return [...new Set(ids.map((id) => id.toLowerCase()))]
    .filter((id) => !found.has(id))
    .map((id) => ({ id, externalId: null, obstacle: 'not_found', reason: 'No dead letter of this sync has this ID' }));
};

const skippedOf = (judged: readonly Judged[]): ReplayAnswer['skipped'] =>
  judged.flatMap(({ candidate, verdict }) =>
    verdict.kind === 'refused'
      ? [{ id: candidate.id, externalId: candidate.external_id, obstacle: verdict.obstacle, reason: verdict.reason }]
      : [],
  );

const planReplay = async (work: Work, request: Request, streamIds: readonly number[]): Promise<Plan> => {
  const { sync, selection, perMinute, dryRun } = request;
  const bundle = await currentBundle(work, sync);
  const { candidates, left } = await findCandidates(work, bundle, selection, !dryRun);
  const judged = await judgeCandidates(work, bundle, candidates);
  const startAt = await startOf(work, streamIds, spacingMs(1, perMinute));
  const chosen = judged
    .filter(({ verdict }) => verdict.kind === 'possible')
    .map(({ candidate }, place) => ({ candidate, notBeforeAt: shiftInstant(startAt, spacingMs(place, perMinute)) }));
  const unknown = selection.kind === 'ids' ? notFound(selection.ids, candidates) : [];
  return {
    bundle,
    chosen,
    skipped: [...skippedOf(judged), ...unknown],
    left,
    planDigest: digestJson(chosen.map(({ candidate }) => candidate.id)),
  };
};

const answerOf = (plan: Plan, replayId: string | null, evidenceId: string | null): ReplayAnswer => ({
  replayId,
  isDryRun: replayId === null,
  contractVersion: plan.bundle.version,
  replayed: plan.chosen.map(({ candidate, notBeforeAt }) => ({
    id: candidate.id,
    externalId: candidate.external_id,
    updatedAt: candidate.updated_at,
    notBeforeAt,
  })),
  skipped: plan.skipped,
  left: plan.left,
  planDigest: plan.planDigest,
  evidenceId,
});

/** Opens the obligations anew, as they were observed: neither their place among the versions nor their deadline moves. */
const reopen = async (work: Work, plan: Plan): Promise<void> => {
  const { from, to } = obligationChange('replayed');
  const rows = plan.chosen.map(({ candidate, notBeforeAt }) => ({
    obligation_id: candidate.obligation_id,
    not_before: notBeforeAt,
  }));
  await sql`
    update obligations o
    set state = ${to}, settled_at = null, due_at = null, attempts = 0, not_before = r.not_before, reason = 'Replay',
        checked_version = ${plan.bundle.version}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(obligation_id bigint, not_before text)
    where o.obligation_id = r.obligation_id and o.state = any(${from}::text[])
  `.execute(work.tx);
};

const replayEvidence = (work: Work, request: Request, plan: Plan): Promise<string> => {
  const obstacles = Map.groupBy(plan.skipped, ({ obstacle }) => obstacle);
  return appendEvidence(work, {
    kind: 'replay',
    sync: request.sync,
    body: {
      replayId: request.requestId,
      by: work.caller.keyId,
      name: work.caller.name,
      contractVersion: plan.bundle.version,
      replayed: plan.chosen.length,
      skipped: Object.fromEntries([...obstacles].map(([obstacle, all]) => [obstacle, all.length])),
      left: plan.left,
      perMinute: request.perMinute,
      planDigest: plan.planDigest,
    },
  });
};

/** The answer that the same request got before; undefined for one that is new, and whose place is taken by that. */
const answeredBefore = async (work: Work, request: Request): Promise<ReplayAnswer | undefined> => {
  const { requestId, sync, selection, perMinute, planDigest } = request;
  const { environment, keyId } = work.caller;
  const question = digestText(JSON.stringify([environment, sync, selection, perMinute, planDigest]));
  const taken = await sql<{ replay_id: string }>`
    insert into replays (replay_id, environment, sync, question, key_id, at)
    values (${requestId}::uuid, ${environment}, ${sync}, ${question}, ${keyId}, ${work.now})
    on conflict (replay_id) do nothing returning replay_id
  `.execute(work.tx);
  if (taken.rows.length > 0) return undefined;
  const before = await work.tx
    .selectFrom('replays')
    .select(['question', 'answer'])
    .where('replay_id', '=', requestId)
    .executeTakeFirstOrThrow();
  if (before.question === question) return replayAnswer.parse(before.answer);
  throw new StoreError(
    'conflict',
    `Cannot replay under request ID ${requestId}: another replay has it. Take a new one`,
  );
};

const carryOut = async (work: Work, request: Request): Promise<ReplayAnswer> => {
  const streamIds = await streamIdsOf(work, request.sync);
  await lockStreams(work, streamIds);
  const before = await answeredBefore(work, request);
  if (before !== undefined) return before;
  const plan = await planReplay(work, request, streamIds);
  if (request.planDigest !== null && request.planDigest !== plan.planDigest) {
    throw new StoreError(
      'conflict',
      `Cannot replay dead letters of sync "${request.sync}": the list is not the one of the dry run any more. Make another dry run`,
    );
  }
  const ids = plan.chosen.map(({ candidate }) => candidate.id);
  await closeDeadLetters(work, ids, { event: 'replayed', by: work.caller.name });
  await reopen(work, plan);
  for (const streamId of new Set(plan.chosen.map(({ candidate }) => candidate.stream_id))) {
    if (streamId !== null) await moveCommitted(work, streamId);
  }
  const answer = answerOf(plan, request.requestId, await replayEvidence(work, request, plan));
  await sql`
    update replays set answer = ${JSON.stringify(answer)}::jsonb where replay_id = ${request.requestId}::uuid
  `.execute(work.tx);
  return answer;
};

/**
 * Says which dead letters would be delivered again, in which order, and which not and why; unless it is a dry run, opens
 * their obligations, so that the next polls deliver them, `perMinute` a minute. The same request again gets the same
 * answer.
 *
 * Opened ones are closed as replayed: one that is given up on again gets a dead letter that carries on the attempts.
 */
export const replayDeadLetters = async (work: Work, request: Request): Promise<ReplayAnswer> => {
  if (!request.dryRun) return carryOut(work, request);
  return answerOf(await planReplay(work, request, await streamIdsOf(work, request.sync)), null, null);
};
