import { compareInstants, type Instant, shiftInstant } from '../instant.ts';

const HOUR_MS = 3_600_000;
/** An owner that has not polled for so long gives way to any Zap that polls. */
const OWNER_ABSENT_MS = 24 * HOUR_MS;
/** Zapier polls every 15 minutes or more often: an owner that is silent for so long is off, and whoever is switched on takes its place. */
const OWNER_SILENT_MS = HOUR_MS;

/** Whose a stream is, as a Zap finds it: nobody's, its own, or another's that was heard within the time or was not. */
type OwnerState = 'free' | 'own' | 'heard' | 'silent';
type OwnerEvent = 'polls' | 'is_switched_on';

export const ownerTable: Readonly<Record<OwnerState, Readonly<Record<OwnerEvent, 'owns' | 'takes_over' | 'refused'>>>> =
  {
    free: { polls: 'owns', is_switched_on: 'owns' },
    own: { polls: 'owns', is_switched_on: 'owns' },
    heard: { polls: 'refused', is_switched_on: 'refused' },
    silent: { polls: 'takes_over', is_switched_on: 'takes_over' },
  };

/** How long after its last poll an owner counts as heard. */
const heardMs: Readonly<Record<OwnerEvent, number>> = { polls: OWNER_ABSENT_MS, is_switched_on: OWNER_SILENT_MS };

/** Which Zap polls a stream, as the store holds it. */
export type StreamOwner = {
  /** Null until a Zap said which it is. */
  readonly zapId: string | null;
  readonly polledAt: Instant | null;
  /** The Zap that was refused last, and when. */
  readonly rivalZapId: string | null;
  readonly rivalAt: Instant | null;
  /** When the owner was told of its rival, and in which cycle. */
  readonly toldAt: Instant | null;
  readonly toldCycle: string | null;
};

export type OwnerDecision =
  /** It owns the stream; `takenFrom` is the Zap that did before, null where none did. */
  | { readonly kind: 'owns'; readonly takenFrom: string | null }
  /** Another Zap owns the stream. */
  | { readonly kind: 'refused'; readonly ownerZapId: string }
  /** It owns the stream, and is told once that another Zap wants it. */
  | { readonly kind: 'told'; readonly rivalZapId: string };

const isWithin = (at: Instant | null, ms: number, now: Instant): boolean =>
  at !== null && compareInstants(shiftInstant(at, ms), now) > 0;

const stateOf = (owner: StreamOwner, zapId: string, now: Instant, event: OwnerEvent): OwnerState => {
  if (owner.zapId === null) return 'free';
  if (owner.zapId === zapId) return 'own';
  return isWithin(owner.polledAt, heardMs[event], now) ? 'heard' : 'silent';
};

const decide = (owner: StreamOwner, zapId: string, now: Instant, event: OwnerEvent): OwnerDecision => {
  const outcome = ownerTable[stateOf(owner, zapId, now, event)][event];
  if (owner.zapId === null || outcome === 'owns') return { kind: 'owns', takenFrom: null };
  return outcome === 'refused'
    ? { kind: 'refused', ownerZapId: owner.zapId }
    : { kind: 'owns', takenFrom: owner.zapId };
};

/** Decides whether a Zap that is switched on may have the stream. */
export const decideSwitchOn = (owner: StreamOwner, zapId: string, now: Instant): OwnerDecision =>
  decide(owner, zapId, now, 'is_switched_on');

/**
 * Decides whether a Zap may poll the stream. The owner is told of a rival that still tries, by one poll that fails;
 * then it goes on for 24 hours. The same poll again is told again: its reply may have been lost.
 */
export const decidePoll = (
  owner: StreamOwner,
  poll: { readonly zapId: string; readonly cycleId: string },
  now: Instant,
): OwnerDecision => {
  const decision = decide(owner, poll.zapId, now, 'polls');
  if (decision.kind !== 'owns' || owner.zapId !== poll.zapId || owner.rivalZapId === null) return decision;
  const told: OwnerDecision = { kind: 'told', rivalZapId: owner.rivalZapId };
  if (owner.toldCycle === poll.cycleId) return told;
  const isTrying = isWithin(owner.rivalAt, OWNER_SILENT_MS, now);
  return isTrying && !isWithin(owner.toldAt, OWNER_ABSENT_MS, now) ? told : decision;
};
