export type CursorStore = {
  /** The cursor, or null where none was set within its life. */
  readonly get: (storeKey: string) => string | null;
  readonly set: (storeKey: string, cursor: string) => void;
};

/** What stands behind z.cursor: one string a store key, gone after its life, so no place for a checkpoint. */
export const createCursorStore = (now: () => number, lifeMs: number): CursorStore => {
  const cursors = new Map<string, { readonly cursor: string; readonly endsAtMs: number }>();
  return {
    get: (storeKey) => {
      const entry = cursors.get(storeKey);
      return entry !== undefined && entry.endsAtMs > now() ? entry.cursor : null;
    },
    set: (storeKey, cursor) => {
      cursors.set(storeKey, { cursor, endsAtMs: now() + lifeMs });
    },
  };
};
