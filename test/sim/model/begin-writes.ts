import { besideProbe, type Gate, gateOf } from '../../../src/core/circuit/circuit.ts';
import { contractFor, type ContractBundle } from '../../../src/core/contract/bundle.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import type { WriteDecided } from '../../../src/core/protocol/write-routes.ts';
import {
  decideBegin,
  digestWith,
  type FencedTarget,
  inOrder,
  orderedAt,
  unknownDelivery,
} from '../../../src/core/write/begin-decision.ts';
import { intentTable } from '../../../src/core/write/intent-state.ts';
import type { Version } from '../../../src/core/write/write-decision.ts';
import { circuitOf, putProbe } from './circuits.ts';
import { currentBundle } from './contracts.ts';
import { closeApplied } from './dead-letters.ts';
import { obligationOf, payloadOf, settleObligation, settleOnTarget } from './obligations.ts';
import type { Operation, Request } from './operation.ts';
import { settleParking } from './parking.ts';
import { addTo, found, type Intent, type Obligation, streamById, type TargetRecord, type Work } from './state.ts';
import { moveCommitted } from './streams.ts';
import { findTarget, targetKey, targetOf } from './targets.ts';

type Item = Request<'beginWrites'>['items'][number];

type Subject = {
  readonly intentId: string;
  readonly externalId: string;
  readonly version: Version;
  readonly obligation: Obligation | null;
};

/** What is to be recorded once every item is decided, with the target records as the items before have left them. */
type Plan = {
  readonly bundle: ContractBundle;
  readonly targets: Map<string, TargetRecord>;
  readonly intents: Intent[];
  readonly same: Subject[];
  readonly older: Subject[];
  gate: Gate;
};

const subjectOf = (work: Work, sync: string, { intentId, subject }: Item): Subject | undefined => {
  if (subject.kind === 'record') {
    const { updatedAt, digest } = subject.version;
    const version = { updatedAt, sequence: null, digest };
    return { intentId, externalId: subject.externalId, version, obligation: null };
  }
  const delivery = work.state.deliveries.get(subject.deliveryId.toLowerCase());
  if (delivery === undefined || streamById(work, delivery.streamId).sync !== sync) return undefined;
  const obligation = obligationOf(work, delivery.obligationId);
  const { externalId, updatedAt, openedAt, sequence } = obligation;
  const digest = digestWith(obligation.digest, subject.overridesDigest);
  return { intentId, externalId, version: { updatedAt: orderedAt(updatedAt, openedAt), sequence, digest }, obligation };
};

const deliveredFields = ({ obligation }: Subject): JsonObject =>
  (obligation === null ? undefined : payloadOf(obligation)) ?? {};

const proceed = (subject: Subject, { fence, targetId }: FencedTarget, readBack: boolean): WriteDecided => {
  const { externalId, version } = subject;
  const delivered = deliveredFields(subject);
  return { kind: 'proceed', fence, externalId, updatedAt: version.updatedAt, targetId, readBack, delivered };
};

const decide = (work: Work, given: Subject, plan: Plan): WriteDecided => {
  const key = targetKey(plan.bundle, given.externalId);
  const target = found(plan.targets.get(key), `target record ${key}`);
  const subject = inOrder(given, target.applied, work.now);
  const { intentId, externalId, version, obligation } = subject;
  const decision = decideBegin(subject, target, work.now);
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
      return proceed(subject, target, true);
    case 'begin': {
      const { gate } = plan;
      if (gate.kind === 'stop') return { ...gate, system: plan.bundle.target.name };
      if (gate.kind === 'probe') plan.gate = besideProbe;
      const { fence } = decision.target;
      const { leaseUntil } = found(decision.target.intent ?? undefined, 'intent of a begun write');
      plan.targets.set(key, { ...target, ...decision.target });
      const begun = {
        state: 'open' as const,
        leaseUntil,
        begunAt: work.now,
        endedAt: null,
        attempts: null,
        said: null,
      };
      const about = { intentId, sync: plan.bundle.sync.name, targetKey: key, externalId, fence, version };
      const obligationId = obligation?.obligationId ?? null;
      plan.intents.push({ ...about, obligationId, readBack: decision.readBack, ...begun });
      return proceed(subject, decision.target, decision.readBack);
    }
  }
};

