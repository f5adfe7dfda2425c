import { z } from 'zod';
import type { Instant } from '../instant.ts';
import { instantText } from './checkpoint.ts';
import { rowMemory, slots, type TimedRow } from './row-memory.ts';

/** Records named in one outcome; the rest are counted. */
export const NAMED_MAX = 20;

const named = z.object({ count: z.int().min(0), names: z.array(z.string()).max(NAMED_MAX) });
export type Named = z.infer<typeof named>;

const findings = z.object({
  /** Rows of the edge that were kept one by one, and those that were counted and added up. */
  exact: z.int(),
  counted: z.int(),
  /** Rows of the edge that were neither read again nor missed for certain. */
  unproven: z.int(),
  late: named,
  changed: named,
  vanished: named,
});
export type Findings = z.infer<typeof findings>;

/** What the store keeps of the edge of a stream between two pages: at most 320 KB as JSON, and 160 KB between two sweeps. */
export const edgeState = z.object({
  sweep: z.string(),
  isOver: z.boolean(),
  /** Version of the contract that the rows of `next` were mapped by. */
  contract: z.string(),
  /** The mark when the sweep began: the upper end of the edge. */
  mark: instantText.nullable(),
  /** What is left to be read again of the rows that the sweep before had at its end. */
  edge: rowMemory.extend({ contract: z.string() }),
  /** Rows of the counted part of the edge that were read again. */
  seen: slots,
  /** Records of the counted part that seem to have changed: so it is if all of it adds up with the versions they had. */
  seeming: named,
  /** The rows of this sweep, of which the next edge is made. */
  next: rowMemory,
  found: findings,
});
export type EdgeState = z.infer<typeof edgeState>;

/** A row of a page, as the store knows it. */
export type EdgeRow = TimedRow & {
  /** False for a version that the stream had observed before. */
  readonly isNew: boolean;
  /** The version of the record that the stream observed last before this page; null for a record it did not know. */
  readonly known: { readonly at: Instant; readonly version: string } | null;
};

export type EdgePage = {
  /** ID of the sweep. */
  readonly sweep: string;
  /** Where the sweep began to read, and the mark it began with. */
  readonly since: Instant | null;
  readonly mark: Instant | null;
  readonly contract: string;
  /** Where the next sweep will begin if this is the last page. */
  readonly keepFrom: Instant | null;
  /** Rows dated later are not part of the edge: the next sweep may end before them. */
  readonly bound: Instant;
  readonly isOver: boolean;
  readonly rows: readonly EdgeRow[];
};

/**
 * What a sweep showed of the edge of the one before: of the rows between its start and the mark that it began with.
 *
 * `late`: records below the mark that were not in the edge. `changed`: records of the edge that were read in another version,
 * mostly at a later time. `vanished`: records of the edge that were not read again: deleted, or changed behind the end of
 * what was read. Neither of them is lost: a version once read has its obligation, a later one is above the mark.
 */
export type Boundary = Findings & {
  /** True when every row of the edge was read again as it was. */
  readonly contained: boolean;
  /** The edge held every row from here to `mark`; null from the beginning. */
  readonly from: Instant | null;
  readonly mark: Instant | null;
};
