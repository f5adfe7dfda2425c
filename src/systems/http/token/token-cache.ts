import type { TokenFault } from './judge-token.ts';

export type TokenReply =
  | {
      readonly kind: 'token';
      readonly token: string;
      /** Used until then, in milliseconds since 1970: its end less a margin. */
      readonly endsAtMs: number;
    }
  | { readonly kind: 'failed'; readonly told: TokenFault };

/** Tokens that a process holds, under keys that stand for the secrets they were got with. */
export type TokenCache = {
  /** The token under a key, while it lasts, or that which `ask` gets. Who comes meanwhile shares that one ask. */
  readonly get: (key: string, nowMs: number, ask: () => Promise<TokenReply>) => Promise<TokenReply>;
  /** Forgets a token that was refused, unless another is in its place by now. */
  readonly drop: (key: string, token: string) => void;
};

/** A container serves few systems; a token has at most some kB. */
export const TOKENS_MAX = 256;

type Kept = { readonly token: string; readonly endsAtMs: number };

/** Makes an empty cache. A failure is not kept: the next call asks again. */
export const createTokenCache = (): TokenCache => {
  const kept = new Map<string, Kept>();
  const asked = new Map<string, Promise<TokenReply>>();

  const keep = (key: string, { token, endsAtMs }: Kept): void => {
    kept.delete(key);
    kept.set(key, { token, endsAtMs });
    const [oldest] = kept.keys();
    if (kept.size > TOKENS_MAX && oldest !== undefined) kept.delete(oldest);
  };

  const askFor = async (key: string, ask: () => Promise<TokenReply>): Promise<TokenReply> => {
    try {
      const reply = await ask();
      if (reply.kind === 'token') keep(key, reply);
      return reply;
    } finally {
      asked.delete(key);
    }
  };

  const get: TokenCache['get'] = (key, nowMs, ask) => {
    const found = kept.get(key);
    if (found !== undefined && nowMs < found.endsAtMs) return Promise.resolve({ kind: 'token', ...found });
    const running = asked.get(key);
    if (running !== undefined) return running;
    const started = askFor(key, ask);
    asked.set(key, started);
    return started;
  };

  const drop: TokenCache['drop'] = (key, token) => {
    if (kept.get(key)?.token === token) kept.delete(key);
  };
  return { get, drop };
};
