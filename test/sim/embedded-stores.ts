import path from 'node:path';
import { sql } from 'kysely';
import { z } from 'zod';
import { instantFromMs } from '../../src/core/instant.ts';
import { createStore } from '../../src/store/sql/create-store.ts';
import { openMemory } from '../../src/store/sql/database/embedded.ts';
import { loadMigrations } from '../../src/store/sql/database/load-migrations.ts';
import { migrate } from '../../src/store/sql/database/migrate.ts';
import type { StoreSchema } from '../../src/store/sql/schema.ts';
import { realEnvironment } from '../store/sql/database/environment.ts';
import { emptyTables } from '../world/on-engines.ts';
import { pilot, portOver, secret } from '../world/store-engines.ts';
import type { SimStores, StoreWorld } from './sim-store.ts';

const position = (at: string | null, id: string | null) => (at === null || id === null ? null : { updatedAt: at, id });

const streamRow = z.object({
  fetched_at: z.string().nullable(),
  fetched_id: z.string().nullable(),
  committed_at: z.string().nullable(),
  committed_id: z.string().nullable(),
  start_at: z.string().nullable(),
});

const obligationRow = z.object({
  external_id: z.string(),
  updated_at: z.string(),
  digest: z.string(),
  state: z.string(),
  attempts: z.number(),
  sequence: z.number(),
  due_at: z.string().nullable(),
});

const tables = [
  'contracts',
  'syncs',
  'streams',
  'cycles',
  'pages',
  'obligations',
  'deliveries',
  'circuits',
  'target_records',
  'intents',
  'dead_letters',
  'replays',
  'reconciliations',
  'reconciliation_slices',
  'reconciliation_differences',
  'claims',
  'evidence',
];

/** The real store on the embedded database, in memory: slow, and the same code as in production. */
export const openEmbeddedStores = async (): Promise<SimStores> => {
  const database = await openMemory<StoreSchema>(realEnvironment);
  const { kysely } = database;
  const migrations = await loadMigrations(path.join('src', 'store', 'sql', 'migrations'));
  await migrate(database, { migrations, now: () => '2026-01-01T00:00:00Z' });
  return {
    open: async ({ now, newId }: StoreWorld) => {
      await emptyTables({ database });
      const { operations } = createStore({ database, secret, now, newId, version: 'simulated' });
      return {
        port: portOver(operations, pilot),
        inspect: async () => {
          const streams = await sql`select * from streams`.execute(kysely);
          const obligations = await sql`select * from obligations order by obligation_id`.execute(kysely);
          const stream = streamRow.optional().parse(streams.rows[0]);
          return {
            fetched: position(stream?.fetched_at ?? null, stream?.fetched_id ?? null),
            committed: position(stream?.committed_at ?? null, stream?.committed_id ?? null),
            startAt: stream?.start_at ?? null,
            obligations: z
              .array(obligationRow)
              .parse(obligations.rows)
              .map(({ external_id: externalId, updated_at: updatedAt, due_at: dueAt, ...one }) => ({
                externalId,
                updatedAt,
                digest: one.digest,
                state: one.state,
                attempts: one.attempts,
                sequence: one.sequence,
                isInFlight: dueAt !== null && dueAt > instantFromMs(now()),
              })),
          };
        },
        fingerprint: async () => {
          const parts: string[] = [];
          for (const table of tables) {
            const found = await sql<{ all: string | null }>`
              select string_agg(t::text, ';' order by t::text) as all from ${sql.table(table)} t
            `.execute(kysely);
            parts.push(`${table}:${found.rows[0]?.all ?? ''}`);
          }
          return parts.join('\n');
        },
      };
    },
    close: () => database.close(),
  };
};
