import * as fc from 'fast-check';
import { checkContract } from '../../src/core/contract/check.ts';
import { parseInstant } from '../../src/core/instant.ts';
import type { DeletedRow, EntityDriver, SystemRecord } from '../../src/core/system/entity-driver.ts';
import { driverOf, restSystem } from './contracts.ts';
import { createFakeFeed, type FakeFeedRules } from './fake-feed.ts';

type RestEntity = NonNullable<Parameters<typeof restSystem>[0]>;

const feedEntity = (more: RestEntity = {}): RestEntity => ({
  path: 'changes',
  recordsAt: 'results',
  idField: 'id',
  updatedAtField: 'sequence',
  timestamp: 'sequence',
  paging: { style: 'sequence', sinceMeans: 'after' },
  sinceParam: 'since',
  pageSizeParam: 'limit',
  deletedWhen: { at: 'deleted', is: true },
  ...more,
});

type Read = {
  readonly records: readonly SystemRecord[];
  readonly deleted: readonly DeletedRow[];
  readonly pages: number;
};

const PAGES_MAX = 400;

const readAll = async (driver: EntityDriver, pageSize: number, between: (page: number) => void): Promise<Read> => {
  const records: SystemRecord[] = [];
  const deleted: DeletedRow[] = [];
  let token: string | null = null;
  for (let pages = 1; pages <= PAGES_MAX; pages += 1) {
    const reply: Awaited<ReturnType<EntityDriver['readPage']>> = await driver.readPage({
      since: null,
      token,
      pageSize,
    });
    if (reply.kind === 'failed') throw new Error(reply.failure.reason);
    records.push(...reply.records);
    deleted.push(...(reply.deleted ?? []));
    if (reply.nextToken === null) return { records, deleted, pages };
    token = reply.nextToken;
    between(pages);
  }
  throw new Error('The feed did not end');
};

const anyRules = fc.record({
  records: fc.integer({ min: 0, max: 40 }),
  clamp: fc.integer({ min: 2, max: 12 }),
  since: fc.constantFrom('at-or-after', 'after'),
  deletions: fc.constantFrom('marked', 'vanish'),
} satisfies { readonly [K in keyof FakeFeedRules]: fc.Arbitrary<FakeFeedRules[K]> });

const anyWrites = fc.array(fc.record({ kind: fc.constantFrom('touch', 'remove'), at: fc.nat(99) }), { maxLength: 30 });

/** Reads a feed while others write to it, and gives what of its records was not read as it is in the end. */
const unread = async (
  rules: FakeFeedRules,
  writes: readonly { kind: 'touch' | 'remove'; at: number }[],
  more: RestEntity,
) => {
  const feed = createFakeFeed(rules);
  const driver = driverOf(restSystem(feedEntity(more)), { fetch: feed.fetch });
  const waiting = [...writes];
  const read = await readAll(driver, 7, () => {
    for (const { kind, at } of waiting.splice(0, 2)) feed[kind](at);
  });
  const versions = new Map(read.records.map(({ id, body }) => [id, body]));
  return { feed, read, versions };
};

test('G1 whatever is written meanwhile, every record that is there in the end was read in its last version', async () => {
  await fc.assert(
    fc.asyncProperty(anyRules, anyWrites, async (rules, writes) => {
      const { feed, versions, read } = await unread(rules, writes, {
        paging: { style: 'sequence', sinceMeans: rules.since },
      });
      for (const [id, version] of feed.alive()) expect(versions.get(id)?.['version']).toBe(version);
      for (const { id } of read.deleted) expect(feed.alive().has(id)).toBe(false);
    }),
  );
});

test('G1 a start that means "after" and is described as "at or after" loses nothing', async () => {
  await fc.assert(
    fc.asyncProperty(anyRules, anyWrites, async (rules, writes) => {
      const { feed, versions } = await unread({ ...rules, since: 'after' }, writes, {
        paging: { style: 'sequence', sinceMeans: 'at-or-after' },
      });
      for (const [id, version] of feed.alive()) expect(versions.get(id)?.['version']).toBe(version);
    }),
  );
});

