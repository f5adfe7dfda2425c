import { z } from 'zod';
import { formatInstant } from '../../core/instant.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageReply, PageRequest } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import { nextPlace } from './next-place.ts';
import { getLinkedRows, getRows, malformed, pageQuery, type RestReading, type RowsReply } from './rest-reading.ts';

/** Pages without a row in a row, after which following on is taken for going in a circle. */
export const EMPTY_PAGES_MAX = 100;

const stateSchema = z.strictObject({
  style: z.enum(['cursor', 'link']),
  since: instantText.nullable(),
  /** The system's own cursor, or the path and query of its link. */
  place: z.string(),
  empty: z.int(),
});
type State = z.infer<typeof stateSchema>;

/**
 * Reads by what the system itself gives to go on with: a cursor in the body, or a link in the header. Ends when it
 * gives none, or the same one again after an empty page; an empty page alone is no end, for a system that filters
 * after paging gives such pages.
 *
 * Whether rows can be lost between pages is up to the system: a link that counts pages is an offset in disguise.
 */
export const readFollowedPage = async (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const { subject, entity } = reading;
  const token = request.token === null ? undefined : readToken(stateSchema, request.token, subject);
  if (token?.kind === 'failed') return token;
  const state = token?.state;
  const since = state === undefined ? request.since : state.since;
  const reply = await read(
    reading,
    state,
    since === null ? null : formatInstant(since, entity.timestamp),
    request.pageSize,
  );
  if (reply.kind === 'failed') return reply;
  const next = nextPlace(reading, reply);
  if (next.kind === 'failed') return next;
  const rows = reading.reader.read(reply.rows);
  const isEmpty = reply.rows.length === 0;
  const empty = isEmpty ? (state?.empty ?? 0) + 1 : 0;
  if (next.place === null || (isEmpty && next.place === state?.place)) return pageWith(rows, null, subject);
  if (next.place === state?.place) {
    return malformed(
      `Cannot read on ${subject}: a page with rows gives the ${next.style} that led to it as the next one`,
    );
  }
  if (empty > EMPTY_PAGES_MAX) return malformed(`Cannot read on ${subject}: ${empty} pages in a row were empty`);
  const nextState: State = { style: next.style, since, place: next.place, empty };
  return pageWith(rows, nextState, subject);
};

const read = (
  reading: RestReading,
  state: State | undefined,
  since: string | null,
  pageSize: number,
): Promise<RowsReply> => {
  const query = pageQuery(reading, since, pageSize);
  if (state === undefined) return getRows(reading, query);
  const { paging } = reading.entity;
  return paging.style === 'cursor'
    ? getRows(reading, [...query, [paging.param, state.place]])
    : getLinkedRows(reading, state.place);
};
