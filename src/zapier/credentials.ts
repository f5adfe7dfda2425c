import * as zod from 'zod';
import { InputError } from './input.ts';

/** How a connection reaches its store. Whether the URL may be a store's is for the store client to say. */
export type Credentials = { readonly url: string; readonly key: string };

const authData = zod.object({ store_url: zod.string().trim().min(1), api_key: zod.string().trim().min(1) });

/**
 * Reads `bundle.authData`.
 *
 * @throws InputError when a part is missing
 */
export const readCredentials = (data: unknown): Credentials => {
  const parsed = authData.safeParse(data);
  if (!parsed.success) throw new InputError('the connection lacks its store URL or its API key', 'Fill in both');
  return { url: parsed.data.store_url, key: parsed.data.api_key };
};