test('G1 records that a feed only names are read as they are, and those that are gone come out as deleted', async () => {
  await fc.assert(
    fc.asyncProperty(anyRules, anyWrites, async (rules, writes) => {
      const { feed, versions } = await unread(rules, writes, {
        paging: { style: 'sequence', sinceMeans: rules.since },
        expand: { path: 'rows/{id}', as: 'record' },
      });
      for (const [id, version] of feed.alive()) expect(versions.get(id)?.['record']).toEqual({ now: version });
    }),
  );
});

const answering =
  (results: readonly object[]): typeof fetch =>
  () =>
    Promise.resolve(Response.json({ results }));

const failureOf = async (results: readonly object[], since: number | null, more: RestEntity = {}): Promise<string> => {
  const driver = driverOf(restSystem(feedEntity(more)), { fetch: answering(results) });
  const from = since === null ? null : (parseInstant(since, 'sequence') ?? null);
  const reply = await driver.readPage({ since: from, token: null, pageSize: 10 });
  return reply.kind === 'failed' ? `${reply.failure.kind}: ${reply.failure.reason}` : 'read';
};

test('what would lead to a wrong place in the feed fails and says why', async () => {
  const rows = (...sequences: (number | string)[]) => sequences.map((sequence, id) => ({ id: `r${id}`, sequence }));
  expect(await failureOf(rows(3, 4), 2)).toBe('read');
  expect(await failureOf(rows(1, 4), 3)).toMatch(
    /^malformed: .*asked for changes from 2 on, it gave 1; the start is not/,
  );
  expect(await failureOf(rows(4, 3), null)).toMatch(/not in the order of its sequence/);
  expect(await failureOf(rows('4-g1AAAA'), null)).toMatch(/no whole number from 0 to 999,999,999 at "sequence"/);
  expect(await failureOf(rows(1_000_000_000), null)).toMatch(/no whole number/);
});

test('changes of one sequence that fill a page again are not taken for the end', async () => {
  const rows = Array.from({ length: 10 }, (_row, id) => ({ id: `r${id}`, sequence: 5 }));
  const system = restSystem(feedEntity({ paging: { style: 'sequence', sinceMeans: 'at-or-after' } }));
  const driver = driverOf(system, { fetch: answering(rows) });
  const first = await driver.readPage({ since: null, token: null, pageSize: 10 });
  if (first.kind === 'failed') throw new Error(first.failure.reason);
  expect(await driver.readPage({ since: null, token: first.nextToken, pageSize: 10 })).toMatchObject({
    kind: 'failed',
    failure: { reason: expect.stringMatching(/10 changes share one sequence and fill the page; raise pageSize/) },
  });
});

test('a page of nothing but rows that are no records is no end', async () => {
  const pages = [[{ id: 'a', sequence: 1, type: 'study' }], [{ id: 'b', sequence: 2, type: 'patient' }], []];
  const driver = driverOf(restSystem(feedEntity({ skipRows: [{ at: 'type', is: 'study' }] })), {
    fetch: () => Promise.resolve(Response.json({ results: pages.shift() })),
  });
  const { records, pages: count } = await readAll(driver, 1, () => undefined);
  expect({ ids: records.map(({ id }) => id), count }).toEqual({ ids: ['b'], count: 3 });
});

test('a record whose request fails fails its page, so that no place behind it is taken', async () => {
  const driver = driverOf(restSystem(feedEntity({ expand: { path: 'rows/{id}' } })), {
    fetch: (input) =>
      Promise.resolve(
        String(input instanceof Request ? input.url : input).includes('/rows/')
          ? new Response('{}', { status: 503 })
          : Response.json({ results: [{ id: 'a', sequence: 1 }] }),
      ),
  });
  expect(await driver.readPage({ since: null, token: null, pageSize: 5 })).toMatchObject({
    kind: 'failed',
    failure: { kind: 'unavailable' },
  });
});

test.each([
  [{ timestamp: 'iso' }, 'timestamp', /must be sequence/],
  [{ paging: { style: 'keyset' } }, 'deletedWhen', /needs paging by sequence/],
  [{ expand: { path: 'rows' } }, 'expand.path', /must hold a member/],
] as const)('a contract whose keys do not fit a feed is refused: %j', (more, path, message) => {
  const system = restSystem();
  const entities = { people: { ...feedEntity(), ...more } };
  const check = checkContract({ ...system, entities });
  const problems = check.kind === 'problems' ? check.problems : [];
  expect(problems).toContainEqual(
    expect.objectContaining({ path: `entities.people.${path}`, message: expect.stringMatching(message) }),
  );
});
