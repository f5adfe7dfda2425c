import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { Store } from '../sql/operations.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { securityHeaders } from './headers.ts';
import { serveHealth } from './health.ts';
import { InvalidRequest } from './invalid-request.ts';
import { type ServerLimits, serverLimits } from './limits.ts';
import { type ServerLog, loggerOptions } from './log.ts';
import { openApiDocument } from './openapi.ts';
import { parseBody } from './parse-body.ts';
import { sendProblem } from './problem-reply.ts';
import { refusalFor } from './refusal.ts';
import { routedOperations } from './routed-operations.ts';
import { serveRoute } from './serve-route.ts';

const PARAM_CHARACTERS_MAX = 200;

export type ServerSetup = {
  readonly store: Store;
  readonly version: string;
  readonly log: ServerLog;
  readonly limits?: Partial<ServerLimits>;
};

const createInstance = (log: ServerLog, limits: ServerLimits): FastifyInstance =>
  fastify({
    logger: loggerOptions(log),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: limits.requestBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: limits.timeoutCheckMs },
    routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX },
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // A request that comes while the server closes is answered by our own hook, as a problem.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
  });

const handleErrors = (app: FastifyInstance, limits: ServerLimits): void => {
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalFor(error, { errorId: request.id, requestBytesMax: limits.requestBytesMax });
    if (refusal.severity !== 'none') {
      request.log[refusal.severity]({ err: error, errorId: request.id }, 'request failed');
    }
    return sendProblem(reply, refusal, limits.retryAfterSeconds);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      { kind: 'not_found', detail: `${request.method} here is not an operation of this store`, faults: [] },
      limits.retryAfterSeconds,
    ),
  );
};

const handleLife = (app: FastifyInstance): void => {
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ ...securityHeaders, 'x-request-id': request.id });
    if (closing) reply.header('connection', 'close');
    done(closing ? new StoreError('unavailable', 'The store is shutting down') : undefined);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions, caller } = request;
    const durationMs = Math.round(reply.elapsedTime);
    request.log.info(
      { method, route: routeOptions.url, status: reply.statusCode, durationMs, keyId: caller?.keyId },
      'request',
    );
    done();
  });
};

/**
 * The store's API over HTTP: every operation of the route table, the two probes and the OpenAPI document.
 *
 * Closing it (`app.close()`) lets requests in flight finish and answers new ones with 503.
 */
export const createServer = ({ store, version, log, limits: changed }: ServerSetup): FastifyInstance => {
  const limits: ServerLimits = { ...serverLimits, ...changed };
  const app = createInstance(log, limits);
  app.server.maxConnections = limits.connectionsMax;
  app.decorateRequest('caller', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes: Buffer, done) => {
    // Clients name a content type even where they send nothing; an operation that needs a body says so itself.
    const body = bytes.length === 0 ? { kind: 'body' as const, value: undefined } : parseBody(bytes);
    if (body.kind === 'body') done(null, body.value);
    else done(new InvalidRequest(body.reason));
  });
  handleErrors(app, limits);
  handleLife(app);
  serveHealth(app, { store, version, readyTimeoutMs: limits.readyTimeoutMs });
  const document = JSON.stringify(openApiDocument(version));
  app.get('/v1/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
  for (const operation of Object.values(routedOperations(store.operations))) serveRoute(app, store, operation);
  return app;
};
