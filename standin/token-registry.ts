import { drawName, type Random } from './seeded-random.ts';

/** Who a token of an invocation stands for: what z.cache's scopes `user` and `auth` mean. */
export type TokenOwner = { readonly userId: string; readonly authId: string };

export type TokenRegistry = {
  readonly issue: (owner: TokenOwner) => string;
  /** The owner, or null for a token that was never issued. */
  readonly find: (token: string | undefined) => TokenOwner | null;
};

/** The X-Tokens that containers call back with, one a connection. */
export const createTokenRegistry = (random: Random): TokenRegistry => {
  const owners = new Map<string, TokenOwner>();
  return {
    issue: (owner) => {
      const token = `standin-${drawName(random)}`;
      owners.set(token, owner);
      return token;
    },
    find: (token) => (token === undefined ? null : (owners.get(token) ?? null)),
  };
};
