import LinkHeader from 'http-link-header';
import { valueAt } from '../../core/json.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { scalarText } from '../row-reader.ts';
import { malformed, type RestReading, type RowsReply } from './rest-reading.ts';

type NextPlace =
  /** `place` is null where the system gives nothing to go on with. */
  | { readonly kind: 'place'; readonly style: 'cursor' | 'link'; readonly place: string | null }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/** What a reply gives to go on with, by the paging style of the contract; nothing for styles that count on their own. */
export const nextPlace = (reading: RestReading, reply: Extract<RowsReply, { kind: 'rows' }>): NextPlace => {
  const { paging } = reading.entity;
  switch (paging.style) {
    case 'cursor':
      return { kind: 'place', style: 'cursor', place: scalarText(valueAt(reply.json, paging.nextAt)) ?? null };
    case 'link':
      return nextLink(reading, reply);
    case 'keyset':
    case 'offset':
      return { kind: 'place', style: 'cursor', place: null };
  }
};

const nextLink = ({ subject }: RestReading, { headers, href }: Extract<RowsReply, { kind: 'rows' }>): NextPlace => {
  const header = headers.get('link');
  if (header === null) return { kind: 'place', style: 'link', place: null };
  let uri: string | undefined;
  try {
    uri = LinkHeader.parse(header).rel('next')[0]?.uri;
  } catch {
    return malformed(`Cannot read on ${subject}: its Link header cannot be parsed`);
  }
  if (uri === undefined) return { kind: 'place', style: 'link', place: null };
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
