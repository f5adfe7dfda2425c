import { StoreError } from '../../core/protocol/store-error.ts';
import type { AnyRoute } from '../../core/protocol/route.ts';
import type { Caller, Store } from '../sql/operations.ts';

const KEY_CHARACTERS_MAX = 256;
const BEARER = /^Bearer ([\w.~+/=-]+)$/i;

/**
 * Finds the caller behind an `Authorization` header and lets it pass only with a role of the route.
 *
 * A refusal is evidence: when it cannot be recorded, the caller gets that failure instead of a quiet 403.
 *
 * @throws StoreError `unauthenticated` or `forbidden`
 */
export const authorize = async (
  store: Store,
  route: Pick<AnyRoute, 'method' | 'path' | 'roles'>,
  header: string | undefined,
): Promise<Caller> => {
  const key = BEARER.exec(header ?? '')?.[1];
  if (key === undefined || key.length > KEY_CHARACTERS_MAX) {
    throw new StoreError('unauthenticated', 'Send an API key as "Authorization: Bearer <key>"');
  }
  const caller = await store.authenticate(key);
  if (caller === undefined) throw new StoreError('unauthenticated', 'The API key is unknown, expired or revoked');
  if (route.roles.includes(caller.role)) return caller;
  const reason = `Role "${caller.role}" may not call ${route.method} ${route.path}; it takes one of: ${route.roles.join(', ')}`;
  await store.recordRefusal(caller, { route: `${route.method} ${route.path}`, reason });
  throw new StoreError('forbidden', reason);
};
