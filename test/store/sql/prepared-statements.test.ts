import { sql } from 'kysely';
import type { Database } from '../../../src/store/sql/database/database.ts';
import { openMemory } from '../../../src/store/sql/database/embedded.ts';
import { openPostgres } from '../../../src/store/sql/database/postgres.ts';
import { type PostgresCluster, startPostgres } from '../../postgres/cluster.ts';
import { realEnvironment } from './database/environment.ts';

type Item = { n: number; text: string | null; flag?: boolean };
type Schema = { item: Item };

/** As many texts get a name as `prepared-statements.ts` says. */
const NAMED_MAX = 300;

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await startPostgres();
});
afterAll(() => cluster.stop());

// One connection, so that what one statement leaves behind the next one meets.
const engines: Record<Database<Schema>['kind'], () => Promise<Database<Schema>>> = {
  embedded: () => openMemory<Schema>(realEnvironment),
  postgres: async () =>
    openPostgres<Schema>({ ...realEnvironment, url: await cluster.freshDatabase(), limits: { connectionsMax: 1 } }),
};

describe.each(['embedded', 'postgres'] as const)('statements with parameters on the engine "%s"', (kind) => {
  let database: Database<Schema>;
  beforeAll(async () => {
    database = await engines[kind]();
    await sql`create table item (n int4 primary key, text text)`.execute(database.kysely);
  });
  beforeEach(async () => {
    await sql`truncate item`.execute(database.kysely);
  });
  afterAll(() => database.close());

  const insert = (n: number, text: string | null) => database.kysely.insertInto('item').values({ n, text }).execute();
  const textOf = async (n: number): Promise<string | null | undefined> =>
    (await database.kysely.selectFrom('item').select('text').where('n', '=', n).executeTakeFirst())?.text;
  const prepared = async (): Promise<readonly { statement: string; uses: number }[]> => {
    const { rows } = await sql<{ statement: string; uses: number }>`
      select statement, generic_plans + custom_plans as uses from pg_prepared_statements where name like 'tm\\_%'
    `.execute(database.kysely);
    return rows;
  };

  test('give the same results each time, for every value', async () => {
    const values = ['a', null, '', "it's", 'x'.repeat(10_000), '\u{1F600}', '{"a":1}', '\\'];
    for (const [n, text] of values.entries()) await insert(n, text);
    for (let round = 0; round < 8; round += 1) {
      for (const [n, text] of values.entries()) expect(await textOf(n)).toBe(text);
      expect(await textOf(99)).toBeUndefined();
    }
  });

  test('are parsed once for each text, and those without parameters not at all', async () => {
    for (let n = 0; n < 7; n += 1) await insert(n, 'a');
    await sql`select count(*) from item`.execute(database.kysely);
    const all = await prepared();
    expect(all.filter(({ statement }) => statement.startsWith('insert into "item"'))).toMatchObject([
      { uses: expect.any(Number) },
    ]);
    expect(all.find(({ statement }) => statement.startsWith('insert into "item"'))?.uses).toBeGreaterThanOrEqual(7);
    expect(all.filter(({ statement }) => statement.includes('count(*)'))).toEqual([]);
  });

  test('work on after one of them failed, also inside a transaction', async () => {
    await insert(1, 'first');
    await expect(insert(1, 'again')).rejects.toMatchObject({ code: '23505' });
    await insert(2, 'second');
    const failed = database.transaction(async (transaction) => {
      await transaction.updateTable('item').set({ text: 'lost' }).where('n', '=', 2).execute();
      await transaction.insertInto('item').values({ n: 1, text: 'again' }).execute();
    });
    await expect(failed).rejects.toMatchObject({ code: '23505' });
    await database.transaction(async (transaction) => {
      await transaction.updateTable('item').set({ text: 'kept' }).where('n', '=', 2).execute();
      await transaction.insertInto('item').values({ n: 3, text: 'third' }).execute();
    });
    expect(await Promise.all([textOf(1), textOf(2), textOf(3)])).toEqual(['first', 'kept', 'third']);
  });

  test('that name their columns outlive a migration that adds one', async () => {
    await insert(1, 'before');
    expect(await textOf(1)).toBe('before');
    await sql`alter table item add column flag boolean`.execute(database.kysely);
    await insert(2, 'after');
    expect([await textOf(1), await textOf(2)]).toEqual(['before', 'after']);
    await sql`alter table item drop column flag`.execute(database.kysely);
    expect(await textOf(2)).toBe('after');
  });

  test('stay right beyond the number that gets a name, and no more than those are kept', async () => {
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < NAMED_MAX + 50; n += 1) {
        const { rows } = await sql<{ v: number }>`select ${n}::int4 + ${sql.raw(String(n))} as v`.execute(
          database.kysely,
        );
        expect(rows).toEqual([{ v: 2 * n }]);
      }
    }
    await insert(1, 'a statement named before');
    await database.kysely
      .updateTable('item')
      .set({ text: 'one never seen' })
      .where('text', 'is not', null)
      .where('n', '=', 1)
      .execute();
    expect(await textOf(1)).toBe('one never seen');
    expect((await prepared()).length).toBeLessThanOrEqual(NAMED_MAX);
  });
});
