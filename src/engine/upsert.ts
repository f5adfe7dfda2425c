import { type Digest, digestJson, digestText } from '../core/digest.ts';
import type { Instant } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import { jsonFlaw } from '../core/json-flaw.ts';
import { restoreSensitive } from '../core/mapping/sensitive.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import type { WriteDecided, WriteOutcome } from '../core/protocol/write-routes.ts';
import { type ContractCache, type DriverFactory, prepare, type Prepared, takeContract } from './contracts.ts';
import type { Runtime } from './runtime.ts';
import type { TargetWrite } from './target-look.ts';
import { writeToTarget, type Written } from './target-write.ts';

export type UpsertPorts = {
  readonly store: StorePort;
  readonly contracts: ContractCache;
  readonly driver: DriverFactory;
  readonly runtime: Runtime;
};

/** One record to write. */
export type UpsertItem = {
  /** A delivery of ours, or a record that the Zap brought itself. */
  readonly subject:
    | { readonly kind: 'delivery'; readonly deliveryId: string }
    | { readonly kind: 'record'; readonly externalId: string; readonly updatedAt: Instant };
  /** Fields of the target record as the trigger gave them. */
  readonly fields: JsonObject;
  /** Fields that the Zap sets otherwise; they win. */
  readonly overrides: JsonObject;
};

export type UpsertResult =
  | {
      readonly kind: 'done';
      /** `written` when the target does not say whether it created; `found` when it held the version already. */
      readonly status: 'created' | 'updated' | 'written' | 'found' | 'already_applied' | 'stale';
      readonly externalId: string;
      readonly targetId: string | null;
    }
  /** The record as it is cannot be written; it is a dead letter with an owner now. */
  | { readonly kind: 'rejected'; readonly externalId: string; readonly reason: string }
  /** Not written, or not known: the step is to be tried again. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly reason: string }
  /** The store knows of no such delivery, or another write of the record has begun since. */
  | { readonly kind: 'refused'; readonly code: 'not_found' | 'conflict' | 'fenced'; readonly reason: string };

type Begun = Awaited<ReturnType<StorePort['beginWrites']>>;
type Proceed = Extract<WriteDecided, { kind: 'proceed' }>;

const statusOf = (
  outcome: Extract<WriteOutcome, { kind: 'confirmed' }>,
): 'created' | 'updated' | 'written' | 'found' => {
  if (outcome.created === true) return 'created';
  if (outcome.created === false) return 'updated';
  return outcome.readBack ? 'found' : 'written';
};

const invalid = (reasons: readonly string[]): Written => ({
  outcome: { kind: 'failed', errorClass: 'validation', reason: storableReason(reasons.join('; ')) },
  attempts: 0,
  retryAfterMs: 0,
  signal: { kind: 'none' },
});

type Shaped =
  | { readonly kind: 'valid'; readonly write: TargetWrite }
  /** The record breaks the contract: nothing is sent. */
  | { readonly kind: 'invalid'; readonly written: Written };

/** A record that may be written now. */
type Granted = { readonly intentId: string; readonly item: UpsertItem; readonly proceed: Proceed };

/** The record as the target is to hold it. */
const shape = ({ bundle, mapping }: Prepared, { proceed, item, intentId }: Granted): Shaped => {
  // What the Zap left out of a delivery is written as it was delivered: only what it set itself is its own.
  const whole = { ...proceed.delivered, ...item.fields, ...item.overrides };
  const restored = restoreSensitive(bundle.sync, whole, proceed.delivered);
  if (restored.kind === 'not_sealed') {
    const reasons = restored.names.map((field) => `${field} is a sealed value, and none was sealed under that name`);
    return { kind: 'invalid', written: invalid(reasons) };
  }
  const { problems, fields } = mapping.normalize(restored.fields);
  if (problems.length > 0) {
    return { kind: 'invalid', written: invalid(problems.map(({ field, message }) => `${field} ${message}`)) };
  }
  const { externalId, targetId, readBack } = proceed;
  return { kind: 'valid', write: { externalId, fields, targetId, readBack, intentId } };
};

const resultOf = (externalId: string, { outcome, retryAfterMs }: Written): UpsertResult => {
  switch (outcome.kind) {
    case 'confirmed':
      return { kind: 'done', status: statusOf(outcome), externalId, targetId: outcome.targetId };
    case 'failed':
      return { kind: 'rejected', externalId, reason: outcome.reason };
    case 'unknown':
    case 'not_sent':
      return { kind: 'retry', afterMs: retryAfterMs, reason: outcome.reason };
  }
};

/** Names what the Zap brought, also where validation will refuse it: then the refusal has a version to be filed under. */
const versionDigest = (fields: JsonObject): Digest =>
  jsonFlaw(fields) === undefined ? digestJson(fields) : digestText(JSON.stringify(fields));

