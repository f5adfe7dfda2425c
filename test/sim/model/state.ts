import type { Circuit } from '../../../src/core/circuit/circuit.ts';
import type { Route } from '../../../src/core/circuit/routing.ts';
import type { ContractBundle } from '../../../src/core/contract/bundle.ts';
import type { Environment } from '../../../src/core/contract/name.ts';
import type { SyncContract } from '../../../src/core/contract/sync-contract.ts';
import type { SystemContract } from '../../../src/core/contract/system-contract.ts';
import type { Instant } from '../../../src/core/instant.ts';
import type { DeliveryState } from '../../../src/core/obligation/delivery-state.ts';
import type { ObligationState } from '../../../src/core/obligation/obligation-state.ts';
import type { ReplayAnswer } from '../../../src/core/protocol/dead-letter-routes.ts';
import type { Checkpoint, Cursor } from '../../../src/core/read/checkpoint.ts';
import type { EdgeState } from '../../../src/core/read/edge-state.ts';
import type { CycleLease } from '../../../src/core/read/cycle-lease.ts';
import type { StreamOwner } from '../../../src/core/read/stream-owner.ts';
import type { Disposition } from '../../../src/core/reconcile/disposition.ts';
import type { ClosedLetterState } from '../../../src/core/replay/letter-state.ts';
import type { ScanEnd } from '../../../src/core/reconcile/verdict.ts';
import type { FencedTarget } from '../../../src/core/write/begin-decision.ts';
import type { WriteOutcome } from '../../../src/core/protocol/write-routes.ts';
import type { IntentState } from '../../../src/core/write/intent-state.ts';
import type { Version } from '../../../src/core/write/write-decision.ts';
import type { Facts } from './evidence.ts';

export type Stream = {
  readonly streamId: number;
  readonly sync: string;
  readonly name: string;
  readonly checkpoint: Checkpoint;
  readonly lease: CycleLease;
  readonly owner: StreamOwner;
};

export type Cycle = {
  readonly cycleId: string;
  readonly streamId: number;
  readonly fence: number;
  /** The mark when the cycle began. */
  readonly markAt: Instant | null;
  /** Of the contract that it reads by. */
  readonly contractVersion: string;
  readonly openedAt: Instant;
  readonly endedAt: Instant | null;
};

export type Obligation = {
  /** From 1, in the order of insertion. */
  readonly obligationId: number;
  /** The order of observation, anew when it is opened anew. */
  readonly sequence: number;
  readonly streamId: number;
  readonly externalId: string;
  readonly updatedAt: Instant;
  readonly digest: string;
  readonly state: ObligationState;
  readonly attempts: number;
  /** Until then a delivery is in flight; null before the first. */
  readonly dueAt: Instant | null;
  /** Before then it is not handed out: its place in a replay. */
  readonly notBefore: Instant | null;
  readonly openedAt: Instant;
  readonly deadlineAt: Instant;
  readonly settledAt: Instant | null;
  readonly reason: string | null;
  /** The poll that read it; null for a repair. */
  readonly cycleId: string | null;
  /** Of the contract that mapped it, and of the last one that it was checked against while it was held. */
  readonly contractVersion: string;
  readonly checkedVersion: string;
  /** Mapped fields as JSON; null once settled, for a dead letter once it is closed. */
  readonly payload: string | null;
  /** Characters of the payload. */
  readonly bytes: number;
};

export type Delivery = {
  readonly deliveryId: string;
  readonly obligationId: number;
  readonly streamId: number;
  /** The place of its version when it was handed out; moves with that while the obligation is open. */
  readonly sequence: number;
  readonly attempt: number;
  readonly cycleId: string;
  readonly handedAt: Instant;
  readonly dueAt: Instant;
  readonly acknowledgedAt: Instant | null;
  readonly state: DeliveryState;
  readonly route: Route;
};

