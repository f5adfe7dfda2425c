import fc from 'fast-check';
import { driverOf, restSystem, type Sweep, sweep } from './contracts.ts';
import { atMs, createFakeRest, type FakeRest } from './fake-rest.ts';

const entity = { sinceParam: 'since', pageSizeParam: 'limit' } as const;
const styles = {
  'keyset with afterIdParam': restSystem({ ...entity, paging: { style: 'keyset', afterIdParam: 'after_id' } }),
  keyset: restSystem({ ...entity, paging: { style: 'keyset' } }),
  offset: restSystem({ ...entity, paging: { style: 'offset', param: 'offset' } }),
} as const;

/** Few times and many rows: most rows are tied with others. */
const times = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 70 });
const pageSize = fc.integer({ min: 1, max: 40 });
/** No server gives fewer than ten rows a page when asked for more; below that nothing could be told from the end. */
const clamp = fc.oneof(fc.constant(10_000), fc.integer({ min: 10, max: 25 }));
const changes = fc.array(
  fc.record({
    page: fc.integer({ min: 1, max: 12 }),
    what: fc.constantFrom('remove', 'touch', 'add'),
    row: fc.nat({ max: 200 }),
  }),
  { maxLength: 12 },
);

const read = (
  source: FakeRest,
  style: keyof typeof styles,
  size: number,
  between?: (page: number) => void,
): Promise<Sweep> =>
  sweep(() => driverOf(styles[style], { fetch: source.fetch }), {
    pageSize: size,
    ...(between === undefined ? {} : { between }),
  });

const versionsOf = (result: Sweep): Set<string> =>
  new Set(result.records.map(({ body }) => `${Number(body['id'])}@${Number(body['version'])}`));

const lost = (source: FakeRest, result: Sweep): readonly string[] => {
  const seen = versionsOf(result);
  return source
    .rows()
    .map(({ id, version }) => `${id}@${version}`)
    .filter((row) => !seen.has(row));
};

/** What a sweep claims against what is so: `whole`, `refused` (it says that it could not), or what went wrong. */
const verdict = (source: FakeRest, result: Sweep): string => {
  if (result.end.kind === 'pages') return 'goes on for ever';
  const missing = lost(source, result).join(' ');
  if (result.end.kind === 'end') return missing === '' ? 'whole' : `lost ${missing}`;
  const { kind, reason } = result.end.failure;
  return kind === 'malformed' && /may share the update time|unstable/.test(reason) ? 'refused' : reason;
};

describe.each(['keyset', 'keyset with afterIdParam', 'offset'] as const)('%s', (style) => {
  test('a quiet source is read whole, or the read says that it was not', async () => {
    await fc.assert(
      fc.asyncProperty(times, pageSize, clamp, async (all, size, limit) => {
        const source = createFakeRest(all, limit);
        expect(['whole', 'refused']).toContain(verdict(source, await read(source, style, size)));
      }),
      { numRuns: 300 },
    );
  });

  test('a source that changes while it is read loses no version that is still there', async () => {
    await fc.assert(
      fc.asyncProperty(times, pageSize, clamp, changes, async (all, size, limit, plan) => {
        const source = createFakeRest(all, limit);
        const between = (page: number): void => {
          for (const { what, row } of plan.filter((change) => change.page === page)) {
            if (what === 'add') source.add();
            else source[what](row);
          }
        };
        const first = await read(source, style, size, between);
        const isSettled = plan.every((change) => change.page < first.pages - 3);
        // What changed behind the last page is what the next sweep starts with: at the mark, the mark included.
        const mark = first.records.at(-1)?.updatedAt;
        const isOver = first.end.kind === 'failed' || isSettled || mark === undefined;
        const next = isOver
          ? { ...first, records: [] }
          : await sweep(() => driverOf(styles[style], { fetch: source.fetch }), { pageSize: size, since: mark });
        const both = { ...next, records: [...first.records, ...next.records] };
        expect(['whole', 'refused']).toContain(verdict(source, both));
      }),
      { numRuns: 400 },
    );
  });
});

test.each(['keyset with afterIdParam', 'offset'] as const)(
  '%s reads every quiet source to its end, each row once',
  async (style) => {
    await fc.assert(
      fc.asyncProperty(times, pageSize, clamp, async (all, size, limit) => {
        const source = createFakeRest(all, limit);
        const result = await read(source, style, size);
        expect(result.end).toEqual({ kind: 'end' });
        expect(result.records).toHaveLength(all.length);
        expect(versionsOf(result).size).toBe(all.length);
      }),
      { numRuns: 300 },
    );
  },
);

test('keyset alone reads every quiet source to its end, each row once, when pages may grow over its ties', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 70 }),
      pageSize,
      async (all, size) => {
        // A later row alone: a source that is one single tie cannot be told from a page limit, and fails.
        const source = createFakeRest([...all, 100], 10_000);
        const result = await read(source, 'keyset', size);
        expect(result.end).toEqual({ kind: 'end' });
        expect(versionsOf(result).size).toBe(all.length + 1);
      },
    ),
    { numRuns: 300 },
  );
});

const tieOf = (rows: number): readonly number[] => [0, ...Array.from({ length: rows }, () => 5), 9, 9];

