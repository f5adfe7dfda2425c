import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { sql } from 'kysely';
import { openEmbedded } from '../../../../src/store/sql/database/embedded.ts';
import type * as EmbeddedFsync from '../../../../src/store/sql/database/embedded-fsync.ts';
import { durableFileSystem } from '../../../../src/store/sql/database/embedded-fsync.ts';
import { realEnvironment } from './environment.ts';
import type { NumberTable } from './number-table.ts';
import { spawnHolder } from './spawn-holder.ts';

jest.mock('../../../../src/store/sql/database/embedded-fsync.ts', () => {
  const actual = jest.requireActual<typeof EmbeddedFsync>('../../../../src/store/sql/database/embedded-fsync.ts');
  return { ...actual, durableFileSystem: jest.fn(actual.durableFileSystem) };
});

const folders: string[] = [];
const freshFolder = (): string => {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-embedded-'));
  folders.push(parent);
  return path.join(parent, 'data');
};
const open = (folder: string) => openEmbedded<NumberTable>({ ...realEnvironment, folder });

afterEach(() => {
  jest.restoreAllMocks();
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

test('every commit of the embedded database is synced to its write-ahead log on the disk', async () => {
  const database = await open(freshFolder());
  await sql`create table number (n int4 primary key)`.execute(database.kysely);
  const fsync = jest.spyOn(fs, 'fsyncSync');
  for (let n = 1; n <= 10; n += 1) await database.kysely.insertInto('number').values({ n }).execute();
  expect(fsync.mock.calls.length).toBeGreaterThanOrEqual(10);
  await database.close();
});

test('a data folder is refused when a commit causes no sync', async () => {
  const folder = freshFolder();
  const { durableFileSystem: real } = jest.requireActual<typeof EmbeddedFsync>(
    '../../../../src/store/sql/database/embedded-fsync.ts',
  );
  const withoutShim: typeof real = (cluster) => ({ ...real(cluster), fileSystem: new NodeFS(cluster) });
  // Once to make the cluster, once to open it.
  jest.mocked(durableFileSystem).mockImplementationOnce(withoutShim).mockImplementationOnce(withoutShim);
  await expect(open(folder)).rejects.toThrow(/a commit did not sync its log to the disk.*0\.5\.16 exactly/);
  await (await open(folder)).close();
});

test('a commit whose sync fails is not acknowledged, and nothing is acknowledged after it', async () => {
  const folder = freshFolder();
  const database = await open(folder);
  await sql`create table number (n int4 primary key)`.execute(database.kysely);
  const fsync = jest.spyOn(fs, 'fsyncSync').mockImplementation(() => {
    throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
  });
  const insertion = database.transaction((transaction) => transaction.insertInto('number').values({ n: 1 }).execute());
  await expect(insertion).rejects.toThrow('the disk refused to sync its log');
  fsync.mockRestore();
  await expect(database.kysely.selectFrom('number').selectAll().execute()).rejects.toThrow(
    'the disk refused to sync its log',
  );
  expect(await database.ping()).toMatchObject({ kind: 'down' });
  await database.close();
  const reopened = await open(folder);
  await reopened.kysely.insertInto('number').values({ n: 2 }).execute();
  await reopened.close();
});

test('no acknowledged row is lost when the process is killed while it commits', async () => {
  const folder = freshFolder();
  let acknowledged = 0;
  for (let round = 1; round <= 4; round += 1) {
    const holder = spawnHolder(folder, acknowledged + 1);
    expect(await holder.nextLine()).toBe('open');
    const target = acknowledged + 40 * round;
    for (let line = await holder.nextLine(); Number(line) < target; line = await holder.nextLine()) {
      acknowledged = Number(line);
    }
    const rest = await holder.kill9();
    acknowledged = Math.max(target, ...rest.filter((line) => /^\d+$/.test(line)).map(Number));

    const database = await open(folder);
    const rows = await database.kysely.selectFrom('number').select('n').orderBy('n').execute();
    const found = new Set(rows.map(({ n }) => n));
    const lost = Array.from({ length: acknowledged }, (_, index) => index + 1).filter((n) => !found.has(n));
    expect(lost).toEqual([]);
    // A row that was committed but not yet said is no loss; the next round starts behind it.
    acknowledged = rows.length;
    await database.close();
  }
}, 120_000);

test('a cluster that was half made when the process died is made again', async () => {
  const folder = freshFolder();
  fs.mkdirSync(path.join(folder, 'pgdata.new', 'base'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'pgdata.new', 'PG_VERSION'), '18\n');
  const database = await open(folder);
  expect(await database.ping()).toEqual({ kind: 'up' });
  await database.close();
  expect(fs.readdirSync(folder)).toEqual(['pgdata']);
});

test('a cluster of another PostgreSQL version is refused and left alone', async () => {
  const folder = freshFolder();
  fs.mkdirSync(path.join(folder, 'pgdata'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'pgdata', 'PG_VERSION'), '16\n');
  await expect(open(folder)).rejects.toThrow('it holds PostgreSQL version "16", this program brings 18');
  expect(fs.readdirSync(path.join(folder, 'pgdata'))).toEqual(['PG_VERSION']);
});

test('only the owner may enter the data folder and the cluster in it', async () => {
  const folder = freshFolder();
  const database = await open(folder);
  await database.close();
  expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
  expect(fs.statSync(path.join(folder, 'pgdata')).mode & 0o777).toBe(0o700);
});
