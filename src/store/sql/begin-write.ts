import { sql } from 'kysely';
import type { ContractBundle } from '../../core/contract/bundle.ts';
import { digestText } from '../../core/digest.ts';
import { compareInstants, type Instant, instantToMs } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { decideWrite, type Version } from '../../core/write/write-decision.ts';
import { contractFor, currentBundle } from './contracts-table.ts';
import { writeIntent } from './intents-table.ts';
import { openPayload, settleObligation, settleOnTarget } from './obligations-table.ts';
import type { Operations } from './operations.ts';
import type { ObligationState } from './schema.ts';
import { lockStream, moveCommitted } from './streams-table.ts';
import { lockTarget, markApplied } from './target-records-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['beginWrite']>[2];
type Reply = Awaited<ReturnType<Operations['beginWrite']>>;
type Decision = Reply['decision'];

type Obligation = {
  readonly obligationId: number;
  readonly streamId: number;
  readonly state: ObligationState;
  readonly reason: string | null;
  readonly sealed: Buffer | null;
  readonly observedDigest: string;
};

/** What is to be written, whoever brought it. */
type Subject = {
  readonly externalId: string;
  readonly version: Version;
  /** Null for a record that a Zap brought itself. */
  readonly obligation: Obligation | null;
};

type DeliveryRow = {
  obligation_id: number;
  sequence: number;
  stream_id: number;
  external_id: string;
  /** The update time, or the time of observation where that is earlier: what versions are ordered by. */
  ordered_at: Instant;
  digest: string;
  state: ObligationState;
  reason: string | null;
  sealed: Buffer | null;
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const findDelivery = async (work: Work, sync: string, deliveryId: string): Promise<DeliveryRow> => {
  const found = UUID.test(deliveryId)
    ? await sql<DeliveryRow>`
        select o.obligation_id, o.sequence, o.stream_id, o.external_id, least(o.updated_at, o.opened_at) as ordered_at, o.digest, o.state, o.reason, o.sealed
        from deliveries d join obligations o using (obligation_id) join streams s using (stream_id)
        where d.delivery_id = ${deliveryId}::uuid and s.environment = ${work.caller.environment} and s.sync = ${sync}
      `.execute(work.tx)
    : { rows: [] };
  const [row] = found.rows;
  if (row !== undefined) return row;
  throw new StoreError(
    'not_found',
    `Cannot find delivery "${deliveryId.slice(0, 50)}" of sync "${sync}" in ${work.caller.environment}: map Delivery ID from the Tidemark trigger of the same sync`,
  );
};

const findSubject = async (work: Work, request: Request): Promise<Subject> => {
  const { subject } = request;
  if (subject.kind === 'record') {
    const { updatedAt, digest } = subject.version;
    // A time in the future is taken for now: it would otherwise make every later version stale.
    const orderedAt = compareInstants(updatedAt, work.now) > 0 ? work.now : updatedAt;
    return {
      externalId: subject.externalId,
      version: { updatedAt: orderedAt, digest, sequence: null },
      obligation: null,
    };
  }
  const row = await findDelivery(work, request.sync, subject.deliveryId);
  // What the Zap changed makes another version of the same observation.
  const digest = subject.overridesDigest === null ? row.digest : digestText(`${row.digest}/${subject.overridesDigest}`);
  return {
    externalId: row.external_id,
    version: { updatedAt: row.ordered_at, sequence: row.sequence, digest },
    obligation: {
      obligationId: row.obligation_id,
      streamId: row.stream_id,
      state: row.state,
      reason: row.reason,
      sealed: row.sealed,
      observedDigest: row.digest,
    },
  };
};

/** The answer for an obligation that is settled already; undefined for one that is open. */
const settledDecision = ({ externalId, obligation }: Subject, targetId: string | null): Decision | undefined => {
  switch (obligation?.state) {
    case undefined:
    case 'open':
    case 'held':
      return undefined;
    case 'applied':
    case 'unchanged':
    case 'waived':
      return { kind: 'already_applied', externalId, targetId };
    case 'superseded':
      return { kind: 'stale', externalId, targetId };
    case 'dead_lettered':
      return { kind: 'dead_lettered', externalId, reason: obligation.reason ?? 'The record is a dead letter' };
  }
};

const settle = async (work: Work, { obligation }: Subject, state: 'unchanged' | 'superseded'): Promise<void> => {
  if (obligation === null) return;
  await lockStream(work, obligation.streamId);
  if (state === 'unchanged') {
    await settleOnTarget(work, obligation.obligationId, state, 'The target holds this version');
  } else {
    await settleObligation(work, obligation.obligationId, state, 'The target holds a newer version');
  }
  await moveCommitted(work, obligation.streamId);
};

const deliveredFields = (work: Work, { externalId, obligation }: Subject): JsonObject => {
  if (obligation === null || obligation.sealed === null) return {};
  const { streamId, sealed, observedDigest } = obligation;
  return openPayload(work, { streamId, externalId, digest: observedDigest, sealed });
};

/** The request with what it is about. */
type Asked = { readonly request: Request; readonly subject: Subject; readonly bundle: ContractBundle };
type Grant = { readonly fence: number; readonly readBack: boolean };

const proceed = (work: Work, { subject }: Asked, targetId: string | null, grant: Grant): Decision => ({
  kind: 'proceed',
  fence: grant.fence,
  externalId: subject.externalId,
  updatedAt: subject.version.updatedAt,
  targetId,
  readBack: grant.readBack,
  delivered: deliveredFields(work, subject),
});

const decide = async (work: Work, asked: Asked): Promise<Decision> => {
  const { request, subject, bundle } = asked;
  const { externalId, version } = subject;
  const { entity, externalIdField: field } = bundle.sync.target;
  const key = { system: bundle.target.name, entity, field, externalId };
  const target = await lockTarget(work, key);
  const { targetId } = target;
  const settled = settledDecision(subject, targetId);
  if (settled !== undefined) return settled;
  if (target.intent?.intentId === request.intentId && target.intent.state !== 'open') {
    throw new StoreError('conflict', `Cannot begin write ${request.intentId} again: it has ended. Begin another`);
  }
  const decision = decideWrite(request.intentId, version, target, work.now);
  switch (decision.kind) {
    case 'repeat':
      return proceed(work, asked, targetId, { fence: target.fence, readBack: true });
    case 'already_applied':
      await markApplied(work, key, version);
      await settle(work, subject, 'unchanged');
      return { kind: 'already_applied', externalId, targetId };
    case 'stale':
      await settle(work, subject, 'superseded');
      return { kind: 'stale', externalId, targetId };
    case 'in_progress':
      return {
        kind: 'in_progress',
        retryAfterMs: Math.max(1000, instantToMs(decision.until) - instantToMs(work.now)),
      };
    case 'proceed': {
      const grant = { fence: target.fence + 1, readBack: decision.readBack };
      const obligationId = subject.obligation?.obligationId ?? null;
      await writeIntent(work, { intentId: request.intentId, sync: request.sync, key, version, obligationId, ...grant });
      return proceed(work, asked, targetId, grant);
    }
  }
};

/**
 * Decides whether one record may be written now, and if so records the intent before anything goes out.
 *
 * The row of the target record stays locked throughout: of two that ask for one external ID at once the second sees
 * the intent of the first.
 */
export const beginWrite = async (work: Work, request: Request): Promise<Reply> => {
  const bundle = await currentBundle(work, request.sync);
  const subject = await findSubject(work, request);
  return { ...contractFor(bundle, request.knownContract), decision: await decide(work, { request, subject, bundle }) };
};
