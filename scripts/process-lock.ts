import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrorCode } from './error-code.ts';

const RETRY_AFTER_MS = 100;

/**
 * Runs work while no other call, in this process or another on this machine, holds the same lock. The lock is a file
 * with the ID of the process that holds it; one that a dead process left is taken over.
 *
 * @param lock      the file, in a folder that exists
 * @param waitMaxMs how long to wait for the others
 * @throws what the work throws, with the lock released; or when the wait was too long
 */
export const withProcessLock = async <T>(lock: string, waitMaxMs: number, work: () => Promise<T>): Promise<T> => {
  const mine = `${lock}-${randomUUID()}`;
  await writeFile(mine, String(process.pid));
  try {
    await takeLock(lock, mine, waitMaxMs);
    try {
      return await work();
    } finally {
      await rm(lock);
    }
  } finally {
    await rm(mine);
  }
};

const takeLock = async (lock: string, mine: string, waitMaxMs: number): Promise<void> => {
  const startedMs = performance.now();
  while (!(await tryLink(mine, lock))) {
    const holder = await readHolder(lock);
    if (holder !== undefined && !isAlive(holder)) await dropLockOf(holder, lock);
    if (performance.now() - startedMs > waitMaxMs) {
      throw new Error(
        `Cannot take ${lock}: process ${holder ?? 'unknown'} held it for ${waitMaxMs} ms. Remove it if that is no process of ours`,
      );
    }
    await sleep(RETRY_AFTER_MS);
  }
};

/** A link is made whole or not at all, so nobody ever sees a lock without its holder. */
const tryLink = async (mine: string, lock: string): Promise<boolean> => {
  try {
    await link(mine, lock);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
};

const readHolder = async (lock: string): Promise<number | undefined> => {
  try {
    return Number(await readFile(lock, 'utf8'));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** Moves the lock aside and looks again: somebody else may have dropped it, and taken it, since it was read. */
const dropLockOf = async (holder: number, lock: string): Promise<void> => {
  const aside = `${lock}-${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readHolder(aside)) !== holder) await tryLink(aside, lock);
  await rm(aside);
};

const isAlive = (processId: number): boolean => {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // Any other refusal (EPERM) comes from a process that lives.
    return !hasErrorCode(error, 'ESRCH');
  }
};
