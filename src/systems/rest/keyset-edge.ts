import { z } from 'zod';
import { digestText } from '../../core/digest.ts';
import type { Instant } from '../../core/instant.ts';
import type { SystemRecord } from '../../core/system/entity-driver.ts';
import { rowDigest } from '../row-reader.ts';

const MARK_CHARS = 16;
const MARKS_MAX = 200;

/**
 * The rows read at the last update time, by digests cut to 64 bits. Up to 200 rows are listed one by one; a wider tie
 * is one digest over all, by which a page can be told to bring the very same rows, or others.
 */
export const edgeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('list'), marks: z.string() }),
  z.strictObject({ kind: z.literal('set'), digest: z.string() }),
]);
export type Edge = z.infer<typeof edgeSchema>;

export const NO_EDGE: Edge = { kind: 'list', marks: '' };

const marksAt = (records: readonly SystemRecord[], at: Instant): readonly string[] =>
  records.filter(({ updatedAt }) => updatedAt === at).map(({ body }) => rowDigest(body).slice(0, MARK_CHARS));

const listed = (marks: string): readonly string[] => marks.match(/.{16}/g) ?? [];

const setDigest = (marks: readonly string[]): string => digestText(marks.toSorted().join(''));

/** The edge that a page leaves: its rows at `at`, with those known from pages before when they were at `at` too. */
export const edgeOf = (records: readonly SystemRecord[], at: Instant, before: Edge): Edge => {
  const known = before.kind === 'list' ? listed(before.marks) : [];
  const marks = [...new Set([...known, ...marksAt(records, at)])];
  return marks.length > MARKS_MAX ? { kind: 'set', digest: setDigest(marks) } : { kind: 'list', marks: marks.join('') };
};

/**
 * The rows of a page that the sweep has not had: later than `at`, or at `at` and not in the edge. Rows before `at` are
 * there only because a filter is coarser than the times it compares; they have been read.
 *
 * Where the edge is one digest and the page differs from it, all rows at `at` are given again, which is harmless.
 */
export const freshRecords = (
  records: readonly SystemRecord[],
  at: Instant | null,
  edge: Edge,
): readonly SystemRecord[] => {
  if (at === null) return records;
  const isSame = edge.kind === 'set' && setDigest([...new Set(marksAt(records, at))]) === edge.digest;
  const marks = new Set(edge.kind === 'list' ? listed(edge.marks) : []);
  return records.filter(({ updatedAt, body }) => {
    if (updatedAt !== at) return updatedAt > at;
    return !isSame && !marks.has(rowDigest(body).slice(0, MARK_CHARS));
  });
};
