import { randomUUID } from 'node:crypto';
import { onEngines, person, type Opened } from '../../world/on-engines.ts';

const HOUR_MS = 3_600_000;
const KEY = { sync: 'people-to-contacts', stream: 'main' };

const switchOn = ({ world }: Opened, zapId: string | null) =>
  world.port.openStream(KEY, { start: { kind: 'now' }, zapId });

/** A poll that gives back its lease at once. */
const poll = async ({ world }: Opened, zapId: string | null, cycleId = randomUUID()) => {
  const opened = await world.port.openCycle({}, { ...KEY, cycleId, zapId, knownContract: null });
  if (opened.kind === 'opened') {
    await world.port.emit({ cycle: cycleId }, { fence: opened.fence, limit: 0, bytesMax: 0, failure: null });
  }
  return opened;
};

const takeOvers = async ({ world }: Opened): Promise<string[]> => {
  const { entries } = await world.port.listEvidence({}, { limit: 1000 });
  return entries.filter(({ kind }) => kind === 'stream_taken_over').map(({ leaf }) => leaf);
};

onEngines('two Zaps on one stream', (open) => {
  it('without the number of a Zap nothing is refused', async () => {
    const opened = await open();
    await switchOn(opened, null);
    expect(await poll(opened, null)).toMatchObject({ kind: 'opened' });
    expect(await poll(opened, 'zap-1')).toMatchObject({ kind: 'opened' });
    expect(await poll(opened, null)).toMatchObject({ kind: 'opened' });
    expect((await opened.world.stream()).owner).toMatchObject({ zapId: 'zap-1' });
  });

  it('the second is refused with the name of the first, whose next poll fails once with the name of the second', async () => {
    const opened = await open();
    await poll(opened, 'zap-1');
    const contender = { kind: 'contested', as: 'rival', zapId: 'zap-1' };
    expect(await poll(opened, 'zap-2')).toEqual(contender);
    const told = randomUUID();
    const owner = { kind: 'contested', as: 'owner', zapId: 'zap-2' };
    expect(await poll(opened, 'zap-1', told)).toEqual(owner);
    expect(await poll(opened, 'zap-1', told)).toEqual(owner);
    for (let hour = 3; hour < 24; hour += 3) {
      opened.clock.nowMs += 3 * HOUR_MS;
      expect(await poll(opened, 'zap-2')).toEqual(contender);
      expect(await poll(opened, 'zap-1')).toMatchObject({ kind: 'opened' });
    }
    opened.clock.nowMs += 3 * HOUR_MS;
    expect(await poll(opened, 'zap-2')).toEqual(contender);
    expect(await poll(opened, 'zap-1')).toEqual(owner);
  });

  it('G1 a poll that is refused, on either side, reads nothing and loses nothing', async () => {
    const opened = await open();
    const { world } = opened;
    await poll(opened, 'zap-1');
    world.source.put(person('s1', 100));
    const before = await world.stream();
    await poll(opened, 'zap-2');
    await poll(opened, 'zap-1');
    expect(await world.stream()).toEqual(before);
    expect((await world.items()).map(({ externalId }) => externalId)).toEqual(['s1']);
  });

  it('a poll that is under way is not disturbed by one that is refused', async () => {
    const opened = await open();
    const cycleId = randomUUID();
    const cycle = await opened.world.port.openCycle({}, { ...KEY, cycleId, zapId: 'zap-1', knownContract: null });
    if (cycle.kind !== 'opened') throw new Error(cycle.kind);
    expect(await poll(opened, 'zap-2')).toMatchObject({ kind: 'contested' });
    const again = await opened.world.port.openCycle({}, { ...KEY, cycleId, zapId: 'zap-1', knownContract: null });
    expect(again).toEqual({ ...cycle, contract: again.kind === 'opened' ? again.contract : null });
  });

  it('a Zap is not switched on beside one that polls, and is once that one has been silent for an hour', async () => {
    const opened = await open();
    await switchOn(opened, 'zap-1');
    await poll(opened, 'zap-1');
    opened.clock.nowMs += HOUR_MS - 1;
    await expect(switchOn(opened, 'zap-2')).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('is polled by Zap zap-1 already. Give this Zap a stream name of its own'),
    });
    expect((await opened.world.stream()).owner).toMatchObject({ zapId: 'zap-1' });
    opened.clock.nowMs += 1;
    expect(await switchOn(opened, 'zap-2')).toMatchObject({ created: false });
    expect((await opened.world.stream()).owner).toMatchObject({ zapId: 'zap-2' });
    expect(await poll(opened, 'zap-1')).toMatchObject({ kind: 'contested', as: 'rival', zapId: 'zap-2' });
    expect(await takeOvers(opened)).toEqual([expect.stringContaining('"takenFrom":"zap-1"')]);
  });

  it('an owner that has not polled for 24 hours gives way to a Zap that polls, and its checkpoint stays', async () => {
    const opened = await open();
    const { world } = opened;
    world.source.put(person('s1', 100));
    await poll(opened, 'zap-1');
    await world.items();
    const { checkpoint } = await world.stream();
    opened.clock.nowMs += 24 * HOUR_MS - 1;
    expect(await poll(opened, 'zap-2')).toMatchObject({ kind: 'contested' });
    opened.clock.nowMs += 1;
    expect(await poll(opened, 'zap-2')).toMatchObject({ kind: 'opened', checkpoint: { fetched: checkpoint.fetched } });
    expect(await poll(opened, 'zap-2')).toMatchObject({ kind: 'opened' });
    expect(await takeOvers(opened)).toHaveLength(1);
  });

  it('of twelve Zaps that poll a new stream at once one owns it', async () => {
    const opened = await open();
    const polls = await Promise.all(Array.from({ length: 12 }, (_, zap) => poll(opened, `zap-${zap}`)));
    expect(polls.filter(({ kind }) => kind === 'opened')).toHaveLength(1);
    const { owner } = await opened.world.stream();
    const refused = polls.filter((one) => one.kind === 'contested');
    expect(refused).toEqual(refused.map(() => ({ kind: 'contested', as: 'rival', zapId: owner?.zapId })));
    expect(refused).toHaveLength(11);
  });

  it('of twelve Zaps that are switched on at once one is', async () => {
    const opened = await open();
    const ended = await Promise.allSettled(Array.from({ length: 12 }, (_, zap) => switchOn(opened, `zap-${zap}`)));
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
