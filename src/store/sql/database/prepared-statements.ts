import type pg from 'pg';
import { digestText } from '../../../core/digest.ts';

/** More texts than this are not a program's own statements but text put together at run time; those stay unnamed. */
const NAMED_MAX = 300;
const NAME_CHARS = 32;

const names = new Map<string, string>();

const nameOf = (text: string): string | undefined => {
  const known = names.get(text);
  if (known !== undefined || names.size >= NAMED_MAX) return known;
  const name = `tm_${digestText(text).slice(0, NAME_CHARS)}`;
  names.set(text, name);
  return name;
};

const wrapped = new WeakMap<pg.PoolClient, pg.PoolClient>();

/**
 * Gives each statement with parameters a name, so that a connection parses and plans it once. Measured on the
 * embedded engine: 299 us in the place of 664 us for one insert.
 *
 * The same client always gives the same wrapper, which is the client itself in all but `query`: Kysely knows its
 * connections by identity, and the pool puts a new `release` on a client with each checkout.
 */
export const withPreparedStatements = (client: pg.PoolClient): pg.PoolClient => {
  const before = wrapped.get(client);
  if (before !== undefined) return before;
  const query = (text: string, values: unknown[] = []): Promise<pg.QueryResult> => {
    const name = values.length > 0 ? nameOf(text) : undefined;
    return name === undefined ? client.query(text, values) : client.query({ name, text, values });
  };
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- Object.create is typed any; it is the client and `query`
  const wrapper: pg.PoolClient = Object.create(client, { query: { value: query } });
  wrapped.set(client, wrapper);
  return wrapper;
};
