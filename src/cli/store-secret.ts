import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorCode } from '../store/sql/database/error-facts.ts';
import { CliFailure } from './cli-failure.ts';

const SECRET_CHARACTERS_MIN = 32;
const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const FILE_NAME = 'store.secret';
const DATABASE_FOLDER = 'pgdata';

const checked = (secret: string, where: string): string => {
  if (secret.length >= SECRET_CHARACTERS_MIN) return secret;
  throw new CliFailure(
    `The store secret in ${where} has ${secret.length} characters, at least ${SECRET_CHARACTERS_MIN} are needed. Make one with: openssl rand -hex 32`,
  );
};

const readSecretFile = (file: string): string | undefined => {
  try {
    // Windows keeps no such bits; there the folder's own access list protects the file.
    if (process.platform !== 'win32' && (statSync(file).mode & OTHERS) !== 0) {
      throw new CliFailure(`Other users may read "${file}", which holds the store secret. Run: chmod 600 "${file}"`);
    }
    return checked(readFileSync(file, 'utf8').trim(), `"${file}"`);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** Written beside its place and linked into it: the file is never there half-written, and the first of two writers wins. */
const createSecretFile = (folder: string, file: string): void => {
  const unfinished = path.join(folder, `.${FILE_NAME}.${randomBytes(6).toString('hex')}`);
  writeFileSync(unfinished, `${randomBytes(SECRET_BYTES).toString('hex')}\n`, {
    mode: OWNER_ONLY,
    flag: 'wx',
    flush: true,
  });
  try {
    linkSync(unfinished, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished);
  }
};

/**
 * The secret under which an embedded store seals payloads: the given one, else the one in the data folder, which is
 * made for a new folder. The folder must exist.
 */
export const embeddedSecret = (folder: string, given: string | undefined): string => {
  const file = path.join(folder, FILE_NAME);
  const kept = readSecretFile(file);
  if (given !== undefined) {
    const secret = checked(given, 'TIDEMARK_STORE_SECRET');
    // Payloads in flight were sealed under the kept one; they would all be lost without a word.
    if (kept !== undefined && kept !== secret) {
      throw new CliFailure(
        `TIDEMARK_STORE_SECRET differs from the secret in "${file}", under which this data folder was sealed. Unset the variable, or choose another folder`,
      );
    }
    return secret;
  }
  if (kept !== undefined) return kept;
  // The secret is made before the database: one without the other means that the file was lost.
  if (existsSync(path.join(folder, DATABASE_FOLDER))) {
    throw new CliFailure(
      `"${file}" is missing, and what this data folder holds was sealed under it. Restore the file from a backup, or set TIDEMARK_STORE_SECRET to what was in it`,
    );
  }
  createSecretFile(folder, file);
  const made = readSecretFile(file);
  if (made === undefined) throw new Error(`Cannot read "${file}", which was just made`);
  return made;
};

/** The secret of a store on PostgreSQL, which every process on that database needs alike: it is never made up. */
export const sharedSecret = (given: string | undefined): string => {
  if (given !== undefined) return checked(given, 'TIDEMARK_STORE_SECRET');
  throw new CliFailure(
    'TIDEMARK_STORE_SECRET is not set, and a store on PostgreSQL needs one that is the same for every process. Make it once with: openssl rand -hex 32',
  );
};
