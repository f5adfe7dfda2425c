import type { EntityDriver, PageReply } from '../../src/core/system/entity-driver.ts';
import { syncNamed } from '../world/contracts.ts';
import { onEngines, person } from '../world/on-engines.ts';
import type { World } from '../world/world.ts';

const onePage = syncNamed({ read: { pagesMax: 1, overlapSeconds: 60 } });

type Request = Parameters<EntityDriver['readPage']>[0];
type ReadPage = EntityDriver['readPage'];

/** Puts `readPage` in place of the source's, which it is given. */
const tamper = (world: World, change: (readPage: ReadPage) => (request: Request) => Promise<PageReply>): void => {
  const { driver } = world.source;
  Object.assign(driver, { readPage: change(driver.readPage) });
};

onEngines('a sweep over several polls', (open) => {
  it('G1 the first page of a resumed poll is held against the last record of the poll before', async () => {
    const { world } = await open({ sync: onePage });
    for (let n = 0; n < 7; n += 1) world.source.put(person(`s${n}`, 100 - n));
    await world.items();
    expect((await world.stream()).checkpoint.fetched.sweep?.last?.id).toBe('s2');
    // The source forgets the order it was asked for: behind every token it begins with the oldest.
    let tokens = 0;
    tamper(world, (readPage) => async (request) => {
      const reply = await readPage({ ...request, token: null });
      tokens += 1;
      return reply.kind === 'page' ? { ...reply, nextToken: `token ${tokens}` } : reply;
    });
    // That place is lost: it is said, and reading begins again at the mark.
    expect(await world.poll()).toMatchObject({
      pages: 1,
      failure: { kind: 'malformed', reason: expect.stringMatching(/record 1 is older than the one before it/) },
    });
    expect((await world.stream()).checkpoint.fetched.cursor?.id).toBe('s2');
  });

  it('G1 page tokens that go in a circle over several polls are said to, and reading begins again at the mark', async () => {
    const { world } = await open({ sync: onePage, source: { pageSize: 1 } });
    for (let n = 0; n < 3; n += 1) world.source.put(person(`s${n}`, 50));
    const circle = ['a', 'b', 'c'];
    let isMended = false;
    let asked = 0;
    tamper(world, (readPage) => async (request) => {
      if (isMended) return readPage(request);
      const reply = await readPage({ ...request, token: null });
      asked += 1;
      return reply.kind === 'page' ? { ...reply, nextToken: circle[asked % 3] ?? '' } : reply;
    });
    const failures: unknown[] = [];
    for (let polls = 0; polls < 9; polls += 1) {
      const result = await world.poll();
      if (result.kind === 'items' && result.failure !== null) failures.push(result.failure);
    }
    expect(failures.length).toBeGreaterThan(0);
    expect(failures[0]).toMatchObject({ reason: expect.stringMatching(/goes in a circle; correct the paging/) });
    isMended = true;
    const seen = new Set<string>();
    world.clock.nowMs += 61_000;
    for (let polls = 0; polls < 5; polls += 1) {
      for (const { externalId } of await world.items()) seen.add(externalId);
    }
    expect([...seen].toSorted()).toEqual(['s0', 's1', 's2']);
  });

  it('G1 a token that expired between two polls makes another sweep, with another ID, at the mark', async () => {
    const { world } = await open({ sync: onePage });
    for (let n = 0; n < 7; n += 1) world.source.put(person(`s${n}`, 100 - n));
    await world.items();
    const before = (await world.stream()).checkpoint.fetched.sweep;
    world.source.faults.push({ kind: 'fail', failure: { kind: 'rejected', status: 410, reason: 'gone' } });
    await world.items();
    const after = (await world.stream()).checkpoint.fetched.sweep;
    expect(after?.id).not.toBe(before?.id);
    expect(after).toMatchObject({ since: '2026-11-21T11:57:22.000000000Z', trail: { tokens: 1 } });
  });
});
