import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore } from '../store/sql/create-store.ts';
import type { Database } from '../store/sql/database/database.ts';
import { openEmbedded } from '../store/sql/database/embedded.ts';
import { ensureDataFolder } from '../store/sql/database/embedded-folder.ts';
import { loadMigrations } from '../store/sql/database/load-migrations.ts';
import { migrate } from '../store/sql/database/migrate.ts';
import { openPostgres } from '../store/sql/database/postgres.ts';
import type { StoreSchema } from '../store/sql/schema.ts';
import { isSecretOf } from '../store/sql/secret-check.ts';
import { CliFailure } from './cli-failure.ts';
import type { StorePlace } from './store-place.ts';
import { embeddedSecret, sharedSecret } from './store-secret.ts';
import { readVersion } from './version.ts';

export type OpenStore = {
  readonly store: ReturnType<typeof createStore>;
  readonly database: Database<StoreSchema>;
  readonly version: string;
};

type OpenOptions = { readonly onIdleError?: (error: Error) => void };

// From src/cli and from dist/cli the way is the same: the build keeps the folders, and copies the SQL beside them.
const migrationsFolder = path.join(import.meta.dirname, '../store/sql/migrations');

type Opened = { readonly database: Database<StoreSchema>; readonly secret: string };

const open = async (place: StorePlace, options: OpenOptions): Promise<Opened> => {
  const world = { random: Math.random, sleep };
  switch (place.kind) {
    case 'embedded': {
      ensureDataFolder(place.folder);
      const secret = embeddedSecret(place.folder, place.secret);
      return { database: await openEmbedded<StoreSchema>({ ...world, folder: place.folder }), secret };
    }
    case 'postgres': {
      const secret = sharedSecret(place.secret);
      return { database: await openPostgres<StoreSchema>({ ...world, ...options, url: place.url }), secret };
    }
  }
};

/**
 * Opens the database, brings its schema up to date and puts the store on it. The caller closes `database`.
 *
 * @throws FolderInUseError, DatabaseUnavailableError, SchemaRefusedError, CliFailure
 */
export const openStore = async (place: StorePlace, options: OpenOptions = {}): Promise<OpenStore> => {
  const { database, secret } = await open(place, options);
  try {
    await migrate(database, {
      migrations: await loadMigrations(migrationsFolder),
      now: () => new Date().toISOString(),
    });
    if (!(await isSecretOf(database, secret))) {
      throw new CliFailure(
        'The store secret is not the one that this database was first used with. Set TIDEMARK_STORE_SECRET to that one: what is sealed opens under no other',
      );
    }
    const version = readVersion();
    return { store: createStore({ database, secret, now: Date.now, newId: randomUUID, version }), database, version };
  } catch (error) {
    // A database that nobody will use is closed before the failure goes on: the lock of its folder would outlive it.
    await database.close();
    throw error;
  }
};
