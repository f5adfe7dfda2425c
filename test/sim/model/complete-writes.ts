import { decideOutcome, endIntent, outcomeDetail, toldOf } from '../../../src/core/write/end-decision.ts';
import { tellCircuits } from './circuits.ts';
import { closeApplied, fileDeadLetter } from './dead-letters.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import { obligationOf, settleObligation, settleOnTarget } from './obligations.ts';
import type { Operation, Request } from './operation.ts';
import { found, type Intent, streamById, type Work } from './state.ts';
import { moveCommitted } from './streams.ts';

type Item = Request<'completeWrites'>['items'][number];
type Result = ReturnType<Operation<'completeWrites'>>['results'][number];

type Ended = { readonly intent: Intent; readonly item: Item };

type Taken =
  | { readonly kind: 'refused'; readonly result: Result }
  | { readonly kind: 'again'; readonly intent: Intent }
  | { readonly kind: 'ended'; readonly ended: Ended };

const take = ({ state, environment }: Work, item: Item): Taken => {
  const { intentId, fence } = item;
  const intent = state.intents.get(intentId);
  if (intent === undefined) {
    const reason = `Cannot complete write ${intentId}: it was never begun in ${environment}`;
    return { kind: 'refused', result: { kind: 'refused', code: 'not_found', reason } };
  }
  const target = found(state.targets.get(intent.targetKey), `target record ${intent.targetKey}`);
  switch (decideOutcome(intentId, fence, target)) {
    case 'fenced': {
      const reason = `Cannot complete write ${intentId}: another write of the record has begun since`;
      return { kind: 'refused', result: { kind: 'refused', code: 'fenced', reason } };
    }
    case 'again':
      return { kind: 'again', intent };
    case 'ended':
      return { kind: 'ended', ended: { intent, item } };
  }
};

const end = (work: Work, { intent, item }: Ended): void => {
  const { state, now } = work;
  const { attempts, outcome, writtenDigest } = item;
  const after = endIntent(intent, outcome, writtenDigest, now);
  const { leaseUntil } = after;
  state.intents.set(intent.intentId, {
    ...intent,
    state: after.state,
    leaseUntil,
    endedAt: now,
    attempts,
    said: outcome,
  });
  const target = found(state.targets.get(intent.targetKey), `target record ${intent.targetKey}`);
  const last = found(target.intent ?? undefined, `intent of target record ${intent.targetKey}`);
  const ended = { ...target, intent: { ...last, state: after.state, leaseUntil } };
  if (after.applied === null) {
    state.targets.set(intent.targetKey, ended);
    return;
  }
  const { targetId, version } = after.applied;
  state.targets.set(intent.targetKey, { ...ended, drifted: false, targetId, applied: version });
  closeApplied(work, intent.sync, intent.externalId, version);
};

const streamIdOf = (work: Work, { obligationId }: Intent): number | null =>
  obligationId === null ? null : obligationOf(work, obligationId).streamId;

const giveUp = (work: Work, { intent, item }: Ended): void => {
  const { outcome, attempts } = item;
  if (outcome.kind !== 'failed') return;
  const { sync, obligationId, externalId, version } = intent;
  const { errorClass, reason } = outcome;
  if (obligationId !== null) settleObligation(work, obligationId, 'given_up', reason);
  const streamId = streamIdOf(work, intent);
  const stream = streamId === null ? null : streamById(work, streamId).name;
  const letter = { sync, stream, externalId, obligationId, updatedAt: version.updatedAt, attempts };
  fileDeadLetter(work, { ...letter, stage: 'write', errorClass, reason });
};

const review = (work: Work, { intent, item: { outcome, attempts } }: Ended): void => {
  if (outcome.kind !== 'confirmed' || outcome.kept === undefined) return;
  const { sync, obligationId, externalId, version } = intent;
  const streamId = streamIdOf(work, intent);
  const stream = streamId === null ? null : streamById(work, streamId).name;
  const reason = `The target owns ${outcome.kept.join(', ')} and holds another value than the source`;
  const letter = { sync, stream, externalId, obligationId, updatedAt: version.updatedAt, attempts };
  fileDeadLetter(work, { ...letter, stage: 'review', errorClass: 'conflict', reason });
};

const settle = (work: Work, all: readonly Ended[]): void => {
  for (const ended of all) end(work, ended);
  for (const ended of all) review(work, ended);
  const written = all.flatMap(({ intent: { obligationId }, item: { outcome } }) =>
    obligationId === null || outcome.kind !== 'confirmed' ? [] : [obligationId],
  );
  settleOnTarget(work, written, 'written', null);
  for (const ended of all) giveUp(work, ended);
  const streamIds = new Set(all.map(({ intent }) => streamIdOf(work, intent)));
  for (const streamId of streamIds) if (streamId !== null) moveCommitted(work, streamId);
};

const recorded = ({ obligationId }: Intent, outcome: Item['outcome']): Result => ({
  kind: 'recorded',
  obligation: obligationId === null ? 'none' : toldOf(outcome),
});

const recordOutcome = (work: Work, { intent, item }: Ended): void => {
  const { intentId, sync, externalId, version } = intent;
  const { outcome, attempts } = item;
  appendEvidence(work, {
    kind: 'write_outcome',
    sync,
    body: {
      subject: pseudonym(externalId),
      intent: intentId,
      versionAt: version.updatedAt,
      versionDigest: pseudonym(version.digest),
      outcome: outcome.kind,
      attempts,
      ...outcomeDetail(outcome),
    },
  });
};

export const completeWrites: Operation<'completeWrites'> = (work, _params, { items }) => {
  const taken = items.map((item) => take(work, item));
  const all = taken.flatMap((one) => (one.kind === 'ended' ? [one.ended] : []));
  settle(work, all);
  for (const ended of all) recordOutcome(work, ended);
  const told = all.map(({ intent: { intentId, targetKey }, item: { signal } }) => {
    const { system } = found(work.state.targets.get(targetKey), `target record ${targetKey}`);
    return { system, intentId, signal };
  });
  tellCircuits(work, told);
  const results = taken.map((one): Result => {
    switch (one.kind) {
      case 'refused':
        return one.result;
      case 'again':
        return recorded(one.intent, found(one.intent.said ?? undefined, `outcome of intent ${one.intent.intentId}`));
      case 'ended':
        return recorded(one.ended.intent, one.ended.item.outcome);
    }
  });
  return { results };
};
