/** An open obligation that is not in flight. */
type Due = {
  /** Deliveries so far. */
  readonly attempts: number;
  /** Of the payload. */
  readonly bytes: number;
};

export type HandOutLimits = {
  /** Deliveries at most. */
  readonly limit: number;
  /** Payload bytes at most; the first is handed out whatever its size. */
  readonly bytesMax: number;
  /** Deliveries of one obligation at most. */
  readonly attemptsMax: number;
};

export type HandOut<D> = {
  /** Attempts used up: to be given up on, so that they do not circle for ever. */
  readonly exhausted: readonly D[];
  readonly chosen: readonly D[];
};

/**
 * How many more may be handed out: a Zap that does not keep up, or acknowledges nothing, is not given ever more. What
 * waits uses up no attempt.
 */
export const handOutMax = (limit: number, inFlightMax: number, inFlight: number): number =>
  Math.min(limit, Math.max(0, inFlightMax - inFlight));

/** Chooses what is handed out now of what is due, in the order given. */
export const chooseHandOut = <D extends Due>(
  due: readonly D[],
  { limit, bytesMax, attemptsMax }: HandOutLimits,
): HandOut<D> => {
  const exhausted: D[] = [];
  const chosen: D[] = [];
  let bytes = 0;
  let isFull = false;
  for (const one of due) {
    if (one.attempts >= attemptsMax) {
      exhausted.push(one);
      continue;
    }
    bytes += one.bytes;
    isFull ||= chosen.length >= limit || (chosen.length > 0 && bytes > bytesMax);
    if (!isFull) chosen.push(one);
  }
  return { exhausted, chosen };
};
