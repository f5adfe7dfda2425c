import { formatInstant, type Instant, instantFromMs } from '../../src/core/instant.ts';

export type FakeRow = { readonly id: number; readonly updatedAt: string; readonly version: number };

/**
 * A source as a vendor's manual promises one: sorted by update time and ID, filtered by `since` (at or after) and
 * `after_id`, paged by `limit` and `offset`. And as vendors' servers are: it has a page limit of its own, which it
 * mentions nowhere, and other people change it all the time.
 */
export type FakeRest = {
  readonly fetch: typeof fetch;
  readonly rows: () => readonly FakeRow[];
  readonly requests: () => number;
  readonly remove: (index: number) => void;
  readonly touch: (index: number) => void;
  readonly add: () => void;
};

const BASE_MS = Date.parse('2026-01-01T00:00:00Z');

export const atMs = (ms: number): Instant => instantFromMs(BASE_MS + ms);
const timeText = (ms: number): string => formatInstant(atMs(ms), 'iso');

/**
 * @param times  update time of each row, in milliseconds; equal ones are ties
 * @param sorted by update time and ID, or by update time alone: then ties come in another order with each request
 */
export const createFakeRest = (
  times: readonly number[],
  clamp: number,
  sorted: 'by time and ID' | 'by time' = 'by time and ID',
): FakeRest => {
  let rows: FakeRow[] = times.map((ms, index) => ({ id: index + 1, updatedAt: timeText(ms), version: 1 }));
  let nextId = rows.length + 1;
  let latestMs = Math.max(0, ...times);
  let requests = 0;

  const inTie = ({ id }: FakeRow): number => (sorted === 'by time' ? (id * 7919 + requests * 104_729) % 1009 : id);

  const answer = (url: URL): FakeRow[] => {
    const get = (name: string): string | null => url.searchParams.get(name);
    const since = get('since') ?? '';
    const afterId = Number(get('after_id') ?? 0);
    const start = Number(get('offset') ?? 0);
    const limit = Math.min(Number(get('limit') ?? clamp), clamp);
    return rows
      .filter(({ id, updatedAt }) => updatedAt >= since && id > afterId)
      .toSorted((a, b) => (a.updatedAt === b.updatedAt ? inTie(a) - inTie(b) : a.updatedAt < b.updatedAt ? -1 : 1))
      .slice(start, start + limit);
  };

  return {
    fetch: (input) => {
      requests += 1;
      return Promise.resolve(Response.json(answer(new URL(input instanceof Request ? input.url : input))));
    },
    rows: () => rows,
    requests: () => requests,
    remove: (index) => {
      rows = rows.filter((_row, at) => at !== index % Math.max(rows.length, 1));
    },
    touch: (index) => {
      latestMs += 1;
      const target = rows[index % Math.max(rows.length, 1)];
      rows = rows.map((row) =>
        row === target ? { ...row, updatedAt: timeText(latestMs), version: row.version + 1 } : row,
      );
    },
    // Later than all there is: a row that appears at a time already read is for the overlap of the next sweep.
    add: () => {
      latestMs += 1;
      rows = [...rows, { id: nextId, updatedAt: timeText(latestMs), version: 1 }];
      nextId += 1;
    },
  };
};