describe('ties wider than a page', () => {
  test('keyset grows its pages until the tie fits, and shrinks them again', async () => {
    const source = createFakeRest(tieOf(700), 10_000);
    const result = await read(source, 'keyset', 50);
    expect(result.end).toEqual({ kind: 'end' });
    expect(lost(source, result)).toEqual([]);
  });

  test('keyset with afterIdParam walks a tie of many pages and gives each row once', async () => {
    const source = createFakeRest(tieOf(700), 100);
    const result = await read(source, 'keyset with afterIdParam', 500);
    expect(result.end).toEqual({ kind: 'end' });
    expect(result.records).toHaveLength(703);
    expect(lost(source, result)).toEqual([]);
  });

  test('keyset on a server that caps its pages below the tie fails and says what to set', async () => {
    const result = await read(createFakeRest(tieOf(700), 100), 'keyset', 500);
    if (result.end.kind !== 'failed') throw new Error('The tie was taken for read');
    expect(result.end.failure.kind).toBe('malformed');
    expect(result.end.failure.reason).toContain('afterIdParam');
  });

  test('a source that is one tie as wide as a capped page is not taken for read', async () => {
    const result = await read(
      createFakeRest(
        Array.from({ length: 300 }, () => 5),
        100,
      ),
      'keyset',
      500,
    );
    expect(result.end).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
  });

  test.each([1, 2, 9])('a source of %i rows with one update time is read to its end', async (rows) => {
    const result = await read(
      createFakeRest(
        Array.from({ length: rows }, () => 5),
        10_000,
      ),
      'keyset',
      500,
    );
    expect(result.end).toEqual({ kind: 'end' });
    expect(result.records).toHaveLength(rows);
  });

  test('a tie beyond 5,000 rows without afterIdParam fails', async () => {
    const result = await read(createFakeRest(tieOf(5100), 10_000), 'keyset', 500);
    expect(result.end).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
  });
});

describe('a source that sorts by update time alone', () => {
  test('is read whole by keyset, or the read says that it does not get on', async () => {
    const wide = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 900 });
    await fc.assert(
      fc.asyncProperty(wide, fc.integer({ min: 1, max: 300 }), clamp, async (all, size, limit) => {
        const source = createFakeRest(all, limit, 'by time');
        expect(['whole', 'refused']).toContain(verdict(source, await read(source, 'keyset', size)));
      }),
      { numRuns: 100 },
    );
  });

  test('its wide ties are read by growing pages', async () => {
    const source = createFakeRest(tieOf(1000), 10_000, 'by time');
    expect(verdict(source, await read(source, 'keyset', 50))).toBe('whole');
  });

  test('a tie that fills every page the server gives ends with what to do, and not in reading for ever', async () => {
    const source = createFakeRest(tieOf(1000), 250, 'by time');
    const result = await read(source, 'keyset', 250);
    expect(result.end).toMatchObject({
      failure: { kind: 'malformed', reason: expect.stringMatching(/set afterIdParam/) },
    });
    expect(source.requests()).toBeLessThan(50);
  });
});

test('a sweep since a time inside a tie gives the whole tie', async () => {
  const source = createFakeRest([0, 1, 1, 1, 2], 10_000);
  const result = await sweep(() => driverOf(styles.keyset, { fetch: source.fetch }), { pageSize: 2, since: atMs(1) });
  expect(result.end).toEqual({ kind: 'end' });
  expect(result.records.map(({ id }) => id)).toEqual(['2', '3', '4', '5']);
});

test('offset without sinceParam fails as unstable when a row moved, and reads a quiet source', async () => {
  const system = restSystem({
    sinceParam: undefined,
    pageSizeParam: 'limit',
    paging: { style: 'offset', param: 'offset' },
  });
  const quiet = createFakeRest([0, 1, 2, 3, 4, 5, 6], 10_000);
  expect((await sweep(() => driverOf(system, { fetch: quiet.fetch }), { pageSize: 2 })).records).toHaveLength(7);
  const moving = createFakeRest([0, 1, 2, 3, 4, 5, 6], 10_000);
  const result = await sweep(() => driverOf(system, { fetch: moving.fetch }), {
    pageSize: 2,
    between: (page) => (page === 2 ? moving.remove(0) : undefined),
  });
  expect(result.end).toMatchObject({
    kind: 'failed',
    failure: { kind: 'malformed', reason: expect.stringContaining('unstable') },
  });
});

test('a source that never stands still is given up as unstable instead of being read for ever', async () => {
  const source = createFakeRest(
    Array.from({ length: 30 }, () => 5),
    10_000,
  );
  const result = await sweep(() => driverOf(styles.offset, { fetch: source.fetch }), {
    pageSize: 3,
    between: () => {
      source.remove(0);
      source.add();
    },
  });
  expect(result.end).toMatchObject({ kind: 'failed', failure: { reason: expect.stringContaining('unstable') } });
});

test('a token of another paging style is rejected, so that the reader starts again from its mark', async () => {
  const source = createFakeRest([0, 1, 2], 10_000);
  const first = await driverOf(styles.offset, { fetch: source.fetch }).readPage({
    since: null,
    token: null,
    pageSize: 2,
  });
  if (first.kind !== 'page') throw new Error(first.failure.reason);
  for (const token of [first.nextToken, 'not a token', '{}']) {
    const reply = await driverOf(styles.keyset, { fetch: source.fetch }).readPage({ since: null, token, pageSize: 2 });
    expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
  }
});
