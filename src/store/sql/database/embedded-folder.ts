import fs from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseUnavailableError } from './database-error.ts';
import { errorCode } from './error-facts.ts';

/** PGlite 0.5.16 holds PostgreSQL 18; a cluster of another major version cannot be opened by it. */
const postgresMajor = '18';
const ownerOnly = 0o700;

/** Makes the data folder if it is not there, for its owner only. An existing folder keeps its mode. */
export const ensureDataFolder = (folder: string): void => {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: ownerOnly });
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw new DatabaseUnavailableError(
      `Cannot use data folder "${folder}" (${errorCode(error) ?? 'unknown error'}): it must be a folder that this user may read and write`,
      { cause: error },
    );
  }
};

/**
 * The path of a complete cluster inside the data folder; makes one if there is none. Must be called with the folder locked.
 *
 * A cluster that was half made when the process died looks to PGlite like one to resume. So it is made beside its place
 * and moved there when every file of it is on the disk.
 */
export const ensureCluster = async (folder: string, create: (cluster: string) => Promise<void>): Promise<string> => {
  const cluster = path.join(folder, 'pgdata');
  if (fs.existsSync(cluster)) {
    refuseOtherVersion(cluster);
    return cluster;
  }
  const unfinished = path.join(folder, 'pgdata.new');
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(unfinished, { mode: ownerOnly });
  await create(unfinished);
  await syncTree(unfinished);
  fs.renameSync(unfinished, cluster);
  await syncPath(folder);
  return cluster;
};

const refuseOtherVersion = (cluster: string): void => {
  const versionFile = path.join(cluster, 'PG_VERSION');
  const found = fs.existsSync(versionFile) ? fs.readFileSync(versionFile, 'utf8').trim() : 'none';
  if (found === postgresMajor) return;
  throw new DatabaseUnavailableError(
    `Cannot open "${cluster}": it holds PostgreSQL version "${found}", this program brings ${postgresMajor}. Open it with the program that wrote it and move the data over a PostgreSQL server, or choose an empty folder`,
  );
};

const syncTree = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const entryPath = path.join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(entryPath);
    else await syncPath(entryPath);
  }
  await syncPath(folder);
};

const syncPath = async (target: string): Promise<void> => {
  // Windows can neither open a folder nor sync through a read-only handle; it has no such call to make for folders.
  const isFolder = fs.statSync(target).isDirectory();
  if (isFolder && process.platform === 'win32') return;
  const handle = await open(target, isFolder ? 'r' : 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
