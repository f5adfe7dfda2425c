import type { Chance } from './chance.ts';

/** Every kind of fault, with the strongest it gets: the probability per opportunity. */
const strongest = {
  /** Between app and store. */
  storeLosesRequest: 0.15,
  storeLosesReply: 0.15,
  storeRepeatsAtOnce: 0.3,
  storeRepeatsLater: 0.2,
  storeIsSlow: 0.15,
  storeIsBusy: 0.15,
  storeFailsAfterEffect: 0.05,
  /** Per poll: the store goes down for up to some minutes. */
  storeGoesDown: 0.08,
  /** Its processes' clocks differ by up to half a second. */
  storeClockWobbles: 1,
  sourceThrottles: 0.25,
  sourceIsUnavailable: 0.2,
  sourceIsMalformed: 0.1,
  sourceIsSlow: 0.1,
  sourceForgetsTokens: 0.3,
  sourceRepeatsRows: 0.5,
  sourceClampsPages: 0.5,
  sourceGivesTokenTwice: 0.05,
  /** Per poll: the target refuses connections for up to some minutes, beginning at any moment. */
  targetGoesDown: 0.3,
  targetThrottles: 0.25,
  targetCannotBeReached: 0.2,
  targetLosesRequest: 0.15,
  targetLosesReply: 0.2,
  targetActsLate: 0.2,
  target500BeforeEffect: 0.15,
  target500AfterEffect: 0.2,
  targetGatewayFails: 0.2,
  targetCutsBody: 0.15,
  targetGivesNoId: 0.3,
  targetFindFails: 0.15,
  /** The app's process. */
  processDies: 0.03,
  processFreezes: 0.05,
  /** It is frozen while it waits to try again. */
  processOversleeps: 0.5,
  processGoesOnAfterKill: 1,
  processIsCold: 0.5,
  /** Zapier. */
  runsTwiceAtOnce: 0.4,
  runReplayedLater: 0.3,
  runHeld: 0.1,
  pollsTwiceAtOnce: 0.2,
  pollLost: 0.15,
  zapSwitchedOff: 0.1,
  noAutoreplay: 0.7,
  /** A run that waits, to begin or to be tried again, is lost: the Zap was edited, or somebody deleted it. */
  runLost: 0.5,
  /** Another Zap brings a record itself, as it was hours ago. */
  oldRecordBrought: 0.3,
  /** Once it has done late, or without a reply, what it was asked: the target is down for a while. */
  targetFallsOver: 0.5,
  /** Refuses a record as it is: a dead letter. */
  targetRefuses: 0.15,
  /** Per poll: somebody has the dead letters delivered again. */
  deadLettersReplayed: 0.4,
} as const;

export type FaultKind = keyof typeof strongest;

/** Which faults a world has, and how likely each is; those that are off are absent. */
export type Swarm = ReadonlyMap<FaultKind, number>;

export type Faults = {
  /** Whether the fault happens now. */
  readonly strikes: (kind: FaultKind) => boolean;
  readonly stop: () => void;
  readonly areStopped: () => boolean;
};

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the literal above
export const faultKinds = Object.keys(strongest) as FaultKind[];

/**
 * Draws the faults of a world. Not all at once: a world in which everything fails at the same time gets nowhere near
 * the states in which one fault alone does harm.
 *
 * @param wanted faults that the world has in any case, at their strongest
 * Source: A. Groce et al., "Swarm Testing", ISSTA 2012.
 */
export const drawSwarm = (chance: Chance, wanted: readonly FaultKind[] = []): Swarm => {
  const share = chance.pick([0, 0.1, 0.25, 0.25, 0.5, 0.5, 0.5, 0.7]);
  const swarm = new Map<FaultKind, number>();
  for (const kind of faultKinds) {
    const isOn = chance.happens(share);
    const strength = strongest[kind] * chance.pick([0.1, 0.4, 1]);
    if (isOn) swarm.set(kind, Math.round(strength * 1000) / 1000);
  }
  for (const kind of wanted) swarm.set(kind, strongest[kind]);
  return swarm;
};

export const createFaults = (swarm: Swarm, chance: Chance): Faults => {
  let stopped = false;
  return {
    strikes: (kind) => {
      const probability = swarm.get(kind);
      return probability !== undefined && !stopped && chance.happens(probability);
    },
    stop: () => {
      stopped = true;
    },
    areStopped: () => stopped,
  };
};

export const describeSwarm = (swarm: Swarm): string =>
  swarm.size === 0 ? 'none' : [...swarm].map(([kind, probability]) => `${kind}=${probability}`).join(' ');
