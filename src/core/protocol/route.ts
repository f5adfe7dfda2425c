import { z } from 'zod';

/** What a key may do. Each role has what the ones before it have, but `auditor`, which only reads. */
export const role = z.enum(['reader', 'auditor', 'sync', 'operator', 'approver', 'admin']);
export type Role = z.infer<typeof role>;

/** One operation of the store's API, as data: the server serves it, the client calls it, the docs list it. */
export type Route<Params extends z.ZodType, Request extends z.ZodType, Reply extends z.ZodType> = {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path with `:names` of `params`. */
  readonly path: string;
  readonly summary: string;
  /** Roles that may call it. */
  readonly roles: readonly Role[];
  readonly params: Params;
  /** The body of PUT and POST, the query of GET and DELETE. */
  readonly request: Request;
  readonly reply: Reply;
};

export type AnyRoute = Route<z.ZodType, z.ZodType, z.ZodType>;

/** Keeps the exact types of a route's schemas. */
export const route = <P extends z.ZodType, Q extends z.ZodType, R extends z.ZodType>(
  one: Route<P, Q, R>,
): Route<P, Q, R> => one;

export const nothing = z.object({});
/** Everyone with a key. */
export const anyRole = role.options;
/** Those who run syncs. */
export const syncRoles: readonly Role[] = ['sync', 'operator', 'admin'];
/** Those who decide what becomes of a record that was given up on. */
export const operatorRoles: readonly Role[] = ['operator', 'admin'];
