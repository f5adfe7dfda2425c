import { besideProbe, type Circuit, type Gate, gateOf, mayPark } from '../../core/circuit/circuit.ts';
import { contractFor } from '../../core/contract/bundle.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ObligationState } from '../../core/obligation/obligation-state.ts';
import type { WriteDecided } from '../../core/protocol/write-routes.ts';
import {
  decideBegin,
  digestWith,
  type FencedTarget,
  inOrder,
  unknownDelivery,
} from '../../core/write/begin-decision.ts';
import type { Version } from '../../core/write/write-decision.ts';
import { lockCircuit, readCircuit, saveProbe } from './circuits-table.ts';
import { currentBundle } from './contracts-table.ts';
import { closeApplied } from './dead-letters-table.ts';
import { type DeliveryRow, findDeliveries } from './deliveries-table.ts';
import { appendAllEvidence } from './evidence-table.ts';
import { type NewIntent, writeIntents } from './intents-table.ts';
import { openPayload, settleObligation, settleOnTarget } from './obligations-table.ts';
import type { Operations } from './operations.ts';
import { settleParking } from './parking.ts';
import { lockStreams, moveCommitted } from './streams-table.ts';
import {
  lockedTarget,
  lockTargets,
  markApplied,
  type TargetKey,
  targetKeyText,
  type TargetPlace,
} from './target-records-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['beginWrites']>[2];
type Reply = Awaited<ReturnType<Operations['beginWrites']>>;
type Item = Request['items'][number];

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
  readonly intentId: string;
  readonly key: TargetKey;
  readonly version: Version;
  /** Null for a record that a Zap brought itself. */
  readonly obligation: Obligation | null;
};

