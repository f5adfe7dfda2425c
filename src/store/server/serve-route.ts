import type { FastifyInstance } from 'fastify';
import type { Caller, Store } from '../sql/operations.ts';
import { authorize } from './authorize.ts';
import type { RoutedOperation } from './routed-operation.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the key was accepted; routes without a key have none. */
    caller: Caller | null;
  }
}

/** Serves one operation: key, role, request and reply are checked in this order. */
export const serveRoute = (app: FastifyInstance, store: Store, { route, answer }: RoutedOperation): void => {
  app.route({
    method: route.method,
    url: route.path,
    // Before the body is read: nobody without a key makes the server parse twelve megabytes.
    onRequest: async (request) => {
      request.caller = await authorize(store, route, request.headers.authorization);
    },
    handler: async (request, reply) => {
      const { caller, params, query, body } = request;
      if (caller === null) {
        throw new TypeError(`Cannot serve ${route.method} ${route.path}: its caller was not authorized`);
      }
      const text = await answer({ caller, params, query, body });
      return reply.type('application/json; charset=utf-8').send(text);
    },
  });
};
