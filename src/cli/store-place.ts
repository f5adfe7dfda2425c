import { CliFailure } from './cli-failure.ts';
import type { CliEnvironment } from './env.ts';

/** Where the data is: a folder of the embedded database, or a PostgreSQL server. */
export type StorePlace =
  | { readonly kind: 'embedded'; readonly folder: string; readonly secret: string | undefined }
  | { readonly kind: 'postgres'; readonly url: string; readonly secret: string | undefined };

export const DEFAULT_FOLDER = './data';

/**
 * Decides which database is meant.
 *
 * @param data the folder that the command line names, if it names one
 * @throws CliFailure when that and DATABASE_URL name two: to guess would be to write to the wrong one
 */
export const placeOf = (data: string | undefined, env: CliEnvironment): StorePlace => {
  if (env.databaseUrl === undefined) {
    return { kind: 'embedded', folder: data ?? DEFAULT_FOLDER, secret: env.storeSecret };
  }
  if (data === undefined) return { kind: 'postgres', url: env.databaseUrl, secret: env.storeSecret };
  throw new CliFailure(
    'Both --data and DATABASE_URL are given, and they name two databases. Leave out --data, or unset DATABASE_URL',
    2,
  );
};
