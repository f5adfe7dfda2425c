import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseUnavailableError } from './database-error.ts';
import { errorCode } from './error-facts.ts';
import { folderInUse } from './folder-in-use.ts';
import { askHolder, bindSocket, type SocketLock } from './lock-socket.ts';

/**
 * Holds a folder by a listening socket file inside it. First announce, then look: each opener listens on a file of its
 * own before it reads the folder, so of two at the same time at least one sees the other, and whoever sees a living
 * other gives up. The files of the dead refuse connections and are removed.
 */
export const announceInFolder = async (folder: string): Promise<SocketLock> => {
  const reach = reachFolder(folder);
  const ownName = `open-${process.pid}-${randomBytes(4).toString('hex')}.sock`;
  try {
    const lock = await announce(folder, reach.path(ownName));
    try {
      await refuseIfOthersLive(folder, reach, ownName);
    } catch (error) {
      await lock.release();
      throw error;
    }
    return {
      release: async () => {
        await lock.release();
        reach.close();
      },
    };
  } catch (error) {
    reach.close();
    throw error;
  }
};

const announce = async (folder: string, socketPath: string): Promise<SocketLock> => {
  try {
    const outcome = await bindSocket(socketPath);
    if (outcome.kind === 'bound') return outcome;
  } catch (error) {
    throw new DatabaseUnavailableError(
      `Cannot lock data folder "${folder}": its file system took no socket file (${errorCode(error) ?? 'unknown error'}). Choose a folder with a shorter path on a local disk, or set DATABASE_URL to a PostgreSQL server`,
      { cause: error },
    );
  }
  throw new Error(`Cannot lock data folder "${folder}": a file with the random name "${socketPath}" is there already`);
};

const refuseIfOthersLive = async (folder: string, reach: Reach, ownName: string): Promise<void> => {
  const names = fs.readdirSync(folder).filter((name) => announcementName.test(name));
  for (const name of names.filter((other) => other !== ownName)) {
    const holder = await askHolder(reach.path(name));
    if (holder.kind === 'held') throw folderInUse(folder, holder);
    fs.rmSync(path.join(folder, name), { force: true });
  }
  // Another opener that looked between our bind and our listen took us for dead; we can no longer be seen, so we give up.
  if (!fs.existsSync(path.join(folder, ownName))) throw folderInUse(folder, { kind: 'held' });
};

const announcementName = /^open-\d+-[0-9a-f]{8}\.sock$/;

type Reach = { readonly path: (name: string) => string; readonly close: () => void };

/** A socket's path holds at most 107 bytes on Linux, 103 on macOS; on Linux a long folder is reached by its descriptor. */
const socketPathBytesMax = 103;
const announcementBytesMax = 40;

const reachFolder = (folder: string): Reach => {
  if (process.platform !== 'linux' || Buffer.byteLength(folder) + announcementBytesMax <= socketPathBytesMax) {
    return { path: (name) => path.join(folder, name), close: () => undefined };
  }
  const descriptor = fs.openSync(folder, 'r');
  return { path: (name) => `/proc/self/fd/${descriptor}/${name}`, close: () => fs.closeSync(descriptor) };
};
