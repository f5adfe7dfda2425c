import type { z } from 'zod';
import type { Environment } from '../../core/contract/name.ts';
import type { Role } from '../../core/protocol/route.ts';
import type { routes } from '../../core/protocol/routes.ts';

/** Who calls: one API key. Everything it sees and does is confined to its environment. */
export type Caller = {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
  readonly environment: Environment;
};

type Routes = typeof routes;

/**
 * What the server serves: one function per route, given the caller and the parsed parts of the request.
 * Each runs in one transaction and rejects with `StoreError` for everything that it refuses.
 */
export type Operations = {
  readonly [Name in keyof Routes]: (
    caller: Caller,
    params: z.output<Routes[Name]['params']>,
    request: z.output<Routes[Name]['request']>,
  ) => Promise<z.input<Routes[Name]['reply']>>;
};

/** The store behind the server. */
export type Store = {
  readonly operations: Operations;
  /** The caller whose key this is; undefined for a key that is unknown, expired or revoked. */
  readonly authenticate: (key: string) => Promise<Caller | undefined>;
  /** Records that a caller was refused: every refusal is evidence too. */
  readonly recordRefusal: (caller: Caller, what: { readonly route: string; readonly reason: string }) => Promise<void>;
  /** Rejects when the database does not answer. */
  readonly ping: () => Promise<void>;
};