const refuseUsedIntents = ({ state }: Work, { intents }: Plan): void => {
  const used = intents.find(({ intentId }) => state.intents.has(intentId));
  if (used === undefined) return;
  throw new StoreError('conflict', `Cannot begin write ${used.intentId} again: another has followed it. Begin another`);
};

const writeIntent = ({ state, now }: Work, intent: Intent, target: TargetRecord): void => {
  const before = state.intents.get(state.targets.get(intent.targetKey)?.intent?.intentId ?? '');
  if (before?.state === 'open') {
    state.intents.set(before.intentId, { ...before, state: intentTable.open.followed, endedAt: now });
  }
  state.intents.set(intent.intentId, intent);
  if (intent.obligationId !== null) addTo(state.intentsOfObligation, intent.obligationId, intent.intentId);
  state.targets.set(intent.targetKey, target);
};

const obligationsOf = (subjects: readonly Subject[]): Obligation[] =>
  subjects.flatMap(({ obligation }) => (obligation === null ? [] : [obligation]));

const record = (work: Work, { bundle, targets, intents, same, older }: Plan): void => {
  for (const intent of intents) {
    writeIntent(work, intent, found(targets.get(intent.targetKey), `target record ${intent.targetKey}`));
  }
  for (const { externalId, version } of same) {
    const target = targetOf(work, bundle, externalId);
    work.state.targets.set(targetKey(bundle, externalId), { ...target, applied: version });
  }
  for (const { externalId, version } of same) closeApplied(work, bundle.sync.name, externalId, version);
  const unchanged = obligationsOf(same).map(({ obligationId }) => obligationId);
  settleOnTarget(work, unchanged, 'found_on_target', 'The target holds this version');
  for (const { obligationId } of obligationsOf(older)) {
    settleObligation(work, obligationId, 'newer_on_target', 'The target holds a newer version');
  }
  for (const streamId of new Set(obligationsOf([...same, ...older]).map((one) => one.streamId))) {
    moveCommitted(work, streamId);
  }
};

export const beginWrites: Operation<'beginWrites'> = (work, _params, request) => {
  const { sync, items, knownContract } = request;
  const bundle = currentBundle(work, sync);
  const subjects = items.map((item) => subjectOf(work, sync, item));
  const targets = new Map<string, TargetRecord>();
  for (const subject of subjects) {
    if (subject === undefined) continue;
    targets.set(targetKey(bundle, subject.externalId), findTarget(work, bundle, subject.externalId));
  }
  const circuit = circuitOf(work, bundle.target.name);
  const gate = gateOf(circuit, work.now);
  const plan: Plan = { bundle, targets, gate, intents: [], same: [], older: [] };
  const decisions = items.map(({ subject: given }, index): WriteDecided => {
    const subject = subjects[index];
    if (subject !== undefined) return decide(work, subject, plan);
    const reason = unknownDelivery(given.kind === 'delivery' ? given.deliveryId : '', sync, work.environment);
    return { kind: 'refused', code: 'not_found', reason };
  });
  refuseUsedIntents(work, plan);
  for (const subject of subjects) if (subject !== undefined) targetOf(work, bundle, subject.externalId);
  record(work, plan);
  const { acknowledgeWithinSeconds } = bundle.sync.delivery;
  const probe = (gate.kind === 'probe' ? plan.intents[0]?.intentId : undefined) ?? null;
  settleParking(work, request, decisions, { circuit, gate, acknowledgeWithinSeconds, probe });
  if (probe !== null) putProbe(work, bundle.target.name, probe);
  return { ...contractFor(bundle, knownContract), decisions };
};
