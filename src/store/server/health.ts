import type { FastifyInstance } from 'fastify';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { Store } from '../sql/operations.ts';

type HealthSetup = { readonly store: Pick<Store, 'ping'>; readonly version: string; readonly readyTimeoutMs: number };

/** Rejects after `timeoutMs`, so that a database which hangs is not ready rather than a probe that hangs. */
const within = async (work: Promise<void>, timeoutMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new StoreError('unavailable', `The database did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Serves the two probes, without a key: `/healthz` (the process is alive) and `/readyz` (the database answers). */
export const serveHealth = (app: FastifyInstance, { store, version, readyTimeoutMs }: HealthSetup): void => {
  app.get('/healthz', async (_request, reply) => reply.send({ status: 'alive', version }));
  app.get('/readyz', async (request, reply) => {
    try {
      await within(store.ping(), readyTimeoutMs);
    } catch (error) {
      request.log.warn({ err: error }, 'not ready');
      throw new StoreError('unavailable', 'The database does not answer');
    }
    return reply.send({ status: 'ready', version });
  });
};
