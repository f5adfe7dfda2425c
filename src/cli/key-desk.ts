import type { z } from 'zod';
import { environment as environments, type Environment } from '../core/contract/name.ts';
import type { Instant } from '../core/instant.ts';
import type { listKeys } from '../core/protocol/admin-routes.ts';
import type { Role } from '../core/protocol/route.ts';
import { StoreError } from '../core/protocol/store-error.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import { FolderInUseError } from '../store/sql/database/database-error.ts';
import type { CliContext } from './cli-context.ts';
import { CliFailure } from './cli-failure.ts';
import type { OpenStore } from './open-store.ts';
import { openClient } from './store-client.ts';
import { placeOf, type StorePlace } from './store-place.ts';

type KeyRequest = { readonly name: string; readonly role: Role; readonly expiresAt: Instant | null };
type ListedKey = z.infer<typeof listKeys.reply>['keys'][number] & { readonly environment: Environment };

/** Where keys are made: the database itself, or a running store. */
export type KeyDesk = {
  /** In words, for the person who asked. */
  readonly place: string;
  readonly create: (
    request: KeyRequest,
    environment: Environment | undefined,
  ) => Promise<{ keyId: string; key: string; environment: Environment }>;
  readonly list: (environment: Environment | undefined) => Promise<readonly ListedKey[]>;
  readonly revoke: (keyId: string) => Promise<{ revoked: boolean }>;
};

const DEFAULT_ENVIRONMENT: Environment = 'pilot';

const localDesk = (store: OpenStore['store'], place: string): KeyDesk => ({
  place,
  create: (request, environment = DEFAULT_ENVIRONMENT) => store.createKey(environment, request),
  list: async (environment) => {
    const wanted = environment === undefined ? environments.options : [environment];
    const found = await Promise.all(
      wanted.map(async (one) => (await store.listKeys(one)).keys.map((key) => ({ ...key, environment: one }))),
    );
    return found.flat();
  },
  revoke: async (keyId) => {
    for (const environment of environments.options) {
      const { keys } = await store.listKeys(environment);
      if (keys.some((key) => key.keyId === keyId)) return store.revokeKey(environment, keyId);
    }
    throw new StoreError('not_found', `Cannot revoke key "${keyId}": there is none in ${place}`);
  },
});

const remoteDesk = (client: StorePort, url: string): KeyDesk => {
  /** A key makes keys of its own environment only. */
  const own = async (wanted: Environment | undefined): Promise<Environment> => {
    const { environment } = await client.me({}, {});
    if (wanted === undefined || wanted === environment) return environment;
    throw new CliFailure(
      `The key in TIDEMARK_KEY is of ${environment}, and sees nothing of ${wanted}. Use an admin key of ${wanted}`,
    );
  };
  return {
    place: `the store at ${url}`,
    create: async (request, wanted) => {
      await own(wanted);
      return client.createKey({}, request);
    },
    list: async (wanted) => {
      const environment = await own(wanted);
      return (await client.listKeys({}, {})).keys.map((key) => ({ ...key, environment }));
    },
    revoke: (keyId) => client.revokeKey({ key: keyId }, {}),
  };
};

type Where = { readonly data?: string; readonly url?: string };

/** Opens the desk that the options and the environment name, and closes it after the work. */
export const withKeyDesk = async (
  where: Where,
  context: CliContext,
  work: (desk: KeyDesk) => Promise<void>,
): Promise<void> => {
  const { env } = context;
  const url = where.url ?? (where.data === undefined && env.key !== undefined ? env.storeUrl : undefined);
  if (url !== undefined) {
    await work(remoteDesk(openClient(url, env), url));
    return;
  }
  const place = placeOf(where.data, env);
  const { store, database } = await openLocal(place);
  try {
    await work(
      localDesk(store, place.kind === 'embedded' ? `data folder "${place.folder}"` : 'the database of DATABASE_URL'),
    );
  } finally {
    await database.close();
  }
};

const openLocal = async (place: StorePlace): Promise<OpenStore> => {
  // Loaded when it is needed: through a running store, no database engine is.
  const { openStore } = await import('./open-store.ts');
  try {
    return await openStore(place);
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error;
    throw new CliFailure(
      `${error.message}. If it is a running store, go through it: give its address with --url, and an admin key in TIDEMARK_KEY`,
      1,
      { cause: error },
    );
  }
};
