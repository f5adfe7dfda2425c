import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openEmbedded } from '../../../../src/store/sql/database/embedded.ts';
import { lockFolder } from '../../../../src/store/sql/database/embedded-lock.ts';
import { realEnvironment } from './environment.ts';
import type { NumberTable } from './number-table.ts';
import { spawnHolder } from './spawn-holder.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-lock-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a second process on a data folder is refused by name, and let in once the first was killed', async () => {
  const first = spawnHolder(folder);
  expect(await first.nextLine()).toBe('open');

  const second = spawnHolder(folder);
  expect(await second.nextLine()).toMatch(
    new RegExp(
      `^refused FolderInUseError: Cannot open data folder "${folder}": .*process.* has it open\\. Stop that process`,
    ),
  );
  await second.kill9();

  await first.kill9();
  const database = await openEmbedded<NumberTable>({ ...realEnvironment, folder });
  await expect(openEmbedded({ ...realEnvironment, folder })).rejects.toThrow(`process ${process.pid} has it open`);
  await database.close();
}, 60_000);

describe.each(['linux', 'other'] as const)('the lock of platform "%s"', (platform) => {
  test('is one for all paths that lead to the folder, and free again when released', async () => {
    const link = `${folder}-link`;
    fs.symlinkSync(folder, link);
    const lock = await lockFolder(folder, platform);
    await expect(lockFolder(link, platform)).rejects.toThrow(`process ${process.pid} has it open`);
    await lock.release();
    const again = await lockFolder(link, platform);
    await again.release();
    fs.rmSync(link);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('is held by at most one of ten that ask in the same instant', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder, platform)));
    const holders = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(holders.length).toBeLessThanOrEqual(1);
    await Promise.all(holders.map((holder) => holder.release()));
    const next = await lockFolder(folder, platform);
    await next.release();
  });

  test('holds in a folder whose path is too long for a socket', async () => {
    const long = path.join(folder, 'a'.repeat(100));
    fs.mkdirSync(long);
    const lock = await lockFolder(long, platform);
    await expect(lockFolder(long, platform)).rejects.toThrow('has it open');
    await lock.release();
    expect(fs.readdirSync(long)).toEqual([]);
  });
});

test('two network namespaces that share a folder see each other: the announcement alone refuses the second', async () => {
  const lock = await lockFolder(folder, 'other');
  await expect(lockFolder(folder, 'linux')).rejects.toThrow(`process ${process.pid} has it open`);
  await lock.release();
  const next = await lockFolder(folder, 'linux');
  await next.release();
});

test('the announcement of a dead process is removed by the next opener', async () => {
  const holder = spawnHolder(folder);
  expect(await holder.nextLine()).toBe('open');
  await holder.kill9();
  const left = fs.readdirSync(folder).filter((name) => name.endsWith('.sock'));
  expect(left).toHaveLength(1);
  const lock = await lockFolder(folder);
  expect(fs.readdirSync(folder)).not.toContain(left[0]);
  await lock.release();
}, 60_000);
