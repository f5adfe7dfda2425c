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
};

const backoff = 'src/core/write/backoff.ts';
const checkpoint = 'src/core/read/checkpoint.ts';
const decision = 'src/core/write/write-decision.ts';
const observe = 'src/engine/observe.ts';
const pollFile = 'src/engine/poll.ts';
const retry = 'src/engine/retry.ts';
const targetWrite = 'src/engine/target-write.ts';
const upsert = 'src/engine/upsert.ts';
const writeRoutes = 'src/core/protocol/write-routes.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'a page is recorded without its last row',
    file: pollFile,
    find: 'for (const record of page.records) observed',
    replace: 'for (const record of page.records.slice(0, -1)) observed',
  },
  {
    name: 'the page after the next is asked for',
    file: pollFile,
    find: 'const request = { since: sweep.since, token: sweep.token, pageSize: source.pageSize };\n  const { reply } = await withRetry(ports.runtime, () => source.readPage(request));',
    replace:
      'const request = { since: sweep.since, token: sweep.token, pageSize: source.pageSize };\n  const first = await withRetry(ports.runtime, () => source.readPage(request));\n  const { reply } = first.reply.kind === "page" && first.reply.nextToken !== null && sweep.pages === 1 ? await withRetry(ports.runtime, () => source.readPage({ ...request, token: (first.reply as { nextToken: string }).nextToken })) : first;',
  },
  {
    name: 'a sweep begins after the mark instead of at it',
    file: checkpoint,
    find: 'shiftInstant(edge, -overlapSeconds * 1000)',
    replace: 'shiftInstant(edge, 1)',
  },
  {
    name: 'the overlap is forgotten',
    file: checkpoint,
    find: '-overlapSeconds * 1000',
    replace: '-overlapSeconds * 0',
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
    file: pollFile,
    find: 'compareInstants(updatedAt, bound) <= 0',
    replace: 'updatedAt.length > 0 && bound.length > 0',
  },
  {
    name: 'a change of the note is no change',
    file: observe,
    find: 'digest: digestJson(fields),',
    replace: "digest: digestJson({ ...fields, note: '' }),",
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
    find: "    case 'unauthorized':\n    case 'rejected':\n    case 'unknown':\n      return undefined;",
    replace: "    case 'unknown':\n      return 100;\n    case 'unauthorized':\n    case 'rejected':\n      return undefined;",
  },
  {
    name: 'an unknown write is taken for one that was not sent',
    file: targetWrite,
    find: "reply.kind === 'failed' && reply.failure.kind !== 'unknown'",
    replace: "reply.kind === 'failed' && reply.failure.kind === 'unknown'",
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
    find: "if (doubt !== undefined && result.written.outcome.kind === 'not_sent')",
    replace: "if (doubt === '' && result.written.outcome.kind === 'not_sent')",
  },
  {
    name: 'what a look found before is used in the next round',
    file: targetWrite,
    find: '    seen = undefined;\n',
    replace: '',
  },
  {
    name: 'the target is not looked at when the store asks for it',
    file: targetWrite,
    find: 'write.targetId === null || write.readBack ? undefined',
    replace: 'write.targetId === null ? undefined',
  },
  {
    name: 'a new record is created without looking first',
    file: targetWrite,
    find: "  if (looked?.kind === 'none') return",
    replace: "  if (looked?.kind === 'none' || write.targetId === null) return",
  },
  {
    name: 'acknowledged before the write is answered',
    file: targetWrite,
    find: 'const sent = await withRetry(runtime, () => prepared.target.write(chosen));',
    replace:
      "void withRetry(runtime, () => prepared.target.write(chosen));\n  const sent = { reply: { kind: 'written' as const, targetId: write.targetId ?? 't-1', created: null }, attempts: 1 };",
  },
  {
    name: 'two copies found are taken for none',
    file: targetWrite,
    find: 'if (only === undefined) return { kind: \'none\' };\n  if (found.length > 1)',
    replace: 'if (only === undefined || only.id.endsWith(\'3\')) return { kind: \'none\' };\n  if (found.length > 1)',
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
  },
  {
    name: 'an unknown outcome is taken for a failure',
    file: decision,
    find: "intent.state === 'open' || intent.state === 'unknown'",
    replace: "intent.state === 'open'",
  },
  {
    name: 'what was delivered is left out of what is written',
    file: upsert,
    find: '{ ...proceed.delivered, ...item.fields, ...item.overrides }',
    replace: '{ ...proceed.delivered, ...item.fields, ...item.overrides, note: null }',
  },
];
