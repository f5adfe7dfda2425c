import { z } from 'zod';
import { compareInstants, type Instant, parseInstant, shiftInstant } from '../instant.ts';
import { storableText } from '../protocol/storable-text.ts';
import { tokenTrail } from './token-trail.ts';

/** An instant as it crosses the wire: any ISO 8601 text, brought into the one form. */
export const instantText = z.string().transform((text, context): Instant => {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: 'must be a date and time in ISO 8601' });
  return z.NEVER;
});

/** A position in a source: everything up to and including this record, in the order (update time, ID). */
export const cursor = z.object({ updatedAt: instantText, id: storableText(500, 0) });
export type Cursor = z.infer<typeof cursor>;

/** A sweep, under way or ended: what the next page of it is held against. */
export const sweepState = z.object({
  /** Made when it begins; a sweep that begins anew is another one. */
  id: z.uuid().toLowerCase(),
  /** Where it began to read; null for the beginning of the source. */
  since: instantText.nullable(),
  /** The last record of its last page that had one; null before the first. */
  last: cursor.nullable(),
  trail: tokenTrail,
});
export type SweepState = z.infer<typeof sweepState>;

/**
 * How far reading has come. A sweep runs from a start to the end of the source; while `token` is set it is
 * unfinished, and the next cycle goes on exactly there. Without that, a burst wider than one poll can read would be
 * read from its beginning again for ever.
 */
export const fetched = z.object({
  /** The furthest record read; null before the first. */
  cursor: cursor.nullable(),
  /** Where the unfinished sweep goes on; null when the last one reached the end. */
  token: storableText(4000, 0).nullable(),
  /** When the last sweep began, by the store's clock. What was committed late since then may lie below what it read. */
  begunAt: instantText.nullable().default(null),
  /** The last sweep; null before the first page, and for one read by a program that did not know of it. */
  sweep: sweepState.nullable().default(null),
});

/** Where a new stream begins. `now` is fixed once, when the stream is made. */
export const streamStart = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('now') }),
  z.object({ kind: z.literal('beginning') }),
  z.object({ kind: z.literal('at'), at: instantText }),
]);
export type StreamStart = z.infer<typeof streamStart>;

/** How much is read again: `read` of the contract. */
export type ReadAgain = { readonly overlapSeconds: number; readonly resolutionSeconds: number };

const againMs = ({ overlapSeconds, resolutionSeconds }: ReadAgain): number =>
  overlapSeconds * 1000 + Math.ceil(resolutionSeconds * 1000);

/** When a stream begins; null for the beginning. `now` is less the overlap: the source's clock may be behind ours by as much. */
export const startInstant = (start: StreamStart, now: Instant, again: ReadAgain): Instant | null => {
  switch (start.kind) {
    case 'now':
      return shiftInstant(now, -againMs(again));
    case 'beginning':
      return null;
    case 'at':
      return start.at;
  }
};

/** A stored, versioned pair of cursors of a stream. */
export const checkpoint = z.object({
  /** Grows by one with each change; 0 for a new stream. */
  version: z.int().min(0),
  /** Nothing changed before this is wanted; null for the beginning. */
  startAt: instantText.nullable(),
  fetched,
  /** Everything up to here is settled; null while that is nothing. */
  committed: cursor.nullable(),
});
export type Checkpoint = z.infer<typeof checkpoint>;

/** -1, 0 or 1 as `a` is before, at or after `b` in the order (update time, ID). */
const compareCursors = (a: Cursor, b: Cursor): -1 | 0 | 1 => {
  const byTime = compareInstants(a.updatedAt, b.updatedAt);
  if (byTime !== 0) return byTime;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
};

/** The further of two cursors. */
export const furthest = (a: Cursor | null, b: Cursor | null): Cursor | null => {
  if (a === null || b === null) return a ?? b;
  return compareCursors(a, b) >= 0 ? a : b;
};

export type SweepStart =
  | { readonly kind: 'continue'; readonly token: string }
  | { readonly kind: 'begin'; readonly since: Instant | null };

/**
 * Decides where a cycle starts to read: on from an unfinished sweep, or at the mark less the overlap.
 *
 * The overlap is read again because a source can commit a record below a mark already passed (late commit, clock
 * skew, ties over a page edge): what is known already opens no second obligation. Where the source rounds its times, a
 * record may carry one that is earlier by up to a step of them than when it was changed; hence the resolution.
 */
export const sweepStart = (stored: Checkpoint, again: ReadAgain): SweepStart => {
  if (stored.fetched.token !== null) return { kind: 'continue', token: stored.fetched.token };
  const mark = stored.fetched.cursor;
  if (mark === null) return { kind: 'begin', since: stored.startAt };
  const { begunAt } = stored.fetched;
  // A sweep over several cycles read its first pages long before its last: late commits are looked for from then on.
  const edge = begunAt !== null && compareInstants(begunAt, mark.updatedAt) < 0 ? begunAt : mark.updatedAt;
  const since = shiftInstant(edge, -againMs(again));
  const before = stored.startAt !== null && compareInstants(since, stored.startAt) < 0;
  return { kind: 'begin', since: before ? stored.startAt : since };
};
