import { isIP } from 'node:net';
import { createServer } from '../store/server/create-server.ts';
import type { ServerLog } from '../store/server/log.ts';
import { errorCode } from '../store/sql/database/error-facts.ts';
import { CliFailure } from './cli-failure.ts';
import { type OpenStore, openStore } from './open-store.ts';
import type { Output } from './output.ts';
import { closeInTime, stopRequested } from './shutdown.ts';
import type { StorePlace } from './store-place.ts';

export type ServeRequest = {
  readonly place: StorePlace;
  readonly host: string;
  readonly port: number;
  readonly logLevel: ServerLog['level'];
  readonly output: Output;
};

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

const listenFailure = (error: unknown, { host, port }: ServeRequest): unknown => {
  switch (errorCode(error) ?? 'none') {
    case 'EADDRINUSE':
      return new CliFailure(
        `Port ${port} on ${host} is in use. Stop the process that has it, or choose another with --port (0 picks a free one)`,
      );
    case 'EACCES':
      return new CliFailure(`Port ${port} may not be opened by this user. Choose one above 1023 with --port`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CliFailure(
        `This machine has no address "${host}". Choose one that it has with --host, such as 127.0.0.1`,
      );
    default:
      return error;
  }
};

type Server = ReturnType<typeof createServer>;

const listen = async (app: Server, request: ServeRequest): Promise<string> => {
  try {
    await app.listen({ host: request.host, port: request.port });
  } catch (error) {
    throw listenFailure(error, request);
  }
  const address = app.server.address();
  if (address === null || typeof address === 'string') {
    throw new Error(`Cannot tell where the store listens on ${request.host}`);
  }
  // A wildcard is no address to call; the machine itself reaches the store by loopback.
  const host = address.address === '0.0.0.0' ? '127.0.0.1' : address.address === '::' ? '::1' : address.address;
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`;
};

const warnings = async (request: ServeRequest, { store }: OpenStore): Promise<string[]> => {
  const kept = await Promise.all([store.listKeys('pilot'), store.listKeys('production')]);
  const found: string[] = [];
  if (kept.every(({ keys }) => keys.every((key) => key.revokedAt !== null))) {
    found.push(
      'There is no API key yet. Stop the store, run "tidemark key create --name admin --role admin" with the same database, and start it again',
    );
  }
  if (!LOOPBACK.test(request.host)) {
    found.push('The store speaks plain HTTP beyond this machine: put a proxy with TLS in front of it');
  }
  return found;
};

const HOUR_MS = 3_600_000;

/** Signs the head of the ledger now and every hour. A failure is logged, and the next hour tries again. */
const signHourly = ({ store }: OpenStore, app: Server): (() => void) => {
  const sign = (): void => {
    store.signIfDue().catch((error: unknown) => {
      app.log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'the tree head was not signed');
    });
  };
  sign();
  const timer = setInterval(sign, HOUR_MS);
  return () => clearInterval(timer);
};

/**
 * Runs the store until the process is told to stop. Returns when everything is closed.
 *
 * @throws CliFailure and the failures of `openStore`; nothing is left open then
 */
export const serve = async (request: ServeRequest): Promise<void> => {
  const log: ServerLog = { level: request.logLevel, write: (line) => void process.stderr.write(line) };
  const opened = await openStore(request.place, {
    onIdleError: (error) =>
      log.write(
        `${JSON.stringify({ level: 40, time: Date.now(), msg: 'idle connection lost', reason: error.message })}\n`,
      ),
  });
  try {
    const app = createServer({ store: opened.store, version: opened.version, log });
    const stop = stopRequested();
    try {
      const url = await listen(app, request);
      for (const warning of await warnings(request, opened)) app.log.warn(warning);
      request.output.data(JSON.stringify({ url, database: opened.database.kind, version: opened.version }));
      const stopSigning = signHourly(opened, app);
      const signal = await stop;
      stopSigning();
      app.log.info({ signal }, 'stopping');
    } finally {
      await closeInTime(app.close(), () => app.server.closeAllConnections());
    }
  } finally {
    await opened.database.close();
  }
};
