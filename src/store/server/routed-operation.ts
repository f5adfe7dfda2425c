import type { z } from 'zod';
import type { AnyRoute, Route } from '../../core/protocol/route.ts';
import type { Caller } from '../sql/operations.ts';
import type { RequestPart } from './invalid-request.ts';
import { parseRequest } from './parse-request.ts';

/** A request as it arrived, from a caller who may make it. */
type Arrived = { readonly caller: Caller; readonly params: unknown; readonly query: unknown; readonly body: unknown };

/** An operation behind its route, with the schemas applied on the way in and out. */
export type RoutedOperation = {
  readonly route: AnyRoute;
  /** @returns the reply as JSON text */
  readonly answer: (arrived: Arrived) => Promise<string>;
};

type Operation<Params extends z.ZodType, Request extends z.ZodType, Reply extends z.ZodType> = (
  caller: Caller,
  params: z.output<Params>,
  request: z.output<Request>,
) => Promise<z.input<Reply>>;

/**
 * Puts an operation behind its route. The reply is parsed too: whatever else the operation gave back does not leave
 * the process, and a reply that breaks the protocol is a failure here and not a riddle at the caller.
 */
export const routeOperation = <Params extends z.ZodType, Request extends z.ZodType, Reply extends z.ZodType>(
  route: Route<Params, Request, Reply>,
  operation: Operation<Params, Request, Reply>,
): RoutedOperation => {
  const hasBody = route.method === 'PUT' || route.method === 'POST';
  const requestPart: RequestPart = hasBody ? 'body' : 'query parameter';
  return {
    route,
    answer: async ({ caller, params, query, body }) => {
      const [parsedParams, parsedRequest] = parseRequest(
        { part: 'path parameter', schema: route.params, value: params },
        { part: requestPart, schema: route.request, value: hasBody ? body : query },
      );
      const reply = await operation(caller, parsedParams, parsedRequest);
      return JSON.stringify(route.reply.parse(reply));
    },
  };
};
