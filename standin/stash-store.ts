/** What stands in for Zapier's S3 bucket: results and files too large to travel inline. */
export type StashStore = {
  readonly reserve: () => string;
  /** False for a key that nobody reserved: S3 refuses an unsigned upload. */
  readonly put: (key: string, content: Buffer) => boolean;
  readonly get: (key: string) => Buffer | null;
};

export const createStashStore = (): StashStore => {
  const contents = new Map<string, Buffer | null>();
  return {
    reserve: () => {
      const key = `object-${contents.size + 1}`;
      contents.set(key, null);
      return key;
    },
    put: (key, content) => {
      if (!contents.has(key)) return false;
      contents.set(key, content);
      return true;
    },
    get: (key) => contents.get(key) ?? null,
  };
};
