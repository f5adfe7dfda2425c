import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { withProcessLock } from '../../scripts/process-lock.ts';

const WAIT_MAX_MS = 10_000;

describe('the lock around the build of the Zapier app', () => {
  let folder = '';
  let lock = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-lock-'));
    lock = path.join(folder, 'zip.lock');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('of many who want it at once, one works at a time and all get their turn', async () => {
    let working = 0;
    let workingMax = 0;
    const work = async (): Promise<void> => {
      working += 1;
      workingMax = Math.max(workingMax, working);
      await new Promise(setImmediate);
      working -= 1;
    };
    await Promise.all([1, 2, 3, 4].map(() => withProcessLock(lock, WAIT_MAX_MS, work)));
    expect(workingMax).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('work that fails passes its error on and leaves no lock behind', async () => {
    const work = (): Promise<void> => Promise.reject(new Error('Cannot build'));
    await expect(withProcessLock(lock, WAIT_MAX_MS, work)).rejects.toThrow('Cannot build');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a lock that a dead process left is taken over', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    writeFileSync(lock, String(dead));
    await expect(withProcessLock(lock, WAIT_MAX_MS, () => Promise.resolve('done'))).resolves.toBe('done');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a lock that a living process keeps is waited for no longer than asked, and is left to it', async () => {
    writeFileSync(lock, String(process.pid));
    const taken = withProcessLock(lock, 0, () => Promise.resolve('done'));
    await expect(taken).rejects.toThrow(`process ${process.pid} held it`);
    expect(readdirSync(folder)).toEqual(['zip.lock']);
  });
});
