import { decideOutcome, outcomeDetail, toldOf } from '../../core/write/end-decision.ts';
import type { WriteOutcome } from '../../core/protocol/write-routes.ts';
import { lockTroubled, tellCircuits, type Told } from './circuits-table.ts';
import { fileDeadLetter } from './dead-letters-table.ts';
import { appendAllEvidence, type EvidenceFact } from './evidence-table.ts';
import { type EndedIntent, endIntents, findIntents, type Intent } from './intents-table.ts';
import { settleObligation, settleOnTarget } from './obligations-table.ts';
import type { Operations } from './operations.ts';
import { fileReview } from './reviews.ts';
import { lockStreams, moveCommitted } from './streams-table.ts';
import { lockedTarget, lockTargets } from './target-records-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['completeWrites']>[2];
type Reply = Awaited<ReturnType<Operations['completeWrites']>>;
type Item = Request['items'][number];
type Result = Reply['results'][number];

const giveUp = async (work: Work, { intent, attempts, outcome }: EndedIntent): Promise<void> => {
  if (outcome.kind !== 'failed') return;
  const { obligationId, streamId, sync, key, version } = intent;
  const { errorClass, reason } = outcome;
  if (obligationId !== null) await settleObligation(work, obligationId, 'given_up', reason);
  await fileDeadLetter(work, {
    sync,
    streamId,
    externalId: key.externalId,
    obligationId,
    updatedAt: version.updatedAt,
    stage: 'write',
    errorClass,
    reason,
    attempts,
  });
};

/**
 * Leaves to a person what the target owns and the source says otherwise: a dead letter of stage `review` of the version
 * that was written but for these fields.
 */
const review = async (work: Work, { intent, attempts, outcome }: EndedIntent): Promise<void> => {
  if (outcome.kind !== 'confirmed' || outcome.kept === undefined) return;
  const { obligationId, streamId, sync, key, version } = intent;
  const letter = { sync, streamId, externalId: key.externalId, obligationId, updatedAt: version.updatedAt, attempts };
  await fileReview(work, letter, outcome.kept);
};

const outcomeFacts = (work: Work, all: readonly EndedIntent[]): EvidenceFact[] =>
  all.map(({ intent, outcome, attempts }) => ({
    kind: 'write_outcome',
    sync: intent.sync,
    body: {
      subject: work.sealing.pseudonym(intent.key.externalId),
      intent: intent.intentId,
      versionAt: intent.version.updatedAt,
      versionDigest: work.sealing.pseudonym(intent.version.digest),
      outcome: outcome.kind,
      attempts,
      ...outcomeDetail(outcome),
    },
  }));

/** What one item of the request is about: a refusal, a repetition of one whose reply was lost, or an end. */
type Taken =
  | { readonly kind: 'refused'; readonly result: Result }
  | { readonly kind: 'again'; readonly result: Result }
  | { readonly kind: 'ended'; readonly ended: EndedIntent };

const refused = (code: 'fenced' | 'not_found', reason: string): Taken => ({
  kind: 'refused',
  result: { kind: 'refused', code, reason },
});

const recorded = ({ obligationId }: Intent, outcome: WriteOutcome): Result => ({
  kind: 'recorded',
  obligation: obligationId === null ? 'none' : toldOf(outcome),
});

const take = async (work: Work, items: readonly Item[], intents: ReadonlyMap<string, Intent>): Promise<Taken[]> => {
  const targets = await lockTargets(
    work,
    [...intents.values()].map(({ key }) => key),
  );
  return items.map(({ intentId, fence, attempts, writtenDigest, outcome }) => {
    const intent = intents.get(intentId);
    if (intent === undefined) {
      return refused(
        'not_found',
        `Cannot complete write ${intentId}: it was never begun in ${work.caller.environment}`,
      );
    }
    const target = lockedTarget(targets, intent.key);
    switch (decideOutcome(intentId, fence, target)) {
      case 'fenced':
        return refused('fenced', `Cannot complete write ${intentId}: another write of the record has begun since`);
      case 'again':
        if (intent.said === null) throw new Error(`Cannot tell what was said of write ${intentId}: it ended unsaid`);
        return { kind: 'again', result: recorded(intent, intent.said) };
      case 'ended':
        return { kind: 'ended', ended: { intent, attempts, writtenDigest, outcome } };
    }
  });
};

/** What the writes showed of the systems that they went to. */
const toldBy = (items: readonly Item[], intents: ReadonlyMap<string, Intent>): Told[] =>
  items.flatMap(({ intentId, signal }) => {
    const system = intents.get(intentId)?.key.system;
    return system === undefined ? [] : [{ system, intentId, signal }];
  });

const isPresent = <T>(value: T | null): value is T => value !== null;

/** Settles what the ended writes settle, and moves `committed` of their streams, which are locked first. */
const settle = async (work: Work, all: readonly EndedIntent[]): Promise<void> => {
  const streamIds = [...new Set(all.map(({ intent }) => intent.streamId).filter(isPresent))];
  await lockStreams(work, streamIds);
  await endIntents(work, all);
  // Before the payload is dropped, of which a review keeps pseudonyms.
  for (const ended of all) await review(work, ended);
  const confirmed = all.filter(({ outcome }) => outcome.kind === 'confirmed');
  await settleOnTarget(work, confirmed.map(({ intent }) => intent.obligationId).filter(isPresent), 'written', null);
  for (const ended of all) await giveUp(work, ended);
  for (const streamId of streamIds) await moveCommitted(work, streamId);
};

/**
 * Records what became of up to 100 writes. A confirmed one settles its obligation and moves `committed` in the same
 * transaction; a refused one leaves the others as they are. The same outcome again changes nothing.
 *
 * Nine statements, however many were confirmed; each that the target refused costs a few more, and so does trouble with
 * the target, which moves the circuit before it.
 */
export const completeWrites = async (work: Work, { items }: Request): Promise<Reply> => {
  const intents = await findIntents(
    work,
    items.map(({ intentId }) => intentId),
  );
  const told = toldBy(items, intents);
  const circuits = await lockTroubled(work, told);
  const taken = await take(work, items, intents);
  const ended = taken.flatMap((one) => (one.kind === 'ended' ? [one.ended] : []));
  if (ended.length > 0) await settle(work, ended);
  const endedIds = new Set(ended.map(({ intent }) => intent.intentId));
  const changes = await tellCircuits(
    work,
    circuits,
    told.filter(({ intentId }) => endedIds.has(intentId)),
  );
  await appendAllEvidence(work, [...outcomeFacts(work, ended), ...changes]);
  const results = taken.map((one): Result => {
    switch (one.kind) {
      case 'refused':
      case 'again':
        return one.result;
      case 'ended':
        return recorded(one.ended.intent, one.ended.outcome);
    }
  });
  return { results };
};
