import { z } from 'zod';
import type { CacheStore } from './cache-store.ts';
import type { CursorStore } from './cursor-store.ts';
import type { StashStore } from './stash-store.ts';
import type { TokenOwner } from './token-registry.ts';

export type RpcStores = {
  readonly cache: CacheStore;
  readonly cursors: CursorStore;
  readonly stash: StashStore;
  /** Where stashed objects are uploaded to and read from; ends with a slash. */
  readonly stashUrl: string;
};

export type RpcReply =
  | { readonly id: number | string; readonly result: unknown }
  | { readonly id: number | string; readonly error: string };

const rpcRequest = z.object({
  id: z.union([z.number(), z.string()]),
  storeKey: z.string().nullish(),
  method: z.string(),
  params: z.array(z.unknown()),
});

const scope = z
  .array(z.enum(['user', 'auth']))
  .nullish()
  .transform((value) => value ?? null);
const cacheKeyParams = z.tuple([z.string(), scope]);
const cacheSetParams = z.tuple([z.string(), z.string(), z.int().positive().nullish(), scope, z.boolean().nullish()]);

/**
 * Answers one call of core's RPC client.
 *
 * @param body the parsed JSON of the request; anything else than core's own form is refused by throwing
 * Source: zapier-platform-core 19.1.0, src/tools/create-rpc-client.js and its callers.
 */
export const answerRpc = (stores: RpcStores, owner: TokenOwner, body: unknown): RpcReply => {
  const { id, storeKey, method, params } = rpcRequest.parse(body);
  const call = { owner, storeKey: storeKey ?? null, method, params };
  const answer = answerCall(stores, call);
  return answer.kind === 'result' ? { id, result: answer.value } : { id, error: answer.message };
};

type Call = {
  readonly owner: TokenOwner;
  readonly storeKey: string | null;
  readonly method: string;
  readonly params: readonly unknown[];
};

type Answer =
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'error'; readonly message: string };

const answerCall = (stores: RpcStores, call: Call): Answer => {
  switch (call.method) {
    case 'zcache_get':
    case 'zcache_set':
    case 'zcache_delete':
      return { kind: 'result', value: answerCache(stores.cache, call) };
    case 'get_cursor':
    case 'set_cursor':
      return answerCursor(stores.cursors, call);
    case 'get_presigned_upload_post_data':
      return { kind: 'result', value: { url: stores.stashUrl, fields: { key: stores.stash.reserve() } } };
    case 'get_presigned_download_url': {
      const [key] = z.tuple([z.string()]).parse(call.params);
      return { kind: 'result', value: { url: new URL(key, stores.stashUrl).href } };
    }
    default:
      return { kind: 'error', message: `Unknown method "${call.method}"` };
  }
};

const answerCache = (cache: CacheStore, { owner, method, params }: Call): unknown => {
  if (method === 'zcache_set') {
    const [key, json, ttlSeconds, ofScope, nx] = cacheSetParams.parse(params);
    return cache.set(owner, { key, json, ttlSeconds: ttlSeconds ?? null, scope: ofScope, nx: nx ?? false });
  }
  const [key, ofScope] = cacheKeyParams.parse(params);
  return method === 'zcache_get' ? cache.get(owner, key, ofScope) : cache.delete(owner, key, ofScope);
};

const answerCursor = (cursors: CursorStore, { storeKey, method, params }: Call): Answer => {
  // Zapier gives a store key only to methods that may page; elsewhere z.cursor fails.
  if (storeKey === null) return { kind: 'error', message: 'invalid cursor operation' };
  if (method === 'get_cursor') return { kind: 'result', value: cursors.get(storeKey) };
  const [cursor] = z.tuple([z.string()]).parse(params);
  cursors.set(storeKey, cursor);
  return { kind: 'result', value: null };
};
