import type { z } from 'zod';
import type { routes } from './routes.ts';

type Routes = typeof routes;
type In<S extends z.ZodType> = z.input<S>;

/**
 * The store as the engine sees it: one function per operation of the API, each one round trip, each idempotent.
 *
 * A call rejects with `StoreError` when the store refuses it or cannot be reached.
 */
export type StorePort = {
  readonly [Name in keyof Routes]: (
    params: In<Routes[Name]['params']>,
    request: In<Routes[Name]['request']>,
  ) => Promise<z.output<Routes[Name]['reply']>>;
};
