import { sql } from 'kysely';
import type { Database } from './database/database.ts';
import type { StoreSchema } from './schema.ts';
import { createSealing } from './sealing.ts';

/** The first process leaves what its secret makes of this; every later one must make the same of it. */
const SUBJECT = 'tidemark secret check';

/**
 * Tells whether a secret is the one that this database was first used with. With another, nothing that is sealed could
 * be opened, and the pseudonyms of evidence would not be comparable: such a process must not start.
 */
export const isSecretOf = async (database: Database<StoreSchema>, secret: string): Promise<boolean> => {
  const fingerprint = createSealing(secret).pseudonym(SUBJECT);
  return database.transaction(async (tx) => {
    await sql`insert into secret_check (fingerprint) values (${fingerprint}) on conflict do nothing`.execute(tx);
    const stored = await tx.selectFrom('secret_check').select('fingerprint').executeTakeFirstOrThrow();
    return stored.fingerprint === fingerprint;
  });
};
