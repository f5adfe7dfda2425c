import { AsyncResource } from 'node:async_hooks';
import { sql } from 'kysely';
import type { Database } from '../../../../src/store/sql/database/database.ts';
import { openMemory } from '../../../../src/store/sql/database/embedded.ts';
import { openPostgres } from '../../../../src/store/sql/database/postgres.ts';
import { startPostgres, type PostgresCluster } from '../../../postgres/cluster.ts';
import { realEnvironment } from './environment.ts';
import type { NumberTable } from './number-table.ts';

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await startPostgres();
});
afterAll(() => cluster.stop());

const engines: Record<Database<NumberTable>['kind'], () => Promise<Database<NumberTable>>> = {
  embedded: () => openMemory<NumberTable>({ ...realEnvironment, acquireTimeoutMs: 500 }),
  postgres: async () =>
    openPostgres<NumberTable>({
      ...realEnvironment,
      url: await cluster.freshDatabase(),
      limits: { acquireTimeoutMs: 500, connectionsMax: 4 },
    }),
};

describe.each(['embedded', 'postgres'] as const)('on the engine "%s"', (kind) => {
  let database: Database<NumberTable>;
  beforeAll(async () => {
    database = await engines[kind]();
    await sql`create table number (n int4 primary key)`.execute(database.kysely);
  });
  beforeEach(async () => {
    await sql`truncate number`.execute(database.kysely);
  });
  afterAll(() => database.close());
  const numbers = async (): Promise<readonly number[]> =>
    (await database.kysely.selectFrom('number').select('n').orderBy('n').execute()).map(({ n }) => n);
  const insert = (n: number) => database.kysely.insertInto('number').values({ n }).execute();

  test('values come back as the same JavaScript types', async () => {
    const { rows } = await sql`select
      9007199254740991::int8 as int8, 7::int4 as int4, 1.50::numeric as numeric, 0.1::float8 as float8, true as bool,
      timestamptz '2026-11-21 09:32:00.123+00' as millis, timestamptz '2026-11-21 10:32:00.123456+01' as micros,
      timestamptz '2026-11-21 09:32:00+00' as whole, date '2026-11-21' as date, interval '1 day 02:03:04' as interval,
      '{"a":[1,null,"b"]}'::jsonb as jsonb, null::jsonb as nothing, '\\x00ff'::bytea as bytea, array['a', 'b,"c'] as texts,
      array[1, 2]::int8[] as int8s, array[[1], [null]]::int8[] as nested, array[timestamptz '2026-11-21 09:32:00+00'] as instants,
      count(*) as count from number`.execute(database.kysely);
    expect(rows).toEqual([
      {
        int8: 9_007_199_254_740_991,
        int4: 7,
        numeric: '1.50',
        float8: 0.1,
        bool: true,
        millis: '2026-11-21T09:32:00.123Z',
        micros: '2026-11-21T09:32:00.123456Z',
        whole: '2026-11-21T09:32:00.000Z',
        date: '2026-11-21',
        interval: '1 day 02:03:04',
        jsonb: { a: [1, null, 'b'] },
        nothing: null,
        bytea: Buffer.from([0x00, 0xff]),
        texts: ['a', 'b,"c'],
        int8s: [1, 2],
        nested: [[1], [null]],
        instants: ['2026-11-21T09:32:00.000Z'],
        count: 0,
      },
    ]);
  });

  test('an int8 that a number cannot hold is refused instead of rounded', async () => {
    await expect(sql`select 9007199254740992::int8 as n`.execute(database.kysely)).rejects.toThrow(
      'Cannot read int8 "9007199254740992"',
    );
    expect(await database.ping()).toEqual({ kind: 'up' });
  });

  test('an instant without a zone is refused', async () => {
    await expect(sql`select timestamp '2026-11-21 09:32:00' as t`.execute(database.kysely)).rejects.toThrow(
      'use timestamptz',
    );
  });

  test('an instant with milliseconds reads back as it was written', async () => {
    const written = '2026-03-29T01:30:00.007Z';
    const { rows } = await sql`select ${written}::timestamptz as t`.execute(database.kysely);
    expect(rows).toEqual([{ t: written }]);
  });

  test('days are cut in UTC', async () => {
    const { rows } = await sql`select date_trunc('day', timestamptz '2026-11-21 00:30:00+00') as day`.execute(
      database.kysely,
    );
    expect(rows).toEqual([{ day: '2026-11-21T00:00:00.000Z' }]);
  });

  test('a constraint that fails is reported with the same code and name', async () => {
    await insert(1);
    await expect(insert(1)).rejects.toMatchObject({ code: '23505', constraint: 'number_pkey' });
  });

  test('a statement outside a transaction is not lost when the transaction rolls back', async () => {
    // Bound to this context, not to the transaction's: another request, so to say.
    const insertOutside = AsyncResource.bind(() => insert(2));
    let outside: Promise<unknown> | undefined;
    const failed = database.transaction(async (transaction) => {
      await transaction.insertInto('number').values({ n: 1 }).execute();
      outside = insertOutside();
      await transaction.insertInto('number').values({ n: 3 }).execute();
      throw new Error('the body gave up');
    });
    await expect(failed).rejects.toThrow('the body gave up');
    await outside;
    expect(await numbers()).toEqual([2]);
  });

  test('asking for a second connection inside a transaction is refused at once, and the transaction rolls back', async () => {
    const nested = database.transaction(async (transaction) => {
      await transaction.insertInto('number').values({ n: 1 }).execute();
      await insert(2);
    });
    await expect(nested).rejects.toThrow('Cannot take a second connection inside a transaction');
    expect(await numbers()).toEqual([]);
  });

  test('a caller that finds every connection in use is told so within the limit, and the others go on', async () => {
    const { promise: finish, resolve: allowFinish } = Promise.withResolvers<void>();
    const holders = Array.from({ length: 4 }, (_, n) =>
      database.transaction(async (transaction) => {
        await transaction.insertInto('number').values({ n }).execute();
        await finish;
      }),
    );
    const settled = Promise.allSettled(holders);
    await expect(insert(9)).rejects.toThrow(/Cannot get a database connection: all \d were in use for 500 ms/);
    allowFinish();
    const outcomes = await settled;
    // The embedded engine has one connection, so three of the four holders were told the same.
    const committed = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(committed).toBe(kind === 'embedded' ? 1 : 4);
    expect(await numbers()).toHaveLength(committed);
  });

  test('a connection that comes back with an open transaction is not handed to the next caller', async () => {
    await sql`begin`.execute(database.kysely);
    await expect(insert(1)).rejects.toThrow('A connection came back with an open transaction');
    await insert(2);
    expect(await numbers()).toEqual([2]);
  });

  test('closing twice is closing once, and afterwards nothing is answered', async () => {
    const other = await engines[kind]();
    await Promise.all([other.close(), other.close()]);
    expect(await other.ping()).toMatchObject({ kind: 'down' });
  });
});
