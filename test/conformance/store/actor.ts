import { FAILURES_TO_OPEN } from '../../../src/core/circuit/circuit.ts';
import { instantFromMs, type Instant } from '../../../src/core/instant.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import { applyContracts, syncNamed } from '../../world/contracts.ts';
import { startMs } from '../../world/on-engines.ts';
import type { TestClock } from '../../world/store-engines.ts';
import {
  type Begun,
  digestOf,
  type Differing,
  type Ended,
  MOMENTS_MS,
  RECORDS,
  type Seen,
  type Step,
  STREAMS,
} from './operations.ts';

/** What came of a step: a reply, a refusal, or nothing because what it is about is not there yet. */
export type Answer =
  | { readonly kind: 'reply'; readonly reply: unknown }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'nothing' };

/** Takes the steps of a script on one store, and knows what this store has named. */
export type Actor = {
  readonly take: (step: Step) => Promise<Answer>;
  /** Everything that can be looked at. */
  readonly look: () => Promise<unknown[]>;
};

const SYNC = 'people-to-contacts';
const nothing: Answer = { kind: 'nothing' };

const momentOf = ({ moment }: Seen): Instant => instantFromMs(startMs + (MOMENTS_MS[moment] ?? 0));
const recordOf = ({ record }: Seen): string => RECORDS[record] ?? RECORDS[0];
const payloadOf = (content: number) => ({ name: `content ${content}`, email: 'a@example.com', amount: content });

/** The one that came so many before the last. */
const fromLast = <T>(all: readonly T[], back: number): T | undefined => all[all.length - 1 - back];

const contract = (attemptsMax: number, inFlightMax: number) =>
  syncNamed({
    delivery: { acknowledgeWithinSeconds: 60, attemptsMax, inFlightMax, fallback: { afterMinutes: 1 } },
    ticket: 'OPS-2',
  });

const observed = (one: Seen) => ({
  externalId: recordOf(one),
  updatedAt: momentOf(one),
  digest: digestOf(one.content),
  state: one.state,
  payload: one.state === 'refused' ? null : payloadOf(one.content),
  reason: one.state === 'ready' ? null : `it is ${one.state}`,
});

const differing = (one: Differing) => ({
  externalId: recordOf(one),
  updatedAt: momentOf(one),
  digest: digestOf(one.content),
  kind: one.difference,
  fields: one.difference === 'changed' ? ['name'] : [],
  payload: one.isHeld ? null : payloadOf(one.content),
});

/** Names what the caller of a store names: the same for every store that takes the same steps. */
const nameOf = (kind: number, count: number): string =>
  `${String(kind).repeat(8)}-0000-4000-8000-${String(count).padStart(12, '0')}`;

const refusalOf = (error: unknown): Answer => {
  if (!(error instanceof StoreError)) throw error;
  return { kind: 'refused', error: error.kind };
};

type Cycle = { readonly id: string; readonly fence: number; pages: number };
type Intent = { readonly id: string; readonly fence: number };
type Run = { readonly id: string; readonly stream: string; fence: number; slice: number; hours: number };