const subjectOf = (
  work: Work,
  { intentId, subject }: Item,
  place: TargetPlace,
  deliveries: ReadonlyMap<string, DeliveryRow>,
): Subject | undefined => {
  if (subject.kind === 'record') {
    const { updatedAt, digest } = subject.version;
    const version = { updatedAt, digest, sequence: null };
    return { intentId, key: { ...place, externalId: subject.externalId }, version, obligation: null };
  }
  const row = deliveries.get(subject.deliveryId.toLowerCase());
  if (row === undefined) return undefined;
  const digest = digestWith(row.digest, subject.overridesDigest);
  return {
    intentId,
    key: { ...place, externalId: row.external_id },
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

const deliveredFields = (work: Work, { key: { externalId }, obligation }: Subject): JsonObject => {
  if (obligation === null || obligation.sealed === null) return {};
  const { streamId, sealed, observedDigest } = obligation;
  return openPayload(work, { streamId, externalId, digest: observedDigest, sealed });
};

type Grant = { readonly fence: number; readonly readBack: boolean };

const proceed = (work: Work, subject: Subject, targetId: string | null, grant: Grant): WriteDecided => ({
  kind: 'proceed',
  fence: grant.fence,
  externalId: subject.key.externalId,
  updatedAt: subject.version.updatedAt,
  targetId,
  readBack: grant.readBack,
  delivered: deliveredFields(work, subject),
});

/** The target records as the items before have left them, and what is to be recorded once every item is decided. */
type Plan = {
  readonly sync: string;
  readonly targets: Map<string, FencedTarget>;
  readonly intents: NewIntent[];
  /** The target holds the version already. */
  readonly same: Subject[];
  /** The target holds a newer one. */
  readonly older: Subject[];
  readonly system: string;
  /** What the circuit before the system lets through; its one probe is taken by the first that needs it. */
  gate: Gate;
};

/** Decides one item, without a statement. */
const decide = (work: Work, given: Subject, plan: Plan): WriteDecided => {
  const { sync, targets } = plan;
  const target = lockedTarget(targets, given.key);
  const subject = inOrder(given, target.applied, work.now);
  const { intentId, key, version } = subject;
  const decision = decideBegin({ ...subject, externalId: key.externalId }, target, work.now);
  switch (decision.kind) {
    case 'answer':
      return decision.answer;
    case 'same':
      plan.same.push(subject);
      return decision.answer;
    case 'older':
      plan.older.push(subject);
      return decision.answer;
    case 'repeat':
      return proceed(work, subject, target.targetId, { fence: target.fence, readBack: true });
    case 'begin': {
      const { gate, system } = plan;
      if (gate.kind === 'stop') return { ...gate, system };
      if (gate.kind === 'probe') plan.gate = besideProbe;
      const { fence } = decision.target;
      targets.set(targetKeyText(key), decision.target);
      const obligationId = subject.obligation?.obligationId ?? null;
      const grant = { fence, readBack: decision.readBack };
      plan.intents.push({ intentId, sync, key, version, obligationId, ...grant });
      return proceed(work, subject, target.targetId, grant);
    }
  }
};

const obligationsOf = (subjects: readonly Subject[]): Obligation[] =>
  subjects.flatMap(({ obligation }) => (obligation === null ? [] : [obligation]));

const streamsOf = (subjects: readonly Subject[]): number[] => [
  ...new Set(obligationsOf(subjects).map(({ streamId }) => streamId)),
];

const record = async (
  work: Work,
  { sync, intents, same, older }: Plan,
  parkable: readonly Subject[],
): Promise<void> => {
  await writeIntents(work, intents);
  for (const { key, version } of same) await markApplied(work, key, version);
  const streamIds = streamsOf([...same, ...older]);
  await lockStreams(work, [...new Set([...streamIds, ...streamsOf(parkable)])]);
  await closeApplied(
    work,
    sync,
    same.map(({ key, version }) => ({ externalId: key.externalId, at: version.updatedAt, sequence: version.sequence })),
  );
  const unchanged = obligationsOf(same).map(({ obligationId }) => obligationId);
  await settleOnTarget(work, unchanged, 'found_on_target', 'The target holds this version');
  for (const { obligationId } of obligationsOf(older)) {
    await settleObligation(work, obligationId, 'newer_on_target', 'The target holds a newer version');
  }
  for (const streamId of streamIds) await moveCommitted(work, streamId);
};

const deliveryIdOf = ({ subject }: Item): string => (subject.kind === 'delivery' ? subject.deliveryId : '');

/** The circuit before the target, locked unless writes simply go through. */
const approach = async (work: Work, system: string): Promise<{ readonly circuit: Circuit; readonly gate: Gate }> => {
  const seen = await readCircuit(work, system);
  const circuit = gateOf(seen, work.now).kind === 'pass' ? seen : await lockCircuit(work, system);
  return { circuit, gate: gateOf(circuit, work.now) };
};

/**
 * Decides for each of up to 100 records whether it may be written now, and records the intents before anything goes out.
 *
 * The rows of the target records stay locked throughout: of two that ask for one external ID at once the second sees
 * the intent of the first, also within one batch. Four statements and one for the contract, however many records are
 * to be written; those that the target holds already cost two or three more, and so does a circuit that was ever open.
 */
export const beginWrites = async (work: Work, request: Request): Promise<Reply> => {
  const { sync, items } = request;
  const bundle = await currentBundle(work, sync);
  const { entity, externalIdField: field } = bundle.sync.target;
  const place = { system: bundle.target.name, entity, field };
  const deliveries = await findDeliveries(work, sync, items.map(deliveryIdOf));
  const subjects = items.map((item) => subjectOf(work, item, place, deliveries));
  const present = subjects.filter((subject) => subject !== undefined);
  const keys = present.map(({ key }) => key);
  const { circuit, gate } = await approach(work, place.system);
  const targets = new Map(await lockTargets(work, keys));
  const plan: Plan = { sync, system: place.system, targets, gate, intents: [], same: [], older: [] };
  const decisions = items.map((item, index): WriteDecided => {
    const subject = subjects[index];
    if (subject !== undefined) return decide(work, subject, plan);
    const reason = unknownDelivery(deliveryIdOf(item), sync, work.caller.environment);
    return { kind: 'refused', code: 'not_found', reason };
  });
  await record(work, plan, mayPark(circuit, gate) ? present : []);
  const { acknowledgeWithinSeconds } = bundle.sync.delivery;
  const probe = (gate.kind === 'probe' ? plan.intents[0]?.intentId : undefined) ?? null;
  await settleParking(work, request, decisions, { circuit, gate, place, acknowledgeWithinSeconds, probe });
  if (probe !== null) await appendAllEvidence(work, await saveProbe(work, place.system, circuit, probe));
  return { ...contractFor(bundle, request.knownContract), decisions };
};
