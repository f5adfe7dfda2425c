import fs from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { DatabaseUnavailableError } from './database-error.ts';

/** A connection string taken apart: what pg gets, and what may be shown. */
export type PostgresAddress = {
  /** Without the TLS parameters, which pg reads in its own way. */
  readonly connectionString: string;
  readonly tls: false | ConnectionOptions;
  /** `database "tidemark" at db.example.com:5432 as user "app"`, never a password. */
  readonly label: string;
};

/**
 * Reads a `postgres://user:password@host:port/database?sslmode=...` URL. TLS by `sslmode`:
 * `disable` none; `require`, `verify-ca`, `verify-full` encrypted, certificate and host name checked, `sslrootcert` names
 * the authority's file; `no-verify` encrypted to whoever answers. Without it: none on this machine (loopback, socket folder),
 * checked elsewhere. `prefer` and `allow` are refused: they fall back to plain text without a word.
 *
 * @throws DatabaseUnavailableError that never quotes the URL, for it holds the password
 */
export const readPostgresUrl = (text: string): PostgresAddress => {
  const url = parseUrl(text);
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '');
  const mode = url.searchParams.get('sslmode') ?? (isThisMachine(host) ? 'disable' : 'verify-full');
  const tls = tlsFor(mode, url.searchParams.get('sslrootcert'));
  for (const name of tlsParameters) url.searchParams.delete(name);
  const database = decodeURIComponent(url.pathname.slice(1));
  const user = decodeURIComponent(url.username);
  const shown = `database "${database === '' ? user : database}" at ${host === '' ? 'localhost' : host}:${url.port === '' ? '5432' : url.port} as user "${user}"`;
  return { connectionString: url.href, tls, label: shown };
};

const tlsParameters = ['sslmode', 'sslrootcert', 'ssl', 'uselibpqcompat'];

const parseUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'postgres:' || url.protocol === 'postgresql:')) return url;
  throw new DatabaseUnavailableError(
    'Cannot read DATABASE_URL: expected postgres://user:password@host:port/database, with special characters in the password percent-encoded',
  );
};

const isThisMachine = (host: string): boolean =>
  host === '' || host === 'localhost' || host === '::1' || host.startsWith('127.') || host.startsWith('/');

const tlsFor = (mode: string, rootCertificateFile: string | null): PostgresAddress['tls'] => {
  switch (mode) {
    case 'disable':
      return false;
    case 'no-verify':
      return { rejectUnauthorized: false };
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return rootCertificateFile === null
        ? { rejectUnauthorized: true }
        : { rejectUnauthorized: true, ca: readCertificate(rootCertificateFile) };
    default:
      throw new DatabaseUnavailableError(
        `Cannot use sslmode "${mode}" of DATABASE_URL: use verify-full, or disable if the network in between is trusted`,
      );
  }
};

const readCertificate = (file: string): string => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new DatabaseUnavailableError(`Cannot read the file "${file}" that sslrootcert in DATABASE_URL names`, {
      cause: error,
    });
  }
};