export type TargetRecord = FencedTarget & {
  readonly system: string;
  readonly entity: string;
  readonly field: string;
  readonly externalId: string;
};

export type Intent = {
  readonly intentId: string;
  readonly sync: string;
  /** Key of the target record. */
  readonly targetKey: string;
  readonly externalId: string;
  readonly fence: number;
  readonly state: IntentState;
  readonly version: Version;
  readonly obligationId: number | null;
  readonly readBack: boolean;
  readonly leaseUntil: Instant;
  readonly begunAt: Instant;
  readonly endedAt: Instant | null;
  readonly attempts: number | null;
  readonly said: WriteOutcome | null;
};

export type DeadLetter = {
  readonly id: string;
  readonly sync: string;
  readonly stream: string | null;
  readonly externalId: string;
  readonly obligationId: number | null;
  /** What orders it among the versions of its record. */
  readonly version: Pick<Version, 'updatedAt' | 'sequence'>;
  readonly updatedAt: Instant;
  readonly stage: 'read' | 'deliver' | 'write' | 'zap' | 'review';
  readonly errorClass: string;
  readonly reason: string;
  readonly attempts: number;
  /** With those of the dead letters that it replaced. */
  readonly attemptsTotal: number;
  readonly owner: string;
  readonly openedAt: Instant;
  readonly contractVersion: string;
  readonly traceId: string | null;
  readonly closedAt: Instant | null;
  readonly closedAs: ClosedLetterState | null;
};

export type Difference = {
  readonly externalId: string;
  readonly kind: 'missing' | 'changed' | 'duplicated';
  readonly fields: readonly string[];
  readonly disposition: Disposition;
};

export type Run = {
  readonly runId: string;
  readonly sync: string;
  readonly streamId: number;
  readonly stream: string;
  readonly windowFrom: Instant;
  readonly windowTo: Instant;
  readonly repair: boolean;
  readonly fence: number;
  /** Number of the next slice. */
  readonly slice: number;
  readonly token: string | null;
  readonly last: Cursor | null;
  readonly source: number;
  readonly matched: number;
  readonly unusable: number;
  readonly touchedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly end: ScanEnd | null;
  readonly endReason: string | null;
  readonly evidenceId: string | null;
  readonly sourceDigests: readonly string[];
  readonly targetDigests: readonly string[];
};

export type Claim = {
  readonly claimId: string;
  readonly scope: string;
  readonly key: string;
  /** The claim that was first. */
  readonly holderId: string;
  readonly token: string | null;
  readonly claimedAt: Instant;
  readonly expiresAt: Instant | null;
};

type Numbered<C> = { readonly version: number; readonly contract: C; readonly text: string };

/** A position in the order (update time, external ID). */
export type Position = { readonly updatedAt: Instant; readonly externalId: string };

/** The obligations of one record of a stream. */
export type RecordIndex = {
  readonly unsettled: Set<number>;
  /** The newest version. */
  newest: number;
  /** The version that was observed last. */
  observed: number;
  /** When one of its versions was last observed; never moves back. */
  observedAt: Instant;
};

/** The obligations of one stream, by what they are looked up by. */
export type StreamIndex = {
  /** By `versionKey`. */
  readonly byVersion: Map<string, number>;
  /** By external ID. */
  readonly byRecord: Map<string, RecordIndex>;
  /** The sequence of the last version observed under an update time, by `momentKey`. */
  readonly latest: Map<string, number>;
  readonly unsettled: Set<number>;
  /** Every position that an obligation has, in order and each once. */
  readonly positions: Position[];
  readonly counts: Map<ObligationState, number>;
  readonly reading: { cycles: number; pages: number; rows: number; late: number };
  deliveries: number;
};

/**
 * What the store keeps, as plain objects that are replaced and never changed. Whatever looks at one has it as it was
 * then.
 */
