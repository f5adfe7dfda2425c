import { type CircuitSignal, signalOfFailure } from '../core/circuit/signal.ts';
import { digestJson } from '../core/digest.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { WriteOutcome } from '../core/protocol/write-routes.ts';
import { UNKNOWN_QUARANTINE_MS } from '../core/protocol/write-routes.ts';
import type { Phase } from '../core/retry/dispositions.ts';
import { dispositionOf, phaseOfWrite } from '../core/retry/fault.ts';
import { conflictsOf, sourceOwned, targetOwned } from '../core/mapping/target-owned.ts';
import { projectTarget } from '../core/reconcile/compare.ts';
import type { FoundRecord, WriteReply, WriteRequest } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import type { Prepared } from './contracts.ts';
import { eachOf } from './each-of.ts';
import { withRetry } from './retry.ts';
import { remainingMs, type Runtime } from './runtime.ts';

/** Time that one more find and write need; with less left an unknown write is left to the next call. */
const ANOTHER_ROUND_MS = 4000;
const ROUNDS_MAX = 4;
/** Requests to one target at the same time. */
const AT_ONCE = 6;

/** One record to bring to the target. `fields` are whole and validated, without the external ID. */
export type TargetWrite = {
  readonly externalId: string;
  readonly fields: JsonObject;
  readonly targetId: string | null;
  /** Look before writing: an earlier write may have happened. */
  readonly readBack: boolean;
};

export type Written = {
  readonly outcome: WriteOutcome;
  /** Requests that may have written. */
  readonly attempts: number;
  /** When to try again, where the outcome leaves the record open. */
  readonly retryAfterMs: number;
  /** What it showed of the target. */
  readonly signal: CircuitSignal;
};

type Looked =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'one';
      readonly id: string;
      /** Nothing is left to write: what the source owns is there. */
      readonly equal: boolean;
      /** What the target owns and holds otherwise than the source. */
      readonly kept: readonly string[];
    }
  | { readonly kind: 'several'; readonly copies: number }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

const DEFAULT_RETRY_MS = 60_000;

const judge = (prepared: Prepared, fields: JsonObject, found: readonly FoundRecord[]): Looked => {
  const [only] = found;
  if (only === undefined) return { kind: 'none' };
  if (found.length > 1) return { kind: 'several', copies: found.length };
  const { sync } = prepared.bundle;
  const projection = projectTarget(sync, prepared.mapping, only.body);
  // A Zap may write a part of the fields: only those are compared.
  const wanted = sourceOwned(sync, fields);
  const compared = Object.fromEntries(Object.keys(wanted).map((field) => [field, projection[field] ?? null]));
  const equal = digestJson(compared) === digestJson(wanted);
  return { kind: 'one', id: only.id, equal, kept: conflictsOf(sync, fields, projection) };
};

/** Looks at the target for records by their external IDs. One request, and `writes` are at most `findBatchMax`. */
const look = async (
  prepared: Prepared,
  runtime: Runtime,
  writes: readonly TargetWrite[],
): Promise<(write: TargetWrite) => Looked> => {
  const { externalIdField } = prepared.bundle.sync.target;
  const ids = [...new Set(writes.map(({ externalId }) => externalId))];
  const { reply } = await withRetry(runtime, () => prepared.target.find(externalIdField, ids));
  if (reply.kind === 'failed') return () => ({ kind: 'failed', failure: reply.failure });
  return ({ externalId, fields }) => judge(prepared, fields, reply.byValue.get(externalId) ?? []);
};

const notSent = (failure: SystemFailure, attempts: number): Written => ({
  outcome: { kind: 'not_sent', reason: storableReason(failure.reason) },
  attempts,
  retryAfterMs: failure.kind === 'throttled' ? failure.retryAfterMs : DEFAULT_RETRY_MS,
  signal: signalOfFailure(failure),
});

// Beyond the deadline a request could outlive the lease, and with it the exclusion of everyone else.
const tooLate: Written = {
  outcome: { kind: 'not_sent', reason: 'No time was left to write' },
  attempts: 0,
  retryAfterMs: DEFAULT_RETRY_MS,
  signal: { kind: 'none' },
};

const severalCopies = (copies: number, attempts: number): Written => ({
  outcome: {
    kind: 'failed',
    errorClass: 'several_matches',
    reason: `The target holds ${copies} records with this external ID; merge them, then replay`,
  },
  attempts,
  retryAfterMs: 0,
  signal: { kind: 'up' },
});

