import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import type { Database } from '../../../../src/store/sql/database/database.ts';
import { openMemory } from '../../../../src/store/sql/database/embedded.ts';
import { loadMigrations } from '../../../../src/store/sql/database/load-migrations.ts';
import { inspectSchema, migrate } from '../../../../src/store/sql/database/migrate.ts';
import type { Migration } from '../../../../src/store/sql/database/migration.ts';
import { openPostgres } from '../../../../src/store/sql/database/postgres.ts';
import { startPostgres, type PostgresCluster } from '../../../postgres/cluster.ts';
import { realEnvironment } from './environment.ts';

const first: Migration = {
  name: '0001-create-a',
  sql: 'create table a (n int4 primary key);\ninsert into a values (1);\n',
};
const second: Migration = { name: '0002-create-b', sql: 'create table b (n int4 references a);' };
const now = () => '2026-11-21T09:32:00.000Z';

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await startPostgres({ connectionsMax: 60 });
});
afterAll(() => cluster.stop());
const openServer = (url: string) => openPostgres<object>({ ...realEnvironment, url, limits: { connectionsMax: 1 } });

const engines: Record<Database<object>['kind'], () => Promise<Database<object>>> = {
  embedded: () => openMemory<object>(realEnvironment),
  postgres: async () => openServer(await cluster.freshDatabase()),
};

test('20 programs that migrate one database at once apply every migration once', async () => {
  const url = await cluster.freshDatabase();
  const programs = await Promise.all(Array.from({ length: 20 }, () => openServer(url)));
  const applied = await Promise.all(programs.map((program) => migrate(program, { migrations: [first, second], now })));
  expect(applied.flat().toSorted()).toEqual([first.name, second.name]);
  const { rows } = await sql`select number, name, applied_at from tidemark_migration order by number`.execute(
    programs[0]?.kysely ?? fail(),
  );
  expect(rows).toEqual([
    { number: 1, name: first.name, applied_at: now() },
    { number: 2, name: second.name, applied_at: now() },
  ]);
  await Promise.all(programs.map((program) => program.close()));
});

const fail = (): never => {
  throw new Error('no program was opened');
};

describe.each(['embedded', 'postgres'] as const)('on the engine "%s"', (kind) => {
  let database: Database<object>;
  beforeEach(async () => {
    database = await engines[kind]();
  });
  afterEach(() => database.close());
  const bring = (...migrations: readonly Migration[]) => migrate(database, { migrations, now });

  test('a migration is applied once, a later one when it comes', async () => {
    expect(await inspectSchema(database, [first])).toMatchObject({ kind: 'behind', next: first });
    expect(await bring(first)).toEqual([first.name]);
    expect(await bring(first)).toEqual([]);
    expect(await bring(first, second)).toEqual([second.name]);
    expect(await inspectSchema(database, [first, second])).toEqual({ kind: 'current' });
  });

  test('a program is refused by a database that a newer program has migrated', async () => {
    await bring(first, second);
    await expect(bring(first)).rejects.toThrow(
      'Cannot use this database: a newer program has migrated it (0002-create-b)',
    );
    expect(await inspectSchema(database, [first])).toEqual({ kind: 'newer', unknown: [second.name] });
  });

  test('a migration that was edited after it had been applied is refused, other line ends are not', async () => {
    await bring(first);
    await expect(bring({ ...first, sql: `${first.sql}-- later\n` }, second)).rejects.toThrow(
      '"0001-create-a" of this program is not the same text',
    );
    expect(await bring({ ...first, sql: first.sql.replaceAll('\n', '\r\n') }, second)).toEqual([second.name]);
  });

  test('a migration that fails half-way leaves nothing behind, those before it stay', async () => {
    const broken: Migration = { name: '0002-broken', sql: 'create table c (n int4); select 1 / 0;' };
    await expect(bring(first, broken)).rejects.toMatchObject({ code: '22012' });
    const { rows } = await sql`select to_regclass('a') is not null as a, to_regclass('c') is not null as c`.execute(
      database.kysely,
    );
    expect(rows).toEqual([{ a: true, c: false }]);
    expect(await bring(first, second)).toEqual([second.name]);
  });
});

test.each([
  ['commit;', 'ends'],
  ['create table c (n int4);\n  BEGIN ;\nselect 1;', 'begins'],
])('a migration with %j is refused: it %s a transaction', async (text) => {
  const database = await engines.embedded();
  await expect(migrate(database, { migrations: [{ name: '0001-x', sql: text }], now })).rejects.toThrow(
    'it begins or ends a transaction',
  );
  await database.close();
});

describe('a folder of migrations', () => {
  let folder = '';
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-migrations-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
  const write = (...names: readonly string[]) =>
    names.forEach((name) => fs.writeFileSync(path.join(folder, name), 'select 1;'));

  test('is read in the order of its numbers, and other files in it are left alone', async () => {
    write('0002-b.sql', '0001-a.sql', 'README.md');
    expect((await loadMigrations(folder)).map(({ name }) => name)).toEqual(['0001-a', '0002-b']);
  });

  test.each([
    [['0001-a.sql', '0003-c.sql'], 'expected number 0002 in its place'],
    [['0001-a.sql', '0001-b.sql'], 'expected number 0002 in its place'],
    [['1-a.sql'], 'expected a name like 0001-create-stream.sql'],
  ])('with %j is refused', async (names, reason) => {
    write(...names);
    await expect(loadMigrations(folder)).rejects.toThrow(reason);
  });
});
