import { z } from 'zod';
import { answerAt } from '../../core/answer-path.ts';
import { type Instant, parseInstant, sequenceOf } from '../../core/instant.ts';
import { isJsonObject, type JsonValue, valueAt } from '../../core/json.ts';
import type { PageReply, PageRequest } from '../../core/system/entity-driver.ts';
import { pageWith, readToken } from '../page-token.ts';
import { holds } from './dialect.ts';
import type { FeedRows } from './expand-rows.ts';
import { getRows, malformed, type RestReading } from './rest-reading.ts';
import { rowsOf } from './sequence-rows.ts';

const stateSchema = z.strictObject({
  style: z.literal('sequence'),
  /** Sequence of the last change read. */
  at: z.int(),
  /** Makes the tokens of a sweep differ. */
  step: z.int(),
});
type State = z.infer<typeof stateSchema>;

/**
 * Reads a feed of changes in the order of their sequence: each page goes on from the last sequence of the page before.
 * Nothing that happens to other records can move a change out of its place. A change that comes twice does no harm.
 *
 * The feed ends where it says so, or gives nothing further; a short page is no end. Rows that mark a deletion come out
 * as such.
 */
export const readSequencePage = async (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const { entity, requests, subject } = reading;
  const { paging } = entity;
  if (paging.style !== 'sequence') throw new Error(`Cannot read ${subject} by sequence: it pages by ${paging.style}`);
  const token = request.token === null ? undefined : readToken(stateSchema, request.token, subject);
  if (token?.kind === 'failed') return token;
  const state = token?.state;
  const from = state?.at ?? firstOf(paging.sinceMeans, request.since);
  const bindings = { pageSize: request.pageSize, ...(from === null ? {} : { since: String(from) }) };
  const reply = await getRows(reading, requests.list, { bindings });
  if (reply.kind === 'failed') return reply;
  const sequences = sequencesIn(reading, reply.json);
  const trouble = troubleIn(reading, sequences, { from, state, pageSize: request.pageSize });
  if (trouble !== undefined) return malformed(`Cannot read on ${subject}: ${trouble}`);
  const page = await rowsOf(reading, reply.rows);
  if (page.kind === 'failed') return page;
  const last = sequences.at(-1);
  const isSaid = paging.end !== undefined && holds(paging.end, reply.json);
  if (last === undefined || isSaid || last === state?.at) return withDeleted(page, pageWith(page, null, subject));
  const next: State = { style: 'sequence', at: last, step: (state?.step ?? 0) + 1 };
  return withDeleted(page, pageWith(page, next, subject));
};

/** What to ask for so that the change at `since` comes too; null for the beginning of the feed. */
const firstOf = (means: 'at-or-after' | 'after', since: Instant | null): number | null => {
  if (since === null) return null;
  const first = sequenceOf(since) - (means === 'after' ? 1 : 0);
  return first < 0 ? null : first;
};

/** The sequences of a page, also of items that are no records: they have their place too. */
const sequencesIn = ({ entity }: RestReading, json: JsonValue): readonly (number | undefined)[] => {
  const items = answerAt(json, entity.recordsAt);
  if (!isArray(items)) return [];
  return items.map((item) => {
    const row = answerAt(item, entity.rowAt) ?? item;
    const value = isJsonObject(row) ? valueAt(row, entity.updatedAtField) : undefined;
    const instant = parseInstant(value, 'sequence');
    return instant === undefined ? undefined : sequenceOf(instant);
  });
};

type Place = { readonly from: number | null; readonly state: State | undefined; readonly pageSize: number };

/** Why a position in the feed could not be trusted after this page. */
const troubleIn = (
  { entity }: RestReading,
  sequences: readonly (number | undefined)[],
  { from, state, pageSize }: Place,
): string | undefined => {
  const means = entity.paging.style === 'sequence' ? entity.paging.sinceMeans : undefined;
  const known = sequences.filter((one) => one !== undefined);
  const least = Math.min(...known);
  if (sequences.length > known.length) {
    return `a row has no whole number from 0 to 999,999,999 at "${entity.updatedAtField}", so that its place is not known`;
  }
  if (known.some((one, index) => one < (known[index - 1] ?? 0))) return 'the feed is not in the order of its sequence';
  if (from !== null && known.length > 0 && (means === 'after' ? least <= from : least < from)) {
    return `asked for changes from ${from} on, it gave ${least}; the start is not honoured, or sinceMeans is not "${means}"`;
  }
  const isStuck = state !== undefined && known.length >= pageSize && known.at(-1) === state.at;
  return isStuck ? `${known.length} changes share one sequence and fill the page; raise pageSize` : undefined;
};

const withDeleted = ({ deleted }: FeedRows, reply: PageReply): PageReply =>
  reply.kind === 'page' && deleted.length > 0 ? { ...reply, deleted } : reply;

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
