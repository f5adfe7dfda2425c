import type { ContractBundle } from '../../../src/core/contract/bundle.ts';
import { digestJson } from '../../../src/core/digest.ts';
import { type Instant, shiftInstant } from '../../../src/core/instant.ts';
import { createRevalidate, type Revalidate } from '../../../src/core/mapping/revalidate.ts';
import { type LetterSlice, REPLAY_MAX, type ReplayAnswer } from '../../../src/core/protocol/dead-letter-routes.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { judgeFacts, judgePayload, type ReplayVerdict, spacingMs } from '../../../src/core/replay/judge-replay.ts';
import { currentBundle } from './contracts.ts';
import { closeLetter } from './dead-letters.ts';
import { appendEvidence } from './evidence.ts';
import { newerThan, obligationOf, payloadOf, replayObligation } from './obligations.ts';
import type { Operation, Request } from './operation.ts';
import { type DeadLetter, found, type Obligation, type Work } from './state.ts';
import { moveCommitted } from './streams.ts';
import { findTarget } from './targets.ts';

type Asked = Request<'replayDeadLetters'>;
type Chosen = { readonly letter: DeadLetter; readonly notBeforeAt: Instant };
type Plan = Omit<ReplayAnswer, 'replayId' | 'isDryRun' | 'replayed' | 'evidenceId'> & {
  readonly chosen: readonly Chosen[];
};

const isInSlice = (letter: DeadLetter, slice: LetterSlice): boolean =>
  (slice.stream === undefined || letter.stream === slice.stream) &&
  (slice.stage === undefined || letter.stage === slice.stage) &&
  (slice.errorClass === undefined || letter.errorClass === slice.errorClass) &&
  (slice.externalId === undefined || letter.externalId === slice.externalId) &&
  (slice.openedAfter === undefined || letter.openedAt >= slice.openedAfter) &&
  (slice.openedBefore === undefined || letter.openedAt < slice.openedBefore);

/** In the order of their versions; the sort is stable, and what it sorts stands in the order of filing. */
const inOrder = (a: DeadLetter, b: DeadLetter): number =>
  a.version.updatedAt === b.version.updatedAt
    ? (a.version.sequence ?? Infinity) - (b.version.sequence ?? Infinity) || 0
    : a.version.updatedAt < b.version.updatedAt
      ? -1
      : 1;

const selected = ({ state }: Work, { sync, selection }: Asked): DeadLetter[] => {
  const ofSync = [...state.deadLetters.values()].filter((letter) => letter.sync === sync);
  const wanted =
    selection.kind === 'ids'
      ? ofSync.filter(({ id }) => selection.ids.includes(id))
      : ofSync.filter((letter) => letter.closedAt === null && isInSlice(letter, selection.slice));
  return wanted.toSorted(inOrder);
};

const judge = (work: Work, bundle: ContractBundle, letter: DeadLetter, revalidate: Revalidate): ReplayVerdict => {
  const one = letter.obligationId === null ? undefined : obligationOf(work, letter.obligationId);
  const { applied } = findTarget(work, bundle, letter.externalId);
  const { version } = letter;
  const isNewerApplied =
    applied !== null &&
    (applied.updatedAt === version.updatedAt
      ? (applied.sequence ?? 0) > (version.sequence ?? 0)
      : applied.updatedAt > version.updatedAt);
  const ruledOut = judgeFacts({
    state: letter.closedAs ?? 'open',
    isReview: letter.stage === 'review',
    hasObligation: one !== undefined,
    newerState: one === undefined ? null : (newerThan(work, one)[0]?.state ?? null),
    newerApplied: isNewerApplied,
  });
  if (ruledOut !== undefined) return ruledOut;
  const fields = one === undefined ? undefined : payloadOf(one);
  if (one === undefined || fields === undefined) return judgePayload({ kind: 'dropped' });
  return judgePayload({ kind: 'checked', result: revalidate(work.state.mappedBy.get(one.contractVersion), fields) });
};

/** At once, or a step after the last one that an earlier replay has left. */
const startOf = ({ state, now }: Work, sync: string, stepMs: number): Instant => {
  const isOfSync = ({ streamId }: Obligation): boolean => state.streams.get(streamId)?.sync === sync;
  const left = [...state.obligations.values()].flatMap((one) =>
    one.state === 'open' && one.notBefore !== null && isOfSync(one) ? [one.notBefore] : [],
  );
  const last = left.toSorted().at(-1);
  const next = last === undefined ? now : shiftInstant(last, stepMs);
  return next > now ? next : now;
};

