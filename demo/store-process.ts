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
  /** Applies the contracts of a folder, as its engineer does. */
  readonly applyContracts: (folder: string) => Promise<void>;
  /** Kills the process without notice and starts it again, on the same port and data; gives how the killed one ended. */
  readonly killAndRestart: () => Promise<ServerExit>;
  readonly stop: () => Promise<void>;
};

export type StoreOptions = {
  readonly folder: string;
  /** Null for the embedded database. */
  readonly databaseUrl: string | null;
};

const SECRET_HEX_DIGITS = 64;

const created = z.object({ key: z.string() });

/** Sets a store up as the README says: the first key where the database is, then serve, and the Zap's key by its API. */
export const startStore = async ({ folder, databaseUrl }: StoreOptions): Promise<StoreProcess> => {
  const data = join(folder, 'store');
  const isEmbedded = databaseUrl === null;
  const place = isEmbedded ? ['--data', data] : [];
  const env: Record<string, string> = isEmbedded
    ? { TIDEMARK_LOG: 'warn' }
    : { TIDEMARK_LOG: 'warn', DATABASE_URL: databaseUrl, TIDEMARK_STORE_SECRET: 'd'.repeat(SECRET_HEX_DIGITS) };
  const keyArguments = (role: string): string[] => [
    'key',
    'create',
    '--name',
    `demo-${role}`,
    '--role',
    role,
    '--json',
  ];
  const first = await runCli([...keyArguments('admin'), '--environment', 'pilot', ...place], env);
  const { key: adminKey } = created.parse(JSON.parse(first));
  const serve = (port: string): Promise<RunningServer> =>
    spawnServer({ name: 'store', script: 'bin/tidemark.js', args: ['serve', '--port', port, ...place], env });
  let server = await serve('0');
  const { url } = server;
  const { port } = new URL(url);
  const remote = { TIDEMARK_URL: url, TIDEMARK_KEY: adminKey };
  const { key: syncKey } = created.parse(JSON.parse(await runCli(keyArguments('sync'), remote)));
  return {
    url: () => url,
    syncKey,
    adminKey,
    database: z.string().parse(server.ready['database']),
    applyContracts: async (contracts) => {
      await runCli(['contract', 'apply', contracts, '--json'], remote);
    },
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
