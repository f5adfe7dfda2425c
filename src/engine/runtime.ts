/** Time and chance, handed in: the engine has none of its own. */
export type Runtime = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A new UUID. */
  readonly newId: () => string;
  /** When this call must have answered, in milliseconds since 1970. */
  readonly deadlineMs: number;
};

/** Milliseconds left of the call; 0 when it is over. */
export const remainingMs = (runtime: Runtime): number => Math.max(0, runtime.deadlineMs - runtime.now());
