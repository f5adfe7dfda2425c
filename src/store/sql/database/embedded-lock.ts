import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { announceInFolder } from './embedded-announcement.ts';
import { folderInUse } from './folder-in-use.ts';
import { askHolder, bindSocket, type SocketLock } from './lock-socket.ts';

/**
 * Takes a data folder for this process, or throws. PGlite takes no lock of its own, and two processes on one folder
 * overwrite each other's committed rows. Only sockets serve: the kernel frees them on kill -9, which leaves a pid file behind.
 *
 * - Linux: an abstract socket named for the real path, which exactly one can bind. It is seen only within one network
 *   namespace, so two containers on one volume need the announcement too.
 * - macOS and the rest: the announcement, a listening socket file inside the folder. Two that start in the same instant
 *   may both be refused; never are both let in.
 * - Windows: a named pipe, which exactly one can create.
 *
 * It does not reach across machines: a folder on a network share must be opened by one machine only.
 */
export const lockFolder = async (folder: string, platform: LockPlatform = currentPlatform()): Promise<SocketLock> => {
  const realFolder = fs.realpathSync(folder);
  const name = createHash('sha256').update(realFolder).digest('hex').slice(0, 32);
  switch (platform) {
    case 'linux': {
      const taken = await takeName(`\0tidemark-${name}`, realFolder);
      try {
        return joinLocks(await announceInFolder(realFolder), taken);
      } catch (error) {
        await taken.release();
        throw error;
      }
    }
    case 'win32':
      return takeName(`\\\\.\\pipe\\tidemark-${name}`, realFolder);
    case 'other':
      return announceInFolder(realFolder);
    default:
      return platform satisfies never;
  }
};

export type LockPlatform = 'linux' | 'win32' | 'other';

const currentPlatform = (): LockPlatform =>
  process.platform === 'linux' || process.platform === 'win32' ? process.platform : 'other';

const takeName = async (path: string, folder: string): Promise<SocketLock> => {
  const outcome = await bindSocket(path);
  switch (outcome.kind) {
    case 'bound':
      return outcome;
    case 'taken':
      throw folderInUse(folder, await askHolder(path));
    default:
      return outcome satisfies never;
  }
};

const joinLocks = (first: SocketLock, second: SocketLock): SocketLock => ({
  release: async () => {
    await first.release();
    await second.release();
  },
});
