import { compareInstants } from '../../core/instant.ts';
import { isJsonObject, type JsonObject, valueAt } from '../../core/json.ts';
import type { DeletedRow, SystemRecord } from '../../core/system/entity-driver.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { pathSegment } from '../http/address.ts';
import { type Rows, scalarText } from '../row-reader.ts';
import { malformed, type RestReading } from './rest-reading.ts';

/** Requests for single records under way at once. */
const AT_ONCE = 8;
const GONE = [404, 410];

export type FeedRows = Rows & { readonly deleted: readonly DeletedRow[] };
type Failed = { readonly kind: 'failed'; readonly failure: SystemFailure };
export type Expanded = ({ readonly kind: 'rows' } & FeedRows) | Failed;

/**
 * Reads the records that the rows of a page only name, each once, for the newest row of its ID. One that is not there
 * any more was deleted since. The first failure ends it.
 *
 * One request a record, eight at once; none where the contract has no `expand`.
 */
export const expandRows = async (reading: RestReading, rows: FeedRows): Promise<Expanded> => {
  if (reading.entity.expand === undefined) return { kind: 'rows', ...rows };
  const newest = [...new Map(rows.records.map((record) => [record.id, record])).values()].toSorted(byPlace);
  const records: SystemRecord[] = [];
  const gone: DeletedRow[] = [];
  const queue = newest.values();
  let failed: Failed | undefined;
  const worker = async (): Promise<void> => {
    for (const record of queue) {
      const body = await bodyOf(reading, record);
      if (body.kind === 'failed') failed ??= body;
      if (failed !== undefined) return;
      if (body.kind === 'gone') gone.push({ id: record.id, updatedAt: record.updatedAt });
      if (body.kind === 'body') records.push({ ...record, body: body.body });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failed !== undefined) return failed;
  return {
    kind: 'rows',
    records: records.toSorted(byPlace),
    deleted: [...rows.deleted, ...gone].toSorted(byPlace),
    unusable: rows.unusable,
  };
};

const byPlace = (a: DeletedRow, b: DeletedRow): number => compareInstants(a.updatedAt, b.updatedAt);

type Body = { readonly kind: 'body'; readonly body: JsonObject } | { readonly kind: 'gone' } | Failed;

const bodyOf = async ({ entity, http, subject }: RestReading, record: SystemRecord): Promise<Body> => {
  const { expand } = entity;
  if (expand === undefined) return { kind: 'body', body: record.body };
  const path = pathOf(expand.path, record.body);
  if (path === undefined) return malformed(`Cannot read a record of ${subject}: its row has not all of ${expand.path}`);
  const reply = await http.request({ method: 'GET', to: { path }, label: `/${expand.path}`, answers: GONE });
  if (reply.kind === 'failed') return reply;
  if (GONE.includes(reply.status)) return { kind: 'gone' };
  return reply.json !== undefined && isJsonObject(reply.json)
    ? { kind: 'body', body: { ...record.body, [expand.as]: reply.json } }
    : malformed(`Cannot read a record of ${subject}: the answer is no object (status ${reply.status})`);
};

/** Each member as one segment; undefined where the row lacks one. */
const pathOf = (template: string, row: JsonObject): string | undefined => {
  const lacking: string[] = [];
  const path = template.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const segment = pathSegment(scalarText(valueAt(row, name)) ?? '');
    if (segment === undefined) lacking.push(name);
    return segment ?? '';
  });
  return lacking.length > 0 ? undefined : path;
};
