import { z } from 'zod';
import { compareInstants } from '../../core/instant.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageReply, PageRequest } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import { holds } from './dialect.ts';
import { linkIn } from './next-place.ts';
import { getRows, malformed, pageBindings, type RestReading } from './rest-reading.ts';

const stateSchema = z.strictObject({
  style: z.literal('together'),
  /** Where the sweep began. */
  since: instantText.nullable(),
  /** The last row read; null before the first. */
  after: z.strictObject({ at: instantText, id: z.string() }).nullable(),
  /** Makes the tokens of a sweep differ. */
  step: z.int(),
});

/**
 * Reads by key where one request can say all of it: later than the last row, or at its time with a greater ID. A tie
 * of any width is walked without being noticed.
 *
 * The source ends at an empty page; a short one ends it only where the API says in its own way that there is no more.
 * Where times are finer than the filter, rows of the last millisecond may come again. A page that brings only such
 * rows would come again for ever: then the read fails.
 */
export const readTogetherPage = async (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const { subject, entity, requests } = reading;
  const token = request.token === null ? undefined : readToken(stateSchema, request.token, subject);
  if (token?.kind === 'failed') return token;
  const { since, after, step } = token?.state ?? { since: request.since, after: null, step: 0 };
  const bindings = {
    ...pageBindings(reading, after?.at ?? since, request.pageSize),
    ...(after === null ? {} : { afterId: after.id }),
  };
  const reply = await getRows(reading, requests.list, { bindings });
  if (reply.kind === 'failed') return reply;
  const rows = reading.reader.read(reply.rows);
  const count = reply.rows.length;
  const last = rows.records.at(-1);
  const { paging } = entity;
  const isSaid = paging.style === 'keyset' && paging.end !== undefined && holds(paging.end, reply.json);
  if (count === 0 && isMoreLinked(reading, reply.headers)) {
    return malformed(
      `Cannot read on ${subject}: a page is empty, and its Link header says that more follows; the user of the API may not see all rows, which its administrator must allow`,
    );
  }
  if (count === 0 || (isSaid && count < request.pageSize)) {
    return pageWith(rows, null, subject, { kind: 'complete' });
  }
  if (last === undefined) {
    return malformed(`Cannot read ${subject}: a page of ${count} rows has none with an ID and an update time`);
  }
  const isStuck =
    after !== null &&
    (compareInstants(last.updatedAt, after.at) < 0 || (last.updatedAt === after.at && last.id === after.id));
  if (isStuck) {
    return malformed(
      `Cannot read on ${subject}: a page ends where the one before did; its times are finer than the filter, or {afterId} is ignored`,
    );
  }
  const next = { style: 'together', since, after: { at: last.updatedAt, id: last.id }, step: step + 1 } as const;
  return pageWith(rows, next, subject);
};

/** True where the contract takes a Link header at its word, and it leads on. */
const isMoreLinked = ({ entity: { paging } }: RestReading, headers: Headers): boolean =>
  paging.style === 'keyset' && paging.hasLink === true && linkIn(headers) !== undefined;
