import type { Feature } from './features.ts';

/**
 * Ways in which the program could be broken, each of which the simulated world must notice. `find` stands exactly once
 * in the file (`mutants.test.ts` sees to that).
 */
export type Mutant = {
  readonly name: string;
  /** From the root of the project. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Of worlds that show it soonest; any world where that is left out. */
  readonly worlds?: readonly Feature[];
};

const backoff = 'src/core/retry/backoff.ts';
const checkpoint = 'src/core/read/checkpoint.ts';
const decision = 'src/core/write/write-decision.ts';
const observe = 'src/engine/observe.ts';
const sweepFile = 'src/engine/read-sweep.ts';
const retry = 'src/engine/retry.ts';
const targetLook = 'src/engine/target-look.ts';
const targetWrite = 'src/engine/target-write.ts';
const upsert = 'src/engine/upsert.ts';
const deliveryAnswers = 'src/core/obligation/delivery-answers.ts';
const endDecision = 'src/core/write/end-decision.ts';
const intentState = 'src/core/write/intent-state.ts';
const handOut = 'src/core/obligation/hand-out.ts';
const obligationState = 'src/core/obligation/obligation-state.ts';
const pageNews = 'src/core/obligation/page-news.ts';
const modelBegin = 'test/sim/model/begin-writes.ts';
const modelComplete = 'test/sim/model/complete-writes.ts';
const modelEmission = 'test/sim/model/emission.ts';
const modelObligations = 'test/sim/model/obligations.ts';
const modelPages = 'test/sim/model/pages.ts';
const modelStreams = 'test/sim/model/streams.ts';
const writeRoutes = 'src/core/protocol/write-routes.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'a page is recorded without its last row',
    file: sweepFile,
    find: 'for (const record of page.records) rows.push',
    replace: 'for (const record of page.records.slice(0, -1)) rows.push',
  },
  {
    name: 'the page after the next is asked for',
    file: sweepFile,
    find: 'const request = { since: token === null ? state.since : null, token, pageSize: source.pageSize };\n  const { reply } = await withRetry(ports.runtime, () => source.readPage(request));',
    replace:
      'const request = { since: token === null ? state.since : null, token, pageSize: source.pageSize };\n  const first = await withRetry(ports.runtime, () => source.readPage(request));\n  const { reply } = first.reply.kind === "page" && first.reply.nextToken !== null && sweep.pages === 1 ? await withRetry(ports.runtime, () => source.readPage({ ...request, token: (first.reply as { nextToken: string }).nextToken })) : first;',
  },
  {
    name: 'a sweep begins after the mark instead of at it',
    file: checkpoint,
    find: 'shiftInstant(edge, -againMs(again))',
    replace: 'shiftInstant(edge, 1)',
  },
  {
    name: 'the overlap is forgotten',
    file: checkpoint,
    find: 'shiftInstant(edge, -againMs(again))',
    replace: 'edge',
  },
  {
    name: 'the token of an unfinished sweep is forgotten',
    file: checkpoint,
    find: 'if (stored.fetched.token !== null) return',
    replace: 'if (stored.fetched.token === "never") return',
  },
  {
    name: 'when a sweep began is forgotten',
    file: checkpoint,
    find: 'begunAt !== null && compareInstants(begunAt, mark.updatedAt) < 0 ? begunAt : mark.updatedAt',
    replace: 'begunAt === null ? mark.updatedAt : mark.updatedAt',
  },
  {
    name: 'a record dated in the future moves the mark',
    file: sweepFile,
    find: 'compareInstants(updatedAt, bound) <= 0',
    replace: 'updatedAt.length > 0 && bound.length > 0',
  },
  {
    name: 'a change of the note is no change',
    file: observe,
    find: 'digest: digestText(text) };',
    replace: "digest: digestText(JSON.stringify({ ...fields, note: '' })) };",
  },
  {
    name: 'a retry is sent after the call is over',
    file: retry,
    find: 'if (remainingMs(runtime) === 0) return { reply, attempts };',
    replace: '',
  },
  {
    name: 'an unknown write is sent again at once',
    file: backoff,
    find: "if (dispositionOf(failure, phase) !== 'retry') return",
    replace: "if (dispositionOf(failure, phase) !== 'retry' && failure.kind !== 'unknown') return",
  },
  {
    name: 'an unknown write is taken for one that was not sent',
    file: targetWrite,
    find: "if (reply.kind === 'failed' && reply.failure.kind !== 'unknown') {",
    replace:
      "if (reply.kind === 'failed' && reply.failure.kind === 'unknown') return { kind: 'done', written: notSent(reply.failure, attempts) };\n  if (reply.kind === 'failed' && reply.failure.kind !== 'unknown') {",
  },
  {
    name: 'a write that was not sent is taken for confirmed',
    file: targetWrite,
    find: "outcome: { kind: 'not_sent', reason: storableReason(failure.reason) },",
    replace: "outcome: { kind: 'confirmed', targetId: 't-1', created: null, readBack: false },",
  },
  {
    name: 'a write is reported as unknown without waiting for it',
    file: targetWrite,
    find: 'waitMs: isOver ? 0 : UNKNOWN_QUARANTINE_MS',
    replace: 'waitMs: isOver ? 0 : 0',
  },
  {
    name: 'the doubt of an earlier round is forgotten',
    file: targetWrite,
    find: "(kind === 'not_sent' || kind === 'failed')",
    replace: "kind === 'failed'",
    worlds: ['targetActsLate', 'targetThrottles', 'targetGoesDown', 'runLost', 'reverting', 'upserting'],
  },
  {
    name: 'a refusal is taken for the answer to an earlier round',
    file: targetWrite,
    find: "(kind === 'not_sent' || kind === 'failed')",
    replace: "kind === 'not_sent'",
    worlds: ['targetActsLate', 'targetRefuses', 'runLost', 'reverting', 'upserting'],
  },
  {
    name: 'what a look found before is used in the next round',
    file: targetWrite,
    find: 'rounds === 1 ? await first() : await round(prepared, runtime, current, undefined)',
    replace: 'await first()',
  },
  {
    name: 'a record is created although a look found it',
    file: targetWrite,
    find: 'request: requestFor(prepared, write, id), kept }',
    replace: 'request: requestFor(prepared, write, null), kept }',
  },
  {
    name: 'acknowledged before the write is answered',
    file: targetWrite,
    find: 'const sent = await withRetry(runtime, () => prepared.target.write(start.request), phaseOfWrite);',
    replace:
      "void withRetry(runtime, () => prepared.target.write(start.request), phaseOfWrite);\n  const sent = { reply: { kind: 'written' as const, targetId: write.targetId ?? 't-1', created: null }, attempts: 1 };",
  },
  {
    name: 'two copies found are taken for none',
    file: targetLook,
    find: "if (only === undefined) return { kind: 'none' };\n  if (found.length > 1)",
    replace: "if (only === undefined || only.id.endsWith('3')) return { kind: 'none' };\n  if (found.length > 1)",
  },
  {
    name: 'the lease on a record is too short',
    file: writeRoutes,
    find: 'WRITE_LEASE_MS = 50_000',
    replace: 'WRITE_LEASE_MS = 1_000',
  },
  {
    name: 'there is no quarantine after an unknown write',
    file: writeRoutes,
    find: 'UNKNOWN_QUARANTINE_MS = 5000',
    replace: 'UNKNOWN_QUARANTINE_MS = 1',
  },
  {
    name: 'stale versions are written',
    file: decision,
    find: "if (applied !== null && compareVersions(wanted, applied) < 0) return { kind: 'stale' };",
    replace: '',
  },
  {
    name: 'an older version is written over one whose outcome is unknown',
    file: decision,
    find: "return compareVersions(wanted, intent.version) < 0 ? { kind: 'stale' } : { kind: 'proceed', readBack: true };",
    replace: "return { kind: 'proceed', readBack: true };",
  },
  {
    name: 'the order of observation is ignored between equal times',
    file: decision,
    find: 'return wanted.sequence < applied.sequence ? -1 : wanted.sequence > applied.sequence ? 1 : 0;',
    replace: 'return byTime;',
    worlds: ['flipping', 'elsewhere', 'runHeld'],
  },
  {
    name: 'the lease of another is ignored',
    file: decision,
    find: 'compareInstants(intent.leaseUntil, now) > 0',
    replace: 'compareInstants(intent.leaseUntil, now) > 1',
  },
  {
    name: 'an intent whose lease ended leaves no doubt',
    file: decision,
    find: "{ kind: 'stale' } : { kind: 'proceed', readBack: true };",
    replace: "{ kind: 'stale' } : { kind: 'proceed', readBack: false };",
    worlds: ['processDies', 'targetThrottles', 'targetGoesDown', 'runLost', 'reverting', 'upserting'],
  },
  {
    name: 'an unknown outcome is taken for a failure',
    file: intentState,
    find: "  unknown: { within: 'in_progress', after: 'look' },",
    replace: "  unknown: { within: 'by_version', after: 'by_version' },",
    worlds: ['targetActsLate', 'targetLosesReply', 'targetFallsOver', 'runLost', 'reverting'],
  },
  {
    name: 'what was delivered is left out of what is written',
    file: upsert,
    find: '{ ...proceed.delivered, ...item.fields, ...item.overrides }',
    replace: '{ ...proceed.delivered, ...item.fields, ...item.overrides, note: null }',
  },
  {
    name: 'no intent is written ahead',
    file: modelBegin,
    find: '  for (const intent of intents) {',
    replace: '  for (const intent of intents.slice(1)) {',
  },
  {
    name: 'an outcome is taken from whoever sends one',
    file: endDecision,
    find: 'target.intent?.intentId !== intentId || target.fence !== fence',
    replace: 'target.intent === null || fence > target.fence',
  },
  {
    name: 'an unknown outcome is recorded as a failure',
    file: intentState,
    find: "    unknown: 'unknown',",
    replace: "    unknown: 'failed',",
  },
  {
    name: 'what was not sent settles its obligation',
    file: modelComplete,
    find: "outcome.kind !== 'confirmed' ? [] : [obligationId]",
    replace: "outcome.kind === 'failed' ? [] : [obligationId]",
  },
  {
    name: 'a confirmed write settles nothing',
    file: modelComplete,
    find: "  settleOnTarget(work, written, 'written', null);\n",
    replace: '',
  },
  {
    name: 'an outcome leaves committed where it was and reading moves it',
    file: modelStreams,
    find: 'if (oldest === undefined || fetched === null) return fetched;',
    replace: 'if (oldest === undefined || fetched === null || oldest.attempts > 1) return fetched;',
  },
  {
    name: 'committed is taken from the clock',
    file: modelStreams,
    find: 'if (oldest === undefined || fetched === null) return fetched;',
    replace: "if (oldest === undefined || fetched === null) return { updatedAt: work.now, id: '' };",
  },
  {
    name: 'committed goes beyond what was fetched',
    file: modelStreams,
    find: 'return isBeyond ? fetched : {',
    replace: 'return isBeyond && oldest.attempts > 90 ? fetched : {',
  },
  {
    name: 'committed passes what is held',
    file: obligationState,
    find: "=> state === 'open' || state === 'held';",
    replace: "=> state === 'open';",
  },
  {
    name: 'fetched moves, and the first of the obligations is not kept',
    file: modelPages,
    find: 'insertObligations(work, opening, fresh)',
    replace: 'insertObligations(work, opening, fresh.length > 2 ? fresh.slice(1) : fresh)',
  },
  {
    name: 'a page that comes again is recorded again',
    file: modelPages,
    find: 'if (before !== undefined) return before;',
    replace: '',
  },
  {
    name: 'an emission that comes again is given nothing',
    file: modelEmission,
    find: 'items: handedOutBefore(work, cycleId), waiting',
    replace: 'items: [], waiting',
  },
  {
    name: 'what was not acknowledged is not delivered again',
    file: modelEmission,
    find: 'const chosen = [...again.slice(0, limit),',
    replace: 'const chosen = [...again.slice(0, 0),',
  },
  {
    name: 'two versions of one record are in flight at once',
    file: modelEmission,
    find: '.some((one) => isInFlight(one, work.now))',
    replace: '.some((one) => isInFlight(one, work.now) && one.attempts > 90)',
  },
  {
    name: 'an older version supersedes a newer one',
    file: modelObligations,
    find: 'return atA === atB ? a.sequence > b.sequence : atA > atB;',
    replace: 'return atA === atB ? a.sequence < b.sequence : atA < atB;',
  },
  {
    name: 'a write settles newer versions too',
    file: modelObligations,
    find: '      if (isNewer(one, done)) continue;\n',
    replace: '',
  },
  {
    name: 'versions are told apart by their digests only',
    file: pageNews,
    find: '`${externalId}/${updatedAt}/${digest}`',
    replace: '`${externalId}/${digest}`',
  },
  {
    name: 'a change and its reversal within one tick are no change',
    file: pageNews,
    find: "return isBack ? 'came_back' : 'passes_again';",
    replace: "return 'passes_again';",
  },
  {
    name: 'a version that comes back while it is in flight keeps its place',
    file: pageNews,
    find: '(known.latest.get(momentKey(record)) ?? 0) > before.sequence;',
    replace: "(known.latest.get(momentKey(record)) ?? 0) > before.sequence && before.state !== 'open';",
  },
  {
    name: 'a delivery loses its obligation when that comes back',
    file: modelObligations,
    find: "if (before.state === 'open') moveDeliveries(work, before, sequence);",
    replace: '',
  },
  {
    name: 'a version is unchanged although another is open',
    file: modelPages,
    find: 'if (!isOpen) appliedDigest',
    replace: 'if (!isOpen || isOpen) appliedDigest',
  },
  {
    name: 'a version is unchanged although the last write is in doubt',
    file: modelPages,
    find: "if (target.intent !== null && target.intent.state !== 'confirmed') continue;",
    replace: '',
  },
  {
    name: 'a record is given up on after two deliveries',
    file: handOut,
    find: 'one.tried >= attemptsMax',
    replace: 'one.tried >= 2',
  },
  {
    name: 'what reconciliation found different is not written again',
    file: decision,
    find: 'if (applied !== null && !drifted && (isLast',
    replace: 'if (applied !== null && (isLast',
  },
  {
    name: 'a repair does not open what is settled',
    file: obligationState,
    find: "  wanted_again: 'open',\n  passes_now: 'nothing',",
    replace: "  wanted_again: 'nothing',\n  passes_now: 'nothing',",
  },
  {
    name: 'a settled obligation is written once more',
    file: deliveryAnswers,
    find: "begins_write: 'stale'",
    replace: "begins_write: 'decide'",
  },
  {
    name: 'a doubt is forgotten after an attempt that sent nothing',
    file: intentState,
    find: "    still_unknown: 'unknown',",
    replace: "    still_unknown: 'failed',",
  },
];
