import LinkHeader from 'http-link-header';
import { answerAt } from '../../core/answer-path.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { scalarText } from '../row-reader.ts';
import { holds } from './dialect.ts';
import { malformed, type RestReading, type RowsReply } from './rest-reading.ts';

export type FollowStyle = 'cursor' | 'link' | 'page';

export type NextPlace =
  /** `place` is null where the system gives nothing to go on with. */
  | { readonly kind: 'place'; readonly style: FollowStyle; readonly place: string | null }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

type Rows = Extract<RowsReply, { kind: 'rows' }>;

/**
 * What a reply gives to go on with, by the paging style of the contract; nothing for styles that count on their own.
 *
 * @param place that led to the reply; null for a first page
 */
export const nextPlace = (reading: RestReading, reply: Rows, place: string | null): NextPlace => {
  const { paging } = reading.entity;
  switch (paging.style) {
    case 'cursor': {
      const isOver = paging.end !== undefined && holds(paging.end, reply.json);
      const next = isOver ? undefined : scalarText(answerAt(reply.json, paging.nextAt));
      return { kind: 'place', style: 'cursor', place: next ?? null };
    }
    case 'link':
      return paging.end !== undefined && holds(paging.end, reply.json)
        ? noLink
        : nextLink(reading, reply, paging.nextAt);
    case 'page': {
      const isOver = reply.rows.length === 0 || (paging.end !== undefined && holds(paging.end, reply.json));
      const next = String(Number(place ?? paging.first) + 1);
      return { kind: 'place', style: 'page', place: isOver ? null : next };
    }
    case 'keyset':
    case 'newest-first':
    case 'offset':
    case 'sequence':
    case 'whole':
      return { kind: 'place', style: 'cursor', place: null };
  }
};

const noLink: NextPlace = { kind: 'place', style: 'link', place: null };

const nextLink = ({ subject }: RestReading, { headers, href, json }: Rows, nextAt: string | undefined): NextPlace => {
  let uri: string | undefined;
  try {
    uri = nextAt === undefined ? linkIn(headers) : scalarText(answerAt(json, nextAt));
  } catch {
    return malformed(`Cannot read on ${subject}: its Link header cannot be parsed`);
  }
  if (uri === undefined) return noLink;
  const next = URL.parse(uri, href);
  if (next === null) return malformed(`Cannot read on ${subject}: its next link is no URL`);
  const asked = new URL(href);
  if (next.origin !== asked.origin) {
    return malformed(
      `Cannot read on ${subject}: its next link leads to host "${next.host}", and only "${asked.host}" is called`,
    );
  }
  return { kind: 'place', style: 'link', place: `${next.pathname}${next.search}` };
};

/** The next link of a header; undefined where there is none. */
export const linkIn = (headers: Headers): string | undefined => {
  const header = headers.get('link');
  return header === null ? undefined : LinkHeader.parse(header).rel('next')[0]?.uri;
};
