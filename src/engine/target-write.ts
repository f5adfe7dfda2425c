import { type CircuitSignal, signalOfFailure } from '../core/circuit/signal.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { sourceOwned } from '../core/mapping/target-owned.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { WriteOutcome } from '../core/protocol/write-routes.ts';
import { UNKNOWN_QUARANTINE_MS } from '../core/protocol/write-routes.ts';
import type { Phase } from '../core/retry/dispositions.ts';
import { dispositionOf, phaseOfWrite } from '../core/retry/fault.ts';
import type { WriteRequest } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import { type Ready, sendTogether, type Sent } from './batch-write.ts';
import type { Prepared } from './contracts.ts';
import { eachOf } from './each-of.ts';
import { withRetry } from './retry.ts';
import { remainingMs, type Runtime } from './runtime.ts';
import { AT_ONCE, look, type Looked, lookTogether, mustLook, type TargetWrite } from './target-look.ts';

/** Time that one more find and write need; with less left an unknown write is left to the next call. */
const ANOTHER_ROUND_MS = 4000;
export const ROUNDS_MAX = 4;

export type Written = {
  readonly outcome: WriteOutcome;
  /** Requests that may have written. */
  readonly attempts: number;
  /** When to try again, where the outcome leaves the record open. */
  readonly retryAfterMs: number;
  /** What it showed of the target. */
  readonly signal: CircuitSignal;
};

const DEFAULT_RETRY_MS = 60_000;

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
      const errorClass = failure.kind === 'rejected' ? (failure.because ?? `http_${failure.status}`) : failure.kind;
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

/** Makes the request. `targetId` is the record to update, null where the target has none. */
const requestFor = (prepared: Prepared, write: TargetWrite, targetId: string | null): WriteRequest => {
  const wanted = targetId === null ? write.fields : sourceOwned(prepared.bundle.sync, write.fields);
  const fields = bodyOf(prepared, write.externalId, wanted);
  const { externalId, intentId } = write;
  if (prepared.target.nativeUpsert) return { kind: 'upsert', externalId, fields, writeId: `${intentId}-upsert` };
  return targetId === null
    ? { kind: 'create', fields, writeId: `${intentId}-create` }
    : { kind: 'update', targetId, fields, writeId: `${intentId}-update` };
};

type Round =
  | { readonly kind: 'done'; readonly written: Written }
  /** Look again and decide anew; `waitMs` first, when an effect may still be coming. */
  | { readonly kind: 'again'; readonly waitMs: number; readonly reason: string; readonly attempts: number };

const afterWrite = async (prepared: Prepared, runtime: Runtime, write: TargetWrite, sent: Sent): Promise<Round> => {
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

/** How a write begins: with a request, or it is done before anything is sent. */
type Start =
  | { readonly kind: 'done'; readonly written: Written }
  | { readonly kind: 'send'; readonly request: WriteRequest; readonly kept: readonly string[] };

/** @param looked what was seen on the target; undefined where nothing had to be seen */
const startOf = (prepared: Prepared, write: TargetWrite, looked: Looked | undefined): Start => {
  switch (looked?.kind) {
    case undefined:
      return { kind: 'send', request: requestFor(prepared, write, write.targetId), kept: [] };
    case 'failed':
      return { kind: 'done', written: fromFailure(looked.failure, 'write_before_send', 0) };
    case 'several':
      return { kind: 'done', written: severalCopies(looked.copies, 0) };
    case 'none':
      return { kind: 'send', request: requestFor(prepared, write, null), kept: [] };
    case 'one': {
      const { id, kept } = looked;
      if (!looked.equal) return { kind: 'send', request: requestFor(prepared, write, id), kept };
      return { kind: 'done', written: confirmed({ targetId: id, created: null, readBack: true }, kept, 0) };
    }
  }
};

const round = async (
  prepared: Prepared,
  runtime: Runtime,
  write: TargetWrite,
  seen: Looked | undefined,
): Promise<Round> => {
  const looked = mustLook(prepared, write) ? (seen ?? (await look(prepared, runtime, [write]))(write)) : undefined;
  const start = startOf(prepared, write, looked);
  if (start.kind === 'done') return start;
  if (remainingMs(runtime) === 0) return { kind: 'done', written: tooLate };
  const sent = await withRetry(runtime, () => prepared.target.write(start.request), phaseOfWrite);
  return afterWrite(prepared, runtime, write, { ...sent, kept: start.kept });
};

/** @param first the first round, begun by the caller */
const bring = async (
  prepared: Prepared,
  runtime: Runtime,
  write: TargetWrite,
  first: () => Promise<Round>,
): Promise<Written> => {
  let attempts = 0;
  let doubt: string | undefined;
  let current = write;
  for (let rounds = 1; ; rounds += 1) {
    const result = rounds === 1 ? await first() : await round(prepared, runtime, current, undefined);
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

/** What of the writes is ready to go out in a request for several. */
const readyOf = (
  prepared: Prepared,
  writes: readonly TargetWrite[],
  looked: ReadonlyMap<TargetWrite, Looked>,
): readonly Ready[] =>
  writes.flatMap((write): Ready[] => {
    const start = startOf(prepared, write, looked.get(write));
    return start.kind === 'send' && start.request.kind === 'upsert'
      ? [{ write, request: start.request, kept: start.kept }]
      : [];
  });

/**
 * Brings records to the target, each at most once per external ID: native upsert where the target has it, else find
 * and then create or update. An effect that nobody knows of is resolved by reading back, never by writing again at once.
 *
 * Requests in the usual case: 1 for each record, or for each batch where the target takes several at once; and for the
 * new ones on a target without upsert one look-up for each `findBatchMax` of them; at most six at once.
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
  const { writeMany } = prepared.target;
  const sent =
    writeMany === undefined ? undefined : await sendTogether(runtime, writeMany, readyOf(prepared, writes, looked));
  const written: Written[] = [];
  await eachOf(writes, AT_ONCE, async (write, place) => {
    const came = sent?.get(write);
    written[place] = await bring(prepared, runtime, write, () =>
      came === undefined
        ? round(prepared, runtime, write, looked.get(write))
        : afterWrite(prepared, runtime, write, came),
    );
  });
  return written;
};