export type State = {
  readonly systems: Map<string, Numbered<SystemContract>>;
  readonly syncs: Map<string, Numbered<SyncContract>>;
  readonly bundles: Map<string, ContractBundle>;
  /** The sync contracts of all bundles so far, by version. */
  readonly mappedBy: Map<string, SyncContract>;
  /** By `sync/stream`. */
  readonly streamIds: Map<string, number>;
  readonly streams: Map<number, Stream>;
  readonly indexes: Map<number, StreamIndex>;
  readonly cycles: Map<string, Cycle>;
  /** By stream: the memory of its edge. */
  readonly edges: Map<number, EdgeState>;
  /** What each page came to, by `cycle/page`. */
  readonly pages: Map<string, PageReply>;
  readonly obligations: Map<number, Obligation>;
  readonly deliveries: Map<string, Delivery>;
  readonly deliveriesOfCycle: Map<string, string[]>;
  readonly deliveriesOfObligation: Map<number, string[]>;
  readonly targets: Map<string, TargetRecord>;
  /** By system. */
  readonly circuits: Map<string, Circuit>;
  readonly intents: Map<string, Intent>;
  readonly intentsOfObligation: Map<number, string[]>;
  readonly deadLetters: Map<string, DeadLetter>;
  /** ID of the open one, by `letterKey`. */
  readonly openLetters: Map<string, string>;
  /** ID of the last one, by `letterKey`. */
  readonly lastLetters: Map<string, string>;
  /** By request ID. */
  readonly replays: Map<string, { readonly question: string; readonly answer: ReplayAnswer }>;
  readonly runs: Map<string, Run>;
  /** IDs of runs, by what was asked for. */
  readonly runsOfQuestion: Map<string, string[]>;
  /** By external ID, of each run. */
  readonly differences: Map<string, Map<string, Difference>>;
  readonly claims: Map<string, Claim>;
  /** Claims of a key, by its first one; and the last first one of a key, by `scope/key`. */
  readonly claimCounts: Map<string, number>;
  readonly claimHolders: Map<string, string>;
  readonly facts: Facts;
  sequence: number;
};

export type PageReply = {
  readonly checkpointVersion: number;
  readonly opened: number;
  readonly unchanged: number;
  readonly late: number;
};

/** What one operation works with; the time is the same throughout. */
export type Work = {
  readonly state: State;
  readonly now: Instant;
  readonly newId: () => string;
  readonly environment: Environment;
  readonly keyId: string;
};

export const createState = (): State => ({
  systems: new Map(),
  syncs: new Map(),
  bundles: new Map(),
  mappedBy: new Map(),
  streamIds: new Map(),
  streams: new Map(),
  indexes: new Map(),
  cycles: new Map(),
  edges: new Map(),
  pages: new Map(),
  obligations: new Map(),
  deliveries: new Map(),
  deliveriesOfCycle: new Map(),
  deliveriesOfObligation: new Map(),
  targets: new Map(),
  circuits: new Map(),
  intents: new Map(),
  intentsOfObligation: new Map(),
  deadLetters: new Map(),
  openLetters: new Map(),
  lastLetters: new Map(),
  replays: new Map(),
  runs: new Map(),
  runsOfQuestion: new Map(),
  differences: new Map(),
  claims: new Map(),
  claimCounts: new Map(),
  claimHolders: new Map(),
  facts: [],
  sequence: 0,
});

/** What must be there, because the model itself put it there. */
export const found = <V>(value: V | undefined, what: string): V => {
  if (value === undefined) throw new Error(`Cannot find ${what} in the model: its tables disagree`);
  return value;
};

/** Adds to a list of a map. */
export const addTo = <K, V>(lists: Map<K, V[]>, key: K, value: V): void => {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
};

export const indexOf = ({ state }: Work, streamId: number): StreamIndex =>
  found(state.indexes.get(streamId), `index of stream ${streamId}`);

export const streamById = ({ state }: Work, streamId: number): Stream =>
  found(state.streams.get(streamId), `stream ${streamId}`);
