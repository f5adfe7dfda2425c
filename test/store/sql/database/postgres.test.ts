import { sql } from 'kysely';
import net from 'node:net';
import { openPostgres } from '../../../../src/store/sql/database/postgres.ts';
import { startPostgres, type PostgresCluster } from '../../../postgres/cluster.ts';
import { realEnvironment } from './environment.ts';
import type { NumberTable } from './number-table.ts';

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await startPostgres();
});
afterAll(() => cluster.stop());

/** pg says the first of a statement under way, the second of the next one. */
const lostConnection =
  /Connection terminated unexpectedly|not queryable|terminating connection due to idle-in-transaction timeout/;

const open = (url: string, limits = {}) => openPostgres<NumberTable>({ ...realEnvironment, url, limits });

test('a server that is not there is named with host and port, without the password', async () => {
  const port = await new Promise<number>((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
  const failure = await open(`postgres://app:hunter2@127.0.0.1:${port}/store`).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'DatabaseUnavailableError' });
  expect(String(failure)).toContain(`database "store" at 127.0.0.1:${port} as user "app": connect ECONNREFUSED`);
  expect(String(failure)).toContain('Check that the server runs');
  expect(String(failure)).not.toContain('hunter2');
});

test('a database that does not exist is told apart from a server that does not answer', async () => {
  const url = new URL(cluster.url);
  url.pathname = '/nowhere';
  await expect(open(url.href)).rejects.toThrow('Create that database, or name another in DATABASE_URL');
});

test('a server without TLS is refused when the URL asks for TLS', async () => {
  await expect(open(`${cluster.url}?sslmode=verify-full`)).rejects.toThrow(
    'does not support SSL connections. Set sslmode in DATABASE_URL',
  );
});

test('a statement that takes longer than its limit is cancelled by the server', async () => {
  const database = await open(cluster.url, { statementTimeoutMs: 100 });
  await expect(sql`select pg_sleep(10)`.execute(database.kysely)).rejects.toMatchObject({ code: '57014' });
  await database.close();
});

test('a transaction that idles longer than its limit is ended, and the process lives on', async () => {
  const database = await open(cluster.url, { idleInTransactionTimeoutMs: 100 });
  const idle = database.transaction(async (transaction) => {
    await sql`select 1`.execute(transaction);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await sql`select 1`.execute(transaction);
  });
  await expect(idle).rejects.toThrow(lostConnection);
  expect(await database.ping()).toEqual({ kind: 'up' });
  await database.close();
});

test('the server knows the connections as tidemark, and no more of them than allowed', async () => {
  const database = await open(await cluster.freshDatabase(), { connectionsMax: 3 });
  await Promise.all(Array.from({ length: 12 }, () => sql`select pg_sleep(0.02)`.execute(database.kysely)));
  const { rows } =
    await sql`select count(*) as n from pg_stat_activity where application_name = 'tidemark' and datname = current_database()`.execute(
      database.kysely,
    );
  expect(rows).toEqual([{ n: 3 }]);
  await database.close();
});

test('two transactions that deadlock both commit in the end', async () => {
  const database = await open(await cluster.freshDatabase());
  await sql`create table number (n int4 primary key); insert into number values (1), (2)`.execute(database.kysely);
  const bodies = [0, 0];
  const { promise: bothHold, resolve: letBothGo } = Promise.withResolvers<void>();
  const crossing = (me: 0 | 1, first: number, second: number) =>
    database.transaction(async (transaction) => {
      bodies[me] = (bodies[me] ?? 0) + 1;
      await sql`select n from number where n = ${first} for update`.execute(transaction);
      if (bodies[0] === 1 && bodies[1] === 1) letBothGo();
      await bothHold;
      await sql`select n from number where n = ${second} for update`.execute(transaction);
    });
  await Promise.all([crossing(0, 1, 2), crossing(1, 2, 1)]);
  expect(bodies.toSorted((left, right) => left - right)).toEqual([1, 2]);
  await database.close();
});

test('two serializable transactions that contradict each other both commit in the end, one after the other', async () => {
  const database = await open(await cluster.freshDatabase());
  await sql`create table number (n int4 primary key)`.execute(database.kysely);
  let bodies = 0;
  const { promise: bothRead, resolve: letBothWrite } = Promise.withResolvers<void>();
  const addNext = () =>
    database.transaction(
      async (transaction) => {
        bodies += 1;
        const { rows } = await sql<{ n: number }>`select coalesce(max(n), 0)::int4 as n from number`.execute(
          transaction,
        );
        if (bodies === 2) letBothWrite();
        await bothRead;
        await transaction
          .insertInto('number')
          .values({ n: (rows[0]?.n ?? 0) + 1 })
          .execute();
      },
      { isolationLevel: 'serializable' },
    );
  await Promise.all([addNext(), addNext()]);
  expect(bodies).toBe(3);
  expect(await database.kysely.selectFrom('number').selectAll().orderBy('n').execute()).toEqual([{ n: 1 }, { n: 2 }]);
  await database.close();
});

test('after the server was killed in a transaction its rows are gone, the pool recovers and committed rows are there', async () => {
  const database = await open(await cluster.freshDatabase());
  await sql`create table number (n int4 primary key)`.execute(database.kysely);
  await database.kysely.insertInto('number').values({ n: 1 }).execute();
  await sql`checkpoint`.execute(database.kysely);
  const interrupted = database.transaction(async (transaction) => {
    await transaction.insertInto('number').values({ n: 2 }).execute();
    await cluster.kill9();
  });
  await expect(interrupted).rejects.toThrow(lostConnection);
  expect(await database.ping()).toMatchObject({
    kind: 'down',
    reason: expect.stringContaining('Cannot reach PostgreSQL'),
  });
  await cluster.restart();
  expect(await database.ping()).toEqual({ kind: 'up' });
  expect(await database.kysely.selectFrom('number').selectAll().execute()).toEqual([{ n: 1 }]);
  await database.close();
});