type Confirmed = Omit<Extract<WriteOutcome, { kind: 'confirmed' }>, 'kind' | 'kept'>;

const confirmed = (how: Confirmed, kept: readonly string[], attempts: number): Written => ({
  outcome: { kind: 'confirmed', ...how, ...(kept.length === 0 ? {} : { kept: [...kept] }) },
  attempts,
  retryAfterMs: 0,
  signal: { kind: 'up' },
});

const unknown = (reason: string, attempts: number): Written => ({
  outcome: { kind: 'unknown', reason: storableReason(reason) },
  attempts,
  retryAfterMs: UNKNOWN_QUARANTINE_MS,
  signal: { kind: 'down' },
});

/** What a failure makes of a write, by the table of dispositions: final for this call. */
const fromFailure = (failure: SystemFailure, phase: Phase, attempts: number): Written => {
  switch (dispositionOf(failure, phase)) {
    case 'give_up': {
      const errorClass = failure.kind === 'rejected' ? `http_${failure.status}` : failure.kind;
      return {
        outcome: { kind: 'failed', errorClass, reason: storableReason(failure.reason) },
        attempts,
        retryAfterMs: 0,
        signal: signalOfFailure(failure),
      };
    }
    case 'read_back':
    case 'read_back_later':
      return unknown(failure.reason, attempts);
    case 'retry':
    case 'throttle':
    case 'stop':
      return notSent(failure, attempts);
  }
};

/** The fields with a value at a path: where it is looked for later, there it must be written. */
const withValue = (fields: JsonObject, [step = '', ...rest]: readonly string[], value: string): JsonObject => {
  const inner = fields[step];
  return { ...fields, [step]: rest.length === 0 ? value : withValue(isJsonObject(inner) ? inner : {}, rest, value) };
};

const bodyOf = (prepared: Prepared, externalId: string, fields: JsonObject): JsonObject =>
  withValue(fields, prepared.bundle.sync.target.externalIdField.split('.'), externalId);

/** Whether nothing can be written before the target was looked at: for its ID, or because it owns some of the fields. */
const mustLook = ({ target, bundle }: Prepared, { targetId, readBack, fields }: TargetWrite): boolean =>
  (!target.nativeUpsert && (targetId === null || readBack)) || targetOwned(bundle.sync, fields).length > 0;

/** Makes the request. `targetId` is the record to update, null where the target has none. */
const requestFor = (prepared: Prepared, write: TargetWrite, targetId: string | null): WriteRequest => {
  const wanted = targetId === null ? write.fields : sourceOwned(prepared.bundle.sync, write.fields);
  const fields = bodyOf(prepared, write.externalId, wanted);
  if (prepared.target.nativeUpsert) return { kind: 'upsert', externalId: write.externalId, fields };
  return targetId === null ? { kind: 'create', fields } : { kind: 'update', targetId, fields };
};

type Round =
  | { readonly kind: 'done'; readonly written: Written }
  /** Look again and decide anew; `waitMs` first, when an effect may still be coming. */
  | { readonly kind: 'again'; readonly waitMs: number; readonly reason: string; readonly attempts: number };

const afterWrite = async (
  prepared: Prepared,
  runtime: Runtime,
  write: TargetWrite,
  sent: { readonly reply: WriteReply; readonly attempts: number; readonly kept: readonly string[] },
): Promise<Round> => {
  const { reply, attempts, kept } = sent;
  if (reply.kind === 'missing') return { kind: 'again', waitMs: 0, reason: 'The record to update is gone', attempts };
  if (reply.kind === 'written' && reply.targetId !== null) {
    const how = { targetId: reply.targetId, created: reply.created, readBack: false };
    return { kind: 'done', written: confirmed(how, kept, attempts) };
  }
  if (reply.kind === 'failed' && reply.failure.kind !== 'unknown') {
    return { kind: 'done', written: fromFailure(reply.failure, phaseOfWrite(reply.failure), attempts) };
  }
  // Written without an ID, or nobody knows: the target itself is asked before anything else is sent.
  const looked = (await look(prepared, runtime, [write]))(write);
  const reason = reply.kind === 'failed' ? reply.failure.reason : 'The target gave no ID for the record it wrote';
  switch (looked.kind) {
    case 'one':
      if (looked.equal) {
        const created = reply.kind === 'written' ? reply.created : null;
        const how = { targetId: looked.id, created, readBack: true };
        return { kind: 'done', written: confirmed(how, looked.kept, attempts) };
      }
      break;
    case 'several':
      return { kind: 'done', written: severalCopies(looked.copies, attempts) };
    case 'failed':
      return { kind: 'done', written: unknown(reason, attempts) };
    case 'none':
      break;
  }
  const isOver = reply.kind === 'failed' && dispositionOf(reply.failure, 'write_after_send') === 'read_back';
  return { kind: 'again', waitMs: isOver ? 0 : UNKNOWN_QUARANTINE_MS, reason, attempts };
};