const planReplay = (work: Work, request: Asked): Plan => {
  const { sync, selection, perMinute } = request;
  const bundle = currentBundle(work, sync);
  const all = selected(work, request);
  const revalidate = createRevalidate(bundle.sync);
  const judged = all
    .slice(0, REPLAY_MAX)
    .map((letter) => ({ letter, verdict: judge(work, bundle, letter, revalidate) }));
  const startAt = startOf(work, sync, spacingMs(1, perMinute));
  const chosen = judged
    .filter(({ verdict }) => verdict.kind === 'possible')
    .map(({ letter }, place) => ({ letter, notBeforeAt: shiftInstant(startAt, spacingMs(place, perMinute)) }));
  const refused = judged.flatMap(({ letter: { id, externalId }, verdict }) =>
    verdict.kind === 'refused' ? [{ id, externalId, obstacle: verdict.obstacle, reason: verdict.reason }] : [],
  );
  const asked = selection.kind === 'ids' ? new Set(selection.ids) : new Set<string>();
  const unknown = [...asked]
    .filter((id) => !all.some((letter) => letter.id === id))
    .map((id) => ({
      id,
      externalId: null,
      obstacle: 'not_found' as const,
      reason: 'No dead letter of this sync has this ID',
    }));
  return {
    contractVersion: bundle.version,
    chosen,
    skipped: [...refused, ...unknown],
    left: Math.max(0, all.length - REPLAY_MAX),
    planDigest: digestJson(chosen.map(({ letter }) => letter.id)),
  };
};

const answerOf = ({ chosen, ...plan }: Plan, replayId: string | null, evidenceId: string | null): ReplayAnswer => ({
  ...plan,
  replayId,
  isDryRun: replayId === null,
  replayed: chosen.map(({ letter: { id, externalId, updatedAt }, notBeforeAt }) => ({
    id,
    externalId,
    updatedAt,
    notBeforeAt,
  })),
  evidenceId,
});

const replayEvidence = (work: Work, { requestId, sync, perMinute }: Asked, plan: Plan): string => {
  const obstacles = Map.groupBy(plan.skipped, ({ obstacle }) => obstacle);
  return appendEvidence(work, {
    kind: 'replay',
    sync,
    body: {
      replayId: requestId,
      by: work.keyId,
      name: work.keyId,
      contractVersion: plan.contractVersion,
      replayed: plan.chosen.length,
      skipped: Object.fromEntries([...obstacles].map(([obstacle, all]) => [obstacle, all.length])),
      left: plan.left,
      perMinute,
      planDigest: plan.planDigest,
    },
  });
};

const carryOut = (work: Work, request: Asked): ReplayAnswer => {
  const { requestId, sync, selection, perMinute, planDigest } = request;
  const question = JSON.stringify([sync, selection, perMinute, planDigest]);
  const before = work.state.replays.get(requestId);
  if (before?.question === question) return before.answer;
  if (before !== undefined) {
    throw new StoreError('conflict', `Cannot replay under request ID ${requestId}: another replay has it`);
  }
  const plan = planReplay(work, request);
  if (planDigest !== null && planDigest !== plan.planDigest) {
    throw new StoreError('conflict', `Cannot replay dead letters of sync "${sync}": the list is another by now`);
  }
  const opened = plan.chosen.map(({ letter, notBeforeAt }) => {
    const obligationId = found(letter.obligationId ?? undefined, `obligation of dead letter ${letter.id}`);
    closeLetter(work, letter, 'replayed');
    replayObligation(work, obligationId, notBeforeAt, plan.contractVersion);
    return obligationOf(work, obligationId);
  });
  for (const streamId of new Set(opened.map((one) => one.streamId))) moveCommitted(work, streamId);
  const answer = answerOf(plan, requestId, replayEvidence(work, request, plan));
  work.state.replays.set(requestId, { question, answer });
  return answer;
};

export const replayDeadLetters: Operation<'replayDeadLetters'> = (work, _params, request) =>
  request.dryRun ? answerOf(planReplay(work, request), null, null) : carryOut(work, request);
