import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { Bundle } from 'zapier-platform-core';
import type { ContractBundle } from '../core/contract/bundle.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import type { ContractCache, DriverFactory } from '../engine/contracts.ts';
import type { Runtime } from '../engine/runtime.ts';
import { createStoreClient } from '../store/client/create-store-client.ts';
import type { Lookup } from '../systems/http/host-check.ts';
import { createTokenCache } from '../systems/http/token/token-cache.ts';
import { createEntityDriver } from '../systems/registry.ts';
import { contractCacheOf } from './contract-cache.ts';
import { readCredentials } from './credentials.ts';
import { readSecret, readSecretHosts } from './secrets.ts';
import { appVersion } from './version.ts';

/** Zapier ends a call at 30 s; the rest is for starting, for the answer's way back and for a slow clock. */
const CALL_BUDGET_MS = 25_000;

/** What the engine is handed for one call. */
export type Shell = {
  readonly store: StorePort;
  readonly contracts: ContractCache;
  readonly driver: DriverFactory;
  readonly runtime: Runtime;
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Kept from call to call, and bounded. A warm container serves many users: each token is found only with the very secrets
// that it was got for.
const tokens = createTokenCache();

/**
 * The one way out. Node's own fetch and not `z.request`: that one deletes `{{...}}` out of strings, refuses a body with
 * `{{bundle.x}}` in it, and rounds integers beyond 2^53.
 */
const send: typeof fetch = (input, init) => fetch(input, init);

const lookUp: Lookup = async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * Makes the ports of one call out of what Zapier hands the app.
 *
 * @throws InputError when the connection's address or key cannot be used
 */
export const openShell = (bundle: Pick<Bundle, 'authData'>): Shell => {
  const credentials = readCredentials(bundle.authData);
  const runtime: Runtime = {
    now: Date.now,
    sleep,
    random: Math.random,
    newId: randomUUID,
    deadlineMs: Date.now() + CALL_BUDGET_MS,
  };
  const { now, random, deadlineMs } = runtime;
  const userAgent = `tidemark-zapier/${appVersion}`;
  return {
    runtime,
    contracts: contractCacheOf(credentials),
    store: createStoreClient({ ...credentials, fetch: send, sleep, random, now, deadlineMs, userAgent }),
    driver: (system, entity, externalIdField?: string) =>
      createEntityDriver({
        system,
        entity,
        externalIdField,
        secret: readSecret,
        secretHosts: readSecretHosts,
        fetch: send,
        now,
        tokens,
        lookup: lookUp,
      }),
  };
};

/** The contract of a sync for the editor: fetched anew, because the editor is where a stale one would confuse. */
export const fetchContract = async ({ store, contracts }: Shell, sync: string): Promise<ContractBundle> => {
  const bundle = await store.getSync({ sync }, {});
  contracts.set(sync, bundle);
  return bundle;
};