const subjectOf = ({ subject, fields, overrides }: UpsertItem) =>
  subject.kind === 'delivery'
    ? { ...subject, overridesDigest: Object.keys(overrides).length > 0 ? versionDigest(overrides) : null }
    : {
        kind: 'record' as const,
        externalId: subject.externalId,
        version: { updatedAt: subject.updatedAt, digest: versionDigest({ ...fields, ...overrides }) },
      };

/** Writes what was granted and tells the store, in one call, what each came to. */
const write = async (
  ports: UpsertPorts,
  prepared: Prepared,
  granted: readonly Granted[],
): Promise<ReadonlyMap<string, UpsertResult>> => {
  const shaped = granted.map((one) => ({ ...one, shaped: shape(prepared, one) }));
  const valid = shaped.flatMap((one) => (one.shaped.kind === 'valid' ? [one.shaped.write] : []));
  const written = await writeToTarget(prepared, ports.runtime, valid);
  const byWrite = new Map(valid.map((one, index) => [one, written[index]]));
  const ended = shaped.map(({ intentId, proceed, shaped: how }) => {
    const came = how.kind === 'valid' ? byWrite.get(how.write) : how.written;
    if (came === undefined) throw new Error(`Cannot complete write ${intentId}: nothing is known of it`);
    const writtenDigest =
      how.kind === 'valid' && came.outcome.kind === 'confirmed' ? digestJson(how.write.fields) : null;
    return { intentId, proceed, came, writtenDigest };
  });
  const { results } = await ports.store.completeWrites(
    {},
    {
      items: ended.map(({ intentId, proceed, came, writtenDigest }) => ({
        intentId,
        fence: proceed.fence,
        attempts: came.attempts,
        writtenDigest,
        outcome: came.outcome,
        signal: came.signal,
      })),
    },
  );
  return new Map(
    ended.map(({ intentId, proceed, came }, index) => {
      const result = results[index];
      return [intentId, result?.kind === 'refused' ? result : resultOf(proceed.externalId, came)];
    }),
  );
};

const stopReason = {
  circuit_open: (system: string) =>
    `Nothing is written to system "${system}" for now: it has failed several times in a row`,
  throttled: (system: string) => `Nothing is written to system "${system}" for now: it asked to wait`,
} as const;

const decidedResult = (decision: Exclude<WriteDecided, Proceed>): UpsertResult => {
  switch (decision.kind) {
    case 'already_applied':
    case 'stale':
      return { kind: 'done', status: decision.kind, externalId: decision.externalId, targetId: decision.targetId };
    case 'dead_lettered':
      return { kind: 'rejected', externalId: decision.externalId, reason: decision.reason };
    case 'in_progress':
      return { kind: 'retry', afterMs: decision.retryAfterMs, reason: 'Another run is writing this record' };
    case 'stop':
      return { kind: 'retry', afterMs: decision.retryAfterMs, reason: stopReason[decision.reason](decision.system) };
    case 'refused':
      return decision;
  }
};

/**
 * Writes up to 100 records to the target of a sync, each once: begin, intents, writes, complete.
 *
 * Makes 2 round trips to the store (1 when nothing is to be written), however many records there are, and to the target
 * what `writeToTarget` says. If this process dies in between, the intents' leases end and the next attempt reads the
 * target before it writes.
 *
 * @returns what each came to, in the order given
 * @throws StoreError when the store refuses or cannot be reached; whatever the target did is then found by read-back
 */
export const upsertMany = async (
  ports: UpsertPorts,
  request: { readonly sync: string; readonly items: readonly UpsertItem[] },
): Promise<UpsertResult[]> => {
  const { sync } = request;
  const asked = request.items.map((item) => ({ item, intentId: ports.runtime.newId() }));
  const begun: Begun = await ports.store.beginWrites(
    {},
    {
      sync,
      knownContract: ports.contracts.get(sync)?.version ?? null,
      items: asked.map(({ item, intentId }) => ({ intentId, subject: subjectOf(item) })),
    },
  );
  const decided = asked.map(({ item, intentId }, index) => {
    const decision = begun.decisions[index];
    if (decision === undefined) throw new Error(`Cannot write record ${index + 1}: the store decided nothing on it`);
    return { item, intentId, decision };
  });
  const granted = decided.flatMap(({ item, intentId, decision }) =>
    decision.kind === 'proceed' ? [{ item, intentId, proceed: decision }] : [],
  );
  const written =
    granted.length === 0
      ? new Map<string, UpsertResult>()
      : await write(ports, prepare(takeContract(ports.contracts, sync, begun), ports.driver), granted);
  return decided.map(({ intentId, decision }) => {
    if (decision.kind !== 'proceed') return decidedResult(decision);
    const result = written.get(intentId);
    if (result === undefined) throw new Error(`Cannot tell what became of write ${intentId}`);
    return result;
  });
};

/** Writes one record: `upsertMany` of one. */
export const upsert = async (
  ports: UpsertPorts,
  { sync, ...item }: UpsertItem & { readonly sync: string },
): Promise<UpsertResult> => {
  const [result] = await upsertMany(ports, { sync, items: [item] });
  if (result === undefined) throw new Error('Cannot tell what became of the write: it has no result');
  return result;
};
