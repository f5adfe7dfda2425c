import { setTimeout as sleep } from 'node:timers/promises';
import type { StorePort } from '../core/protocol/store-port.ts';
import { createStoreClient } from '../store/client/create-store-client.ts';
import { CliFailure } from './cli-failure.ts';
import type { CliEnvironment } from './env.ts';
import { readVersion } from './version.ts';

/** The running store that a command talks to: the URL of the command line, or else of the environment. */
export const openClient = (url: string | undefined, env: CliEnvironment): StorePort => {
  const chosen = url ?? env.storeUrl;
  if (chosen === undefined) {
    throw new CliFailure('No store is named. Give --url https://..., or set TIDEMARK_URL', 2);
  }
  if (env.key === undefined) {
    throw new CliFailure('No API key is set. Put one into TIDEMARK_KEY; "tidemark key create" makes one', 2);
  }
  return createStoreClient({
    url: chosen,
    key: env.key,
    fetch,
    sleep: (ms) => sleep(ms),
    random: Math.random,
    now: Date.now,
    userAgent: `tidemark-cli/${readVersion()}`,
  });
};
