import { randomBytes } from 'node:crypto';
import pg from 'pg';

export type TemporaryDatabase = { readonly url: string; readonly drop: () => Promise<void> };

const run = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

/**
 * Makes a database of its own on a PostgreSQL server, so that nothing of the user's is touched.
 *
 * @throws when the server cannot be reached or the user may not create databases
 */
export const createTemporaryDatabase = async (serverUrl: string): Promise<TemporaryDatabase> => {
  const name = `tidemark_demo_${randomBytes(6).toString('hex')}`;
  await run(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(serverUrl, `drop database ${name} with (force)`) };
};