const round = async (
  prepared: Prepared,
  runtime: Runtime,
  write: TargetWrite,
  seen: Looked | undefined,
): Promise<Round> => {
  let { targetId } = write;
  let kept: readonly string[] = [];
  if (mustLook(prepared, write)) {
    const looked = seen ?? (await look(prepared, runtime, [write]))(write);
    if (looked.kind === 'failed') return { kind: 'done', written: fromFailure(looked.failure, 'write_before_send', 0) };
    if (looked.kind === 'several') return { kind: 'done', written: severalCopies(looked.copies, 0) };
    if (looked.kind === 'one') {
      kept = looked.kept;
      const how = { targetId: looked.id, created: null, readBack: true };
      if (looked.equal) return { kind: 'done', written: confirmed(how, kept, 0) };
    }
    targetId = looked.kind === 'one' ? looked.id : null;
  }
  if (remainingMs(runtime) === 0) return { kind: 'done', written: tooLate };
  const request = requestFor(prepared, write, targetId);
  const sent = await withRetry(runtime, () => prepared.target.write(request), phaseOfWrite);
  return afterWrite(prepared, runtime, write, { ...sent, kept });
};

const bring = async (
  prepared: Prepared,
  runtime: Runtime,
  write: TargetWrite,
  lookedFirst: Looked | undefined,
): Promise<Written> => {
  let attempts = 0;
  let seen = lookedFirst;
  let doubt: string | undefined;
  let current = write;
  for (let rounds = 1; ; rounds += 1) {
    const result = await round(prepared, runtime, current, seen);
    seen = undefined;
    if (result.kind === 'done') {
      const all = attempts + result.written.attempts;
      // An earlier round may still have had its effect: that this one sent nothing, or was refused, says nothing of it.
      const { kind } = result.written.outcome;
      if (doubt !== undefined && (kind === 'not_sent' || kind === 'failed')) return unknown(doubt, all);
      return { ...result.written, attempts: all };
    }
    attempts += result.attempts;
    doubt = result.reason;
    if (rounds >= ROUNDS_MAX || result.waitMs + ANOTHER_ROUND_MS > remainingMs(runtime)) {
      return unknown(result.reason, attempts);
    }
    await runtime.sleep(result.waitMs);
    current = { ...write, targetId: null, readBack: true };
  }
};

/** Looks for all records that have to be looked for, as few requests as the target allows. */
const lookTogether = async (
  prepared: Prepared,
  runtime: Runtime,
  writes: readonly TargetWrite[],
): Promise<ReadonlyMap<TargetWrite, Looked>> => {
  const unseen = writes.filter((write) => mustLook(prepared, write));
  const looked = new Map<TargetWrite, Looked>();
  const size = prepared.target.findBatchMax;
  const batches = Array.from({ length: Math.ceil(unseen.length / size) }, (_, index) =>
    unseen.slice(index * size, (index + 1) * size),
  );
  await eachOf(batches, AT_ONCE, async (batch) => {
    const judgeOne = await look(prepared, runtime, batch);
    for (const write of batch) looked.set(write, judgeOne(write));
  });
  return looked;
};

/**
 * Brings records to the target, each at most once per external ID: native upsert where the target has it, else find
 * and then create or update. An effect that nobody knows of is resolved by reading back, never by writing again at once.
 *
 * Requests in the usual case: 1 for each record, and for the new ones on a target without upsert one look-up for each
 * `findBatchMax` of them; at most six at once.
 * The caller holds the store's lease on each external ID: that is what makes find-then-write safe.
 *
 * @returns what each came to, in the order given
 */
export const writeToTarget = async (
  prepared: Prepared,
  runtime: Runtime,
  writes: readonly TargetWrite[],
): Promise<Written[]> => {
  const looked = await lookTogether(prepared, runtime, writes);
  const written: Written[] = [];
  await eachOf(writes, AT_ONCE, async (write, place) => {
    written[place] = await bring(prepared, runtime, write, looked.get(write));
  });
  return written;
};
