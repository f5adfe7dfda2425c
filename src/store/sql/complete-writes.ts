import { decideOutcome, outcomeDetail, toldAgain, toldOf } from '../../core/write/end-decision.ts';
import { fileDeadLetter } from './dead-letters-table.ts';
import { appendAllEvidence } from './evidence-table.ts';
import { type EndedIntent, endIntents, findIntents } from './intents-table.ts';
import { obligationStates, settleObligation, settleOnTarget } from './obligations-table.ts';
import type { Operations } from './operations.ts';
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
  if (obligationId !== null) await settleObligation(work, obligationId, 'dead_lettered', reason);
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

const outcomeEvidence = (work: Work, all: readonly EndedIntent[]): Promise<string[]> =>
  appendAllEvidence(
    work,
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
    })),
  );

/** What one item of the request is about: a refusal, a repetition of one whose reply was lost, or an end. */
type Taken =
  | { readonly kind: 'refused'; readonly result: Result }
  | { readonly kind: 'again'; readonly obligationId: number | null }
  | { readonly kind: 'ended'; readonly ended: EndedIntent };

const refused = (code: 'fenced' | 'not_found', reason: string): Taken => ({
  kind: 'refused',
  result: { kind: 'refused', code, reason },
});

const take = async (work: Work, items: readonly Item[]): Promise<Taken[]> => {
  const intents = await findIntents(
    work,
    items.map(({ intentId }) => intentId),
  );
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
        return { kind: 'again', obligationId: intent.obligationId };
      case 'ended':
        return { kind: 'ended', ended: { intent, attempts, writtenDigest, outcome } };
    }
  });
};

const isPresent = <T>(value: T | null): value is T => value !== null;

/** Settles what the ended writes settle, and moves `committed` of their streams, which are locked first. */
const settle = async (work: Work, all: readonly EndedIntent[]): Promise<void> => {
  const streamIds = [...new Set(all.map(({ intent }) => intent.streamId).filter(isPresent))];
  await lockStreams(work, streamIds);
  await endIntents(work, all);
  const confirmed = all.filter(({ outcome }) => outcome.kind === 'confirmed');
  await settleOnTarget(work, confirmed.map(({ intent }) => intent.obligationId).filter(isPresent), 'applied', null);
  for (const ended of all) await giveUp(work, ended);
  for (const streamId of streamIds) await moveCommitted(work, streamId);
};

/**
 * Records what became of up to 100 writes. A confirmed one settles its obligation and moves `committed` in the same
 * transaction; a refused one leaves the others as they are. The same outcome again changes nothing.
 *
 * Eight statements, however many were confirmed; each that the target refused costs a few more.
 */
export const completeWrites = async (work: Work, { items }: Request): Promise<Reply> => {
  const taken = await take(work, items);
  const ended = taken.flatMap((one) => (one.kind === 'ended' ? [one.ended] : []));
  if (ended.length > 0) await settle(work, ended);
  const again = taken.flatMap((one) => (one.kind === 'again' ? [one.obligationId] : []));
  const states = await obligationStates(work, again.filter(isPresent));
  await outcomeEvidence(work, ended);
  const results = taken.map((one): Result => {
    switch (one.kind) {
      case 'refused':
        return one.result;
      case 'again': {
        const state = one.obligationId === null ? undefined : states.get(one.obligationId);
        return { kind: 'recorded', obligation: toldAgain(state) };
      }
      case 'ended': {
        const { intent, outcome } = one.ended;
        return { kind: 'recorded', obligation: intent.obligationId === null ? 'none' : toldOf(outcome) };
      }
    }
  });
  return { results };
};
