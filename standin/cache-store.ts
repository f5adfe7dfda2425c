import type { TokenOwner } from './token-registry.ts';

export type CacheScope = readonly ('user' | 'auth')[] | null;

export type CacheStore = {
  /** The stored JSON text, or null where there is none or its time is over. */
  readonly get: (owner: TokenOwner, key: string, scope: CacheScope) => string | null;
  /** False where `nx` asked for an absent key and found one. */
  readonly set: (owner: TokenOwner, entry: CacheEntry) => boolean;
  /** Whether there was something to delete. */
  readonly delete: (owner: TokenOwner, key: string, scope: CacheScope) => boolean;
};

export type CacheEntry = {
  readonly key: string;
  readonly json: string;
  readonly ttlSeconds: number | null;
  readonly scope: CacheScope;
  /** Set only if absent. */
  readonly nx: boolean;
};

/**
 * What stands behind z.cache: one space for the whole app, parted by user and connection where asked.
 * Zapier documents neither a default life nor a size, so entries without a ttl stay until the stand-in ends.
 */
export const createCacheStore = (now: () => number): CacheStore => {
  const entries = new Map<string, { readonly json: string; readonly endsAtMs: number }>();

  const find = (place: string): string | null => {
    const entry = entries.get(place);
    if (entry === undefined) return null;
    if (entry.endsAtMs > now()) return entry.json;
    entries.delete(place);
    return null;
  };
  return {
    get: (owner, key, scope) => find(placeOf(owner, key, scope)),
    set: (owner, { key, json, ttlSeconds, scope, nx }) => {
      const place = placeOf(owner, key, scope);
      if (nx && find(place) !== null) return false;
      const endsAtMs = ttlSeconds === null ? Number.POSITIVE_INFINITY : now() + ttlSeconds * 1_000;
      entries.set(place, { json, endsAtMs });
      return true;
    },
    delete: (owner, key, scope) => {
      const place = placeOf(owner, key, scope);
      const wasThere = find(place) !== null;
      entries.delete(place);
      return wasThere;
    },
  };
};

const placeOf = (owner: TokenOwner, key: string, scope: CacheScope): string =>
  JSON.stringify([
    scope?.includes('user') === true ? owner.userId : null,
    scope?.includes('auth') === true ? owner.authId : null,
    key,
  ]);
