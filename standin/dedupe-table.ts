/** The keys that one Zap has seen. */
export type DedupeTable = {
  /** Remembers a key; false where it was there already. */
  readonly remember: (key: string) => boolean;
  readonly clear: () => void;
  readonly size: () => number;
};

/**
 * A set of seen keys, not a watermark: a record left out of one poll fires in a later one. What Zapier does
 * past the last row is not documented; here the oldest key goes, so that its record would fire again.
 *
 * @param rowsMax keys kept
 */
export const createDedupeTable = (rowsMax: number): DedupeTable => {
  const keys = new Set<string>();
  return {
    remember: (key) => {
      if (keys.has(key)) return false;
      keys.add(key);
      const [oldest] = keys;
      if (keys.size > rowsMax && oldest !== undefined) keys.delete(oldest);
      return true;
    },
    clear: () => keys.clear(),
    size: () => keys.size,
  };
};
