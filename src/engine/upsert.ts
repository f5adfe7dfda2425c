import { type Digest, digestJson, digestText } from '../core/digest.ts';
import type { Instant } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import { jsonFlaw } from '../core/json-flaw.ts';
import { restoreSensitive } from '../core/mapping/sensitive.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import type { WriteOutcome } from '../core/protocol/write-routes.ts';
import { type ContractCache, type DriverFactory, prepare, type Prepared, takeContract } from './contracts.ts';
import type { Runtime } from './runtime.ts';
import { writeToTarget, type Written } from './target-write.ts';

export type UpsertPorts = {
  readonly store: StorePort;
  readonly contracts: ContractCache;
  readonly driver: DriverFactory;
  readonly runtime: Runtime;
};

export type UpsertRequest = {
  readonly sync: string;
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
  | { readonly kind: 'retry'; readonly afterMs: number; readonly reason: string };

type Begun = Awaited<ReturnType<StorePort['beginWrite']>>;
type Proceed = Extract<Begun['decision'], { kind: 'proceed' }>;

const statusOf = (
  outcome: Extract<WriteOutcome, { kind: 'confirmed' }>,
): 'created' | 'updated' | 'written' | 'found' => {
  if (outcome.created === true) return 'created';
  if (outcome.created === false) return 'updated';
  return outcome.readBack ? 'found' : 'written';
};

/** What a write came to, with the digest of what the target holds by it. */
type Attempted = Written & { readonly digest: string | null };

const invalid = (reasons: readonly string[]): Attempted => ({
  digest: null,
  outcome: { kind: 'failed', errorClass: 'validation', reason: storableReason(reasons.join('; ')) },
  attempts: 0,
  retryAfterMs: 0,
});

const attempt = async (
  prepared: Prepared,
  runtime: Runtime,
  proceed: Proceed,
  fields: JsonObject,
): Promise<Attempted> => {
  // What the Zap left out of a delivery is written as it was delivered: only what it set itself is its own.
  const whole = { ...proceed.delivered, ...fields };
  const restored = restoreSensitive(prepared.bundle.sync, whole, proceed.delivered);
  if (restored.kind === 'not_sealed') {
    return invalid(restored.names.map((field) => `${field} is a sealed value, and none was sealed under that name`));
  }
  const mapped = prepared.mapping.normalize(restored.fields);
  if (mapped.problems.length > 0) return invalid(mapped.problems.map(({ field, message }) => `${field} ${message}`));
  const written = await writeToTarget(prepared, runtime, {
    externalId: proceed.externalId,
    fields: mapped.fields,
    targetId: proceed.targetId,
    readBack: proceed.readBack,
  });
  return { ...written, digest: written.outcome.kind === 'confirmed' ? digestJson(mapped.fields) : null };
};

const resultOf = (externalId: string, written: Written): UpsertResult => {
  const { outcome } = written;
  switch (outcome.kind) {
    case 'confirmed':
      return { kind: 'done', status: statusOf(outcome), externalId, targetId: outcome.targetId };
    case 'failed':
      return { kind: 'rejected', externalId, reason: outcome.reason };
    case 'unknown':
    case 'not_sent':
      return { kind: 'retry', afterMs: written.retryAfterMs, reason: outcome.reason };
  }
};

/** Names what the Zap brought, also where validation will refuse it: then the refusal has a version to be filed under. */
const versionDigest = (fields: JsonObject): Digest =>
  jsonFlaw(fields) === undefined ? digestJson(fields) : digestText(JSON.stringify(fields));

const begin = (ports: UpsertPorts, request: UpsertRequest, intentId: string): Promise<Begun> => {
  const { subject, overrides, fields, sync } = request;
  const hasOverrides = Object.keys(overrides).length > 0;
  return ports.store.beginWrite(
    {},
    {
      intentId,
      sync,
      knownContract: ports.contracts.get(sync)?.version ?? null,
      subject:
        subject.kind === 'delivery'
          ? { ...subject, overridesDigest: hasOverrides ? versionDigest(overrides) : null }
          : {
              kind: 'record',
              externalId: subject.externalId,
              version: { updatedAt: subject.updatedAt, digest: versionDigest({ ...fields, ...overrides }) },
            },
    },
  );
};

/**
 * Writes one record to the target of a sync, once: begin, intent, write, complete.
 *
 * Makes 2 round trips to the store (1 when nothing is to be written) and 1 or 2 requests to the target. If this
 * process dies in between, the intent's lease ends and the next attempt reads the target before it writes.
 *
 * @throws StoreError when the store refuses or cannot be reached; whatever the target did is then found by read-back
 */
export const upsert = async (ports: UpsertPorts, request: UpsertRequest): Promise<UpsertResult> => {
  const intentId = ports.runtime.newId();
  const begun = await begin(ports, request, intentId);
  const { decision } = begun;
  switch (decision.kind) {
    case 'already_applied':
    case 'stale':
      return { kind: 'done', status: decision.kind, externalId: decision.externalId, targetId: decision.targetId };
    case 'dead_lettered':
      return { kind: 'rejected', externalId: decision.externalId, reason: decision.reason };
    case 'in_progress':
      return { kind: 'retry', afterMs: decision.retryAfterMs, reason: 'Another run is writing this record' };
    case 'proceed': {
      const prepared = prepare(takeContract(ports.contracts, request.sync, begun), ports.driver);
      const written = await attempt(prepared, ports.runtime, decision, { ...request.fields, ...request.overrides });
      await ports.store.completeWrite(
        { intent: intentId },
        { fence: decision.fence, attempts: written.attempts, writtenDigest: written.digest, outcome: written.outcome },
      );
      return resultOf(decision.externalId, written);
    }
  }
};