export const createActor = async (port: StorePort, clock: TestClock): Promise<Actor> => {
  const cycles: Cycle[] = [];
  const deliveries: string[] = [];
  const intents: Intent[] = [];
  const runs: Run[] = [];
  const claims: string[] = [];
  const replays: string[] = [];
  let named = 0;
  const newName = (kind: number): string => {
    named += 1;
    return nameOf(kind, named);
  };

  await applyContracts(port, contract(2, 3));
  await port.openStream({ sync: SYNC, stream: 'main' }, { start: { kind: 'beginning' } });

  const startOf = (start: Extract<Step, { kind: 'openStream' }>['start']) => {
    if (start === 'tomorrow') return { kind: 'at' as const, at: instantFromMs(clock.nowMs + 86_400_000) };
    return start === 'at' ? { kind: start, at: instantFromMs(startMs - 60_000) } : { kind: start };
  };

  const openCycle = async ({ stream, again, zapId }: Extract<Step, { kind: 'openCycle' }>): Promise<unknown> => {
    const before = again === null ? undefined : fromLast(cycles, again);
    const cycleId = before?.id ?? newName(1);
    const reply = await port.openCycle({}, { cycleId, sync: SYNC, stream, zapId, knownContract: null });
    if (reply.kind === 'opened' && before === undefined) cycles.push({ id: cycleId, fence: reply.fence, pages: 0 });
    return reply;
  };

  const recordPage = async (cycle: Cycle, step: Extract<Step, { kind: 'recordPage' }>): Promise<unknown> => {
    const page = step.page ?? cycle.pages;
    const updatedAt = instantFromMs(startMs + (MOMENTS_MS[step.mark] ?? 0));
    const cursor = { updatedAt, id: 'mark' };
    const reply = await port.recordPage(
      { cycle: cycle.id },
      {
        fence: step.isFenced ? cycle.fence - 1 : cycle.fence,
        page,
        tokenDigest: null,
        pageDigest: digestOf(page),
        rows: step.records.length,
        deleted: step.records.length % 2,
        first: null,
        last: cursor,
        records: step.records.map(observed),
        fetched: {
          cursor,
          token: step.hasToken ? 'next' : null,
          begunAt: null,
          sweep: { id: cycle.id, since: null, last: cursor, trail: { tokens: 0, kept: null } },
        },
        edge: { contract: 'c1', keepFrom: null, bound: updatedAt, isOver: !step.hasToken },
      },
    );
    cycle.pages = Math.max(cycle.pages, page + 1);
    return reply;
  };

  const emit = async (cycle: Cycle, { limit, bytesMax }: Extract<Step, { kind: 'emit' }>): Promise<unknown> => {
    const reply = await port.emit({ cycle: cycle.id }, { fence: cycle.fence, limit, bytesMax, failure: null });
    for (const { deliveryId } of reply.items) if (!deliveries.includes(deliveryId)) deliveries.push(deliveryId);
    return reply;
  };

  const subjectOf = ({ subject }: Begun) => {
    switch (subject.kind) {
      case 'delivery': {
        const overridesDigest = subject.override === null ? null : digestOf(subject.override);
        const deliveryId = fromLast(deliveries, subject.delivery);
        return deliveryId === undefined ? undefined : { kind: 'delivery' as const, deliveryId, overridesDigest };
      }
      case 'nobody':
        return { kind: 'delivery' as const, deliveryId: subject.deliveryId, overridesDigest: null };
      case 'record': {
        const version = { updatedAt: momentOf(subject.seen), digest: digestOf(subject.seen.content) };
        return { kind: 'record' as const, externalId: recordOf(subject.seen), version };
      }
    }
  };

  const beginWrites = async (wanted: readonly Begun[]): Promise<Answer> => {
    const items = wanted.flatMap((one) => {
      const subject = subjectOf(one);
      const before = one.intent === null ? undefined : fromLast(intents, one.intent);
      return subject === undefined ? [] : [{ intentId: before?.id ?? newName(2), subject }];
    });
    const distinct = [...new Map(items.map((item) => [item.intentId, item])).values()];
    if (distinct.length === 0) return nothing;
    const reply = await port.beginWrites({}, { sync: SYNC, knownContract: null, items: distinct });
    for (const [index, decision] of reply.decisions.entries()) {
      const id = distinct[index]?.intentId ?? '';
      const isKnown = intents.some((intent) => intent.id === id);
      if (decision.kind === 'proceed' && !isKnown) intents.push({ id, fence: decision.fence });
    }
    return { kind: 'reply', reply };
  };

  const completeWrites = async (wanted: readonly Ended[]): Promise<Answer> => {
    const items = wanted.flatMap(({ intent: back, isFenced, writesOther, outcome, signal }) => {
      const intent = fromLast(intents, back);
      if (intent === undefined) return [];
      const writtenDigest = outcome.kind === 'confirmed' && writesOther ? digestOf(9) : null;
      return [{ intentId: intent.id, fence: isFenced ? 0 : intent.fence, attempts: 1, writtenDigest, outcome, signal }];
    });
    const distinct = [...new Map(items.map((item) => [item.intentId, item])).values()];
    if (distinct.length === 0) return nothing;
    return { kind: 'reply', reply: await port.completeWrites({}, { items: distinct }) };
  };

  const poll = async ({ records, mark, limit }: Extract<Step, { kind: 'poll' }>): Promise<unknown> => {
    const opened = await openCycle({ kind: 'openCycle', stream: 'main', again: null, zapId: null });
    const cycle = fromLast(cycles, 0);
    if (cycle === undefined) return [opened];
    const page = { kind: 'recordPage' as const, cycle: 0, page: null, records, mark, hasToken: false, isFenced: false };
    const recorded = await recordPage(cycle, page);
    return [opened, recorded, await emit(cycle, { kind: 'emit', cycle: 0, limit, bytesMax: 1_000_000 })];
  };

  const write = async ({ items, outcomes }: Extract<Step, { kind: 'write' }>): Promise<unknown> => {
    const before = intents.length;
    const begun = await beginWrites(items);
    const ended = intents.slice(before).flatMap((_intent, back): Ended[] => {
      const ending = outcomes[back];
      return ending === undefined ? [] : [{ intent: back, isFenced: false, writesOther: false, ...ending }];
    });
    return [begun, await completeWrites(ended)];
  };

  /** Each write in a call of its own: what fails together counts once. */
  const outage = async (): Promise<unknown> => {
    const replies: unknown[] = [];
    for (let failed = 0; failed < FAILURES_TO_OPEN; failed += 1) {
      const seen = { record: 0, moment: 0, content: failed, state: 'ready' as const };
      const version = { updatedAt: momentOf(seen), digest: digestOf(failed) };
      const subject = { kind: 'record' as const, externalId: newName(5), version };
      const items = [{ intentId: newName(2), subject }];
      const { decisions } = await port.beginWrites({}, { sync: SYNC, knownContract: null, items });
      const [decision] = decisions;
      replies.push(decision);
      if (decision?.kind !== 'proceed') continue;
      intents.push({ id: items[0]?.intentId ?? '', fence: decision.fence });
      const outcome = { kind: 'not_sent' as const, reason: 'the target is down' };
      const signal = { kind: 'down' as const };
      replies.push(await completeWrites([{ intent: 0, isFenced: false, writesOther: false, outcome, signal }]));
    }
    return replies;
  };

  const claim = async (step: Extract<Step, { kind: 'claim' }>): Promise<unknown> => {
    const { scope, key, token, expiresInDays } = step;
    const before = step.claim === null ? undefined : fromLast(claims, step.claim);
    const claimId = before ?? newName(4);
    if (before === undefined) claims.push(claimId);
    return port.claimOnce({}, { claimId, scope, key, token, expiresInDays });
  };

  const replay = async (step: Extract<Step, { kind: 'replay' }>): Promise<unknown> => {
    const { slice, dryRun, perMinute, hasPlan } = step;
    const before = step.replay === null ? undefined : fromLast(replays, step.replay);
    const requestId = before ?? newName(6);
    if (before === undefined) replays.push(requestId);
    const open = await port.listDeadLetters({}, { sync: SYNC });
    const ids = [...open.deadLetters.map(({ id }) => id), nameOf(9, 9)];
    const selection =
      slice === null
        ? { kind: 'ids' as const, ids }
        : {
            kind: 'slice' as const,
            slice: {
              ...(slice.record === null ? {} : { externalId: RECORDS[slice.record] ?? '' }),
              ...(slice.stage === null ? {} : { stage: slice.stage }),
            },
          };
    const request = { requestId, sync: SYNC, selection, perMinute };
    const plan = hasPlan ? await port.replayDeadLetters({}, { ...request, dryRun: true }) : null;
    return port.replayDeadLetters({}, { ...request, dryRun, planDigest: plan?.planDigest ?? null });
  };

  const openRun = async (run: Run, repair: boolean | null): Promise<unknown> => {
    const window = run.hours === 0 ? { kind: 'contract' as const } : { kind: 'hours' as const, hours: run.hours };
    const request = { runId: run.id, sync: SYNC, stream: run.stream, window, repair, knownContract: null };
    const reply = await port.openReconciliation({}, request);
    const before = runs.findIndex(({ id }) => id === reply.runId);
    if (before !== -1) runs.splice(before, 1);
    runs.push({ ...run, id: reply.runId, fence: reply.fence, slice: reply.slice });
    return reply;
  };

  const recordSlice = async (run: Run, step: Extract<Step, { kind: 'recordSlice' }>): Promise<unknown> => {
    const slice = Math.max(0, run.slice + step.slice);
    const { differences, end } = step;
    const reply = await port.recordSlice(
      { run: run.id },
      {
        fence: run.fence,
        slice,
        source: differences.length + 1,
        matched: 1,
        unusable: 0,
        sourceDigest: digestOf(slice),
        targetDigest: digestOf(slice + 1),
        differences: differences.map(differing),
        token: end === null ? 'next' : null,
        last: { updatedAt: instantFromMs(startMs), id: 'last' },
        end,
        endReason: end === 'truncated' ? 'a limit' : null,
      },
    );
    if (slice === run.slice) run.slice += 1;
    return reply;
  };

  const lookAt = (at: Extract<Step, { kind: 'look' }>['at']): Promise<unknown> => {
    switch (at) {
      case 'stream':
        return port.getStream({ sync: SYNC, stream: 'main' }, {});
      case 'sync':
        return port.getSync({ sync: SYNC }, {});
      case 'syncs':
        return port.listSyncs({}, {});
      case 'run':
        return port.getReconciliation({ run: fromLast(runs, 0)?.id ?? nameOf(9, 9) }, {});
      case 'deadLetters':
        return port.listDeadLetters({}, { sync: SYNC, limit: 500 });
      case 'circuits':
        return port.listCircuits({}, {});
      case 'evidence':
        return port.listEvidence({}, { after: 3, limit: 1000 });
    }
  };

  const replied = async <T>(subject: T | undefined, perform: (subject: T) => Promise<unknown>): Promise<Answer> =>
    subject === undefined ? nothing : { kind: 'reply', reply: await perform(subject) };

  const perform = (step: Step): Promise<Answer> => {
    switch (step.kind) {
      case 'wait':
        return Promise.resolve(nothing);
      case 'openStream':
        return replied(step, ({ stream, start, zapId }) =>
          port.openStream({ sync: SYNC, stream }, { start: startOf(start), zapId }),
        );
      case 'openCycle':
        return replied(step, openCycle);
      case 'recordPage':
        return replied(fromLast(cycles, step.cycle), (cycle) => recordPage(cycle, step));
      case 'poll':
        return replied(step, poll);
      case 'write':
        return replied(step, write);
      case 'emit':
        return replied(fromLast(cycles, step.cycle), (cycle) => emit(cycle, step));
      case 'beginWrites':
        return beginWrites(step.items);
      case 'completeWrites':
        return completeWrites(step.items);
      case 'acknowledge': {
        const deliveryId = step.delivery === null ? 'nobody' : fromLast(deliveries, step.delivery);
        const { outcome } = step;
        return replied(deliveryId, (id) => port.acknowledgeDelivery({}, { sync: SYNC, deliveryId: id, outcome }));
      }
      case 'outage':
        return replied(step, outage);
      case 'closeCircuit': {
        const reason = 'it works again';
        return replied({ system: 'target-system' }, (system) => port.closeCircuit(system, { reason }));
      }
      case 'claim':
        return replied(step, claim);
      case 'replay':
        return replied(step, replay);
      case 'openRun': {
        const { stream, hours, repair } = step;
        return replied({ id: newName(3), stream, hours, fence: 0, slice: 0 }, (run) => openRun(run, repair));
      }
      case 'openRunAgain':
        return replied(fromLast(runs, step.run), (run) => openRun({ ...run, hours: step.hours }, true));
      case 'recordSlice':
        return replied(fromLast(runs, step.run), (run) => recordSlice(run, step));
      case 'applySync': {
        const { attemptsMax, inFlightMax } = step;
        const changed = contract(attemptsMax, inFlightMax);
        return replied(changed, () => port.applySync({ sync: SYNC }, { contract: changed }));
      }
      case 'look':
        return replied(step.at, lookAt);
    }
  };

  const take = async (step: Step): Promise<Answer> => {
    try {
      return await perform(step);
    } catch (error) {
      return refusalOf(error);
    }
  };

  return {
    take,
    look: async () => {
      const all: unknown[] = [];
      for (const stream of STREAMS) {
        all.push(await take({ kind: 'openStream', stream, start: 'beginning', zapId: null }));
        all.push(await port.getStream({ sync: SYNC, stream }, {}));
      }
      all.push(await port.listCircuits({}, {}));
      all.push(await port.listDeadLetters({}, { sync: SYNC }));
      all.push(await port.listEvidence({}, { limit: 1000 }));
      return all;
    },
  };
};
