import { join } from 'node:path';
import { z } from 'zod';
import { type RunningServer, type ServerExit, spawnServer } from './processes/spawn-server.ts';
import { runCli } from './run-cli.ts';

export type StoreProcess = {
  readonly url: () => string;
  /** Key of the role that a Zap has. */
  readonly syncKey: string;
  readonly adminKey: string;
  readonly database: string;
  /** Kills the process without notice and starts it again, on the same port and data; gives how the killed one ended. */
  readonly killAndRestart: () => Promise<ServerExit>;
  readonly stop: () => Promise<void>;
};

export type StoreOptions = {
  readonly folder: string;
  /** Null for the embedded database. */
  readonly databaseUrl: string | null;
  readonly contracts: string;
};

const SECRET_HEX_DIGITS = 64;

const keyOf = async (
  role: string,
  place: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> => {
  const text = await runCli(
    ['key', 'create', '--name', `demo-${role}`, '--role', role, '--environment', 'pilot', '--json', ...place],
    env,
  );
  return z.object({ key: z.string() }).parse(JSON.parse(text)).key;
};

/** Sets a store up as the README says: keys, serve, contracts. */
export const startStore = async ({ folder, databaseUrl, contracts }: StoreOptions): Promise<StoreProcess> => {
  const data = join(folder, 'store');
  const isEmbedded = databaseUrl === null;
  const place = isEmbedded ? ['--data', data] : [];
  const env: Record<string, string> = isEmbedded
    ? { TIDEMARK_LOG: 'warn' }
    : { TIDEMARK_LOG: 'warn', DATABASE_URL: databaseUrl, TIDEMARK_STORE_SECRET: 'd'.repeat(SECRET_HEX_DIGITS) };
  const syncKey = await keyOf('sync', place, env);
  const adminKey = await keyOf('admin', place, env);
  const serve = (port: string): Promise<RunningServer> =>
    spawnServer({ name: 'store', script: 'bin/tidemark.js', args: ['serve', '--port', port, ...place], env });
  let server = await serve('0');
  const { url } = server;
  const { port } = new URL(url);
  await runCli(['contract', 'apply', contracts, '--json'], { TIDEMARK_URL: url, TIDEMARK_KEY: adminKey });
  return {
    url: () => url,
    syncKey,
    adminKey,
    database: z.string().parse(server.ready['database']),
    killAndRestart: async () => {
      const exit = await server.kill9();
      server = await serve(port);
      return exit;
    },
    stop: async () => {
      await server.stop();
    },
  };
};
