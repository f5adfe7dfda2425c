import type { z } from 'zod';
import type { RouteName, routes } from '../../../src/core/protocol/routes.ts';
import type { Work } from './state.ts';

type Routes = typeof routes;

/**
 * One operation of the model: atomic because it runs in one piece, and because whatever it refuses it refuses before it
 * changes anything.
 */
export type Operation<Name extends RouteName> = (
  work: Work,
  params: z.output<Routes[Name]['params']>,
  request: z.output<Routes[Name]['request']>,
) => z.input<Routes[Name]['reply']>;

export type Request<Name extends RouteName> = z.output<Routes[Name]['request']>;
