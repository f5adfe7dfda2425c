/** Time as the stand-in sees it. Instants are milliseconds since 1970, as `Date.now()` gives them. */
export type Clock = {
  readonly now: () => number;
  /** Resolves at the instant or later; at once when it is past. An aborted signal resolves it early. */
  readonly sleepUntil: (atMs: number, signal?: AbortSignal) => Promise<void>;
  /** Marks real work as under way, and returns the call that ends it. Virtual time stands still meanwhile. */
  readonly beginWork: () => () => void;
};
