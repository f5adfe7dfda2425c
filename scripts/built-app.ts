import { exec } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { hasErrorCode } from './error-code.ts';
import { withProcessLock } from './process-lock.ts';

const root = path.resolve(import.meta.dirname, '..');
const buildFolder = path.join(root, 'build');
const zipFile = path.join(buildFolder, 'build.zip');

// What the zip is made of. The rest of src/ does not ship.
const INPUTS = [
  'index.js',
  'package.json',
  'package-lock.json',
  '.zapierapprc',
  'scripts/build-app.ts',
  'scripts/trim-zip.ts',
  'src/core',
  'src/engine',
  'src/systems',
  'src/store/client',
  'src/zapier',
];

const BUILD_TIMEOUT_MS = 120_000;
const LOCK_WAIT_MAX_MS = 2 * BUILD_TIMEOUT_MS;
const UNUSED_KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * The Zapier app as Zapier gets it: build/build.zip, made anew only when it is older than its sources, and unpacked.
 * Several processes may ask at once; one builds and the others wait for it.
 *
 * @returns the folder that holds the unpacked zip, named for the zip's digest; treat it as read-only
 * @throws when the build fails, with what the build printed
 */
export const ensureBuiltApp = async (): Promise<string> => {
  await mkdir(buildFolder, { recursive: true });
  const zip = await withProcessLock(path.join(buildFolder, 'zip.lock'), LOCK_WAIT_MAX_MS, async () => {
    if (await isStale()) await buildZip();
    return readFile(zipFile);
  });
  return unpack(zip);
};

const isStale = async (): Promise<boolean> => {
  const builtAtMs = await modifiedAtMs(zipFile);
  if (builtAtMs === undefined) return true;
  const changedAtMs = await Promise.all(INPUTS.map((input) => newestAtMs(path.join(root, input))));
  return changedAtMs.some((atMs) => atMs > builtAtMs);
};

const modifiedAtMs = async (file: string): Promise<number | undefined> => {
  const found = await stat(file).catch(undefinedIfMissing);
  return found?.mtimeMs;
};

/** When a file last changed, or the newest of all that a folder holds; the folders count too, for what was deleted. */
const newestAtMs = async (input: string): Promise<number> => {
  const found = await stat(input);
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = await readdir(input);
  const inside = await Promise.all(entries.map((entry) => newestAtMs(path.join(input, entry))));
  return Math.max(found.mtimeMs, ...inside);
};

const buildZip = async (): Promise<void> => {
  try {
    await promisify(exec)('npm run --silent zapier:build', { cwd: root, timeout: BUILD_TIMEOUT_MS });
  } catch (cause) {
    throw new Error("Cannot build the Zapier app: 'npm run zapier:build' failed", { cause });
  }
};

// Not inside the project: Zapier's build reads all that lies under it, and would pack parts of an unpacked app into the next.
const unpackedFolder = path.join(os.tmpdir(), `tidemark-app-${os.userInfo().uid}`);

const unpack = async (zip: Uint8Array): Promise<string> => {
  const digest = createHash('sha256').update(zip).digest('hex');
  const folder = path.join(unpackedFolder, digest);
  await mkdir(unpackedFolder, { recursive: true, mode: 0o700 });
  await requireOwnFolder();
  if ((await modifiedAtMs(folder)) !== undefined) {
    await utimes(folder, new Date(), new Date());
    return folder;
  }
  await removeOldApps();
  const unfinished = path.join(unpackedFolder, `unfinished-${randomUUID()}`);
  await writeFiles(unfinished, unzipSync(zip));
  await renameUnlessThere(unfinished, folder);
  return folder;
};

/** The folder for temporary files is everybody's, and what lies in ours is run: refuse one that somebody else made. */
const requireOwnFolder = async (): Promise<void> => {
  const { uid } = await lstat(unpackedFolder);
  if (process.getuid === undefined || uid === process.getuid()) return;
  throw new Error(
    `Cannot unpack the Zapier app in ${unpackedFolder}: it belongs to user ${uid}. Remove it and try again`,
  );
};

const writeFiles = async (folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> => {
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (!name.endsWith('/')) await writeFile(file, bytes);
  }
};

/** Losing the race is success: the name is a digest, so the winner wrote the same. */
const renameUnlessThere = async (unfinished: string, folder: string): Promise<void> => {
  try {
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if ((await modifiedAtMs(folder)) === undefined) throw error;
  }
};

/** An app that nobody asked for in a day is of some other state of the source, and no run lasts that long. */
const removeOldApps = async (): Promise<void> => {
  for (const name of await readdir(unpackedFolder)) {
    const folder = path.join(unpackedFolder, name);
    const usedAtMs = await modifiedAtMs(folder);
    if (usedAtMs === undefined || Date.now() - usedAtMs < UNUSED_KEPT_MS) continue;
    await rm(folder, { recursive: true, force: true });
  }
};

const undefinedIfMissing = (error: unknown): undefined => {
  if (hasErrorCode(error, 'ENOENT')) return undefined;
  throw error;
};
