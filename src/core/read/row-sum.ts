import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A row by digests under a key that only the store has. */
export type KeyedRow = {
  /** Of its ID. */
  readonly name: string;
  /** Of its ID, update time and mapped fields. */
  readonly version: string;
};

/** How many rows, and the sum of their digests as 64 hexadecimal characters. */
export const rowSum = z.object({ count: z.int().min(0), sum: z.string().length(64) });
export type RowSum = z.infer<typeof rowSum>;

export const NO_ROWS: RowSum = { count: 0, sum: '0'.repeat(64) };

const MODULUS = 1n << 256n;

const number = (hex: string): bigint => BigInt(`0x${hex}`);

const plus = (a: string, b: string): string => ((number(a) + number(b)) % MODULUS).toString(16).padStart(64, '0');

const digestOf = ({ name, version }: KeyedRow): string =>
  createHash('sha256').update(`${name}/${version}`).digest('hex');

/**
 * Adds one row to a sum: the digests of all rows, added up modulo 2^256. The order does not matter, and two sums add up
 * to that of both.
 *
 * A sum and not an exclusive or: there a row that is read twice cancels itself out, and is missed as if it had never been
 * read. What adds up by chance is as likely as two SHA-256 that are equal. What adds up on purpose needs the digests of
 * single rows, from which rows with a wanted sum could be found (Wagner's generalized birthday needs about 2^32 of them
 * for 256 bits): they are made under a key of the store, and neither they nor sums ever leave it. LtHash, which needs no
 * key, would take 2 KB a sum. The count tells a row from the same row 2^256 times.
 *
 * Source: D. Clarke et al., Incremental Multiset Hash Functions, ASIACRYPT 2003, section 5 (MSet-Add-Hash); D. Wagner, A
 * Generalized Birthday Problem, CRYPTO 2002.
 */
export const addRow = (to: RowSum, row: KeyedRow): RowSum => ({
  count: to.count + 1,
  sum: plus(to.sum, digestOf(row)),
});

export const addSums = (a: RowSum, b: RowSum): RowSum => ({ count: a.count + b.count, sum: plus(a.sum, b.sum) });
