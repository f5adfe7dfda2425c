import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject } from '../../src/core/json.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import type { SystemFailure } from '../../src/core/system/failure.ts';
import type { UpsertItem, UpsertResult } from '../../src/engine/upsert.ts';
import { syncNamed } from '../world/contracts.ts';
import { onEngines, type Opened, person } from '../world/on-engines.ts';
import type { World, WorldOptions } from '../world/world.ts';

type Handed = { readonly deliveryId: string; readonly externalId: string; readonly payload: JsonObject };

const refusedKey: SystemFailure = { kind: 'unauthorized', reason: 'Cannot write: status 401' };
const gone: SystemFailure = { kind: 'unknown', answered: true, reason: 'Cannot tell: status 500' };
const throttled = (seconds: number): SystemFailure => ({
  kind: 'throttled',
  retryAfterMs: seconds * 1000,
  reason: 'Cannot write: status 429',
});

const ACKNOWLEDGE_S = 60;
const ATTEMPTS_MAX = 2;
const delivery = { acknowledgeWithinSeconds: ACKNOWLEDGE_S, attemptsMax: ATTEMPTS_MAX };
// A write is one request, so that each fault is one write.
const options: WorldOptions = { sync: syncNamed({ delivery }), target: { nativeUpsert: true } };

const fill = (world: World, count: number): void => {
  for (let number = 0; number < count; number += 1) world.source.put(person(`p${number}`, 900 - number));
};
const fail = (world: World, count: number, failure: SystemFailure = refusedKey): void => {
  for (let left = count; left > 0; left -= 1) world.target.faults.push({ kind: 'fail', failure });
};
const write = (world: World, { deliveryId, payload }: Handed): Promise<UpsertResult> =>
  world.upsert(deliveryId, payload);
const itemOf = ({ deliveryId, payload }: Handed): UpsertItem => ({
  subject: { kind: 'delivery', deliveryId },
  fields: payload,
  overrides: {},
});
/** The first half of a write: the store is asked, and nothing is sent. */
const begin = (world: World, { intentId, deliveryId }: { readonly intentId: string; readonly deliveryId: string }) => {
  const subject = { kind: 'delivery' as const, deliveryId, overridesDigest: null };
  return world.port.beginWrites(
    {},
    { sync: 'people-to-contacts', knownContract: null, items: [{ intentId, subject }] },
  );
};
const later = (world: World, seconds: number): void => {
  world.clock.nowMs += seconds * 1000;
};
const circuitOf = async (port: StorePort) => (await port.listCircuits({}, {})).circuits[0];
const deadLetters = async (port: StorePort) =>
  (await port.listDeadLetters({}, { sync: 'people-to-contacts', limit: 100 })).total;

const circuitLeaf = z.object({
  body: z.looseObject({ before: z.string(), after: z.string() }),
});
const nth = <T>(all: readonly T[], place: number): T => {
  const one = all[place];
  if (one === undefined) throw new Error(`Expected more than ${place}, got ${all.length}`);
  return one;
};

/** Five records were handed out and their writes failed: the circuit is open. */
const opened = async (open: (options?: WorldOptions) => Promise<Opened>, records = 5) => {
  const all = await open(options);
  const { world } = all;
  fill(world, records);
  const handed = await world.items();
  fail(world, 5);
  for (const one of handed.slice(0, 5)) await write(world, one);
  expect(await circuitOf(world.port)).toMatchObject({ system: 'target-system', state: 'open', openings: 1 });
  world.target.calls.writes = 0;
  world.storeCalls.splice(0);
  return { ...all, handed };
};

/** To the moment when a probe may go. */
const waitOut = async (world: World): Promise<void> => {
  const retryAt = (await circuitOf(world.port))?.retryAt;
  if (retryAt === undefined || retryAt === null) throw new Error('Expected an open circuit');
  world.clock.nowMs = Math.max(world.clock.nowMs, Date.parse(retryAt));
};

onEngines('the circuit before a target', (open) => {
  it('G1 a target that failed five times in a row is not called again, at one round trip, and the record waits', async () => {
    const { world, handed } = await opened(open);
    const result = await write(world, nth(handed, 0));
    expect(result).toMatchObject({ kind: 'retry', reason: expect.stringContaining('"target-system"') });
    expect(result.kind === 'retry' && result.afterMs).toBeGreaterThanOrEqual(15_000);
    expect(result.kind === 'retry' && result.afterMs).toBeLessThanOrEqual(30_000);
    expect(world.target.calls.writes).toBe(0);
    expect(world.storeCalls).toEqual(['beginWrites']);
    expect((await world.stream()).counts).toMatchObject({ open: 5, deadLettered: 0 });
  });

  it('does not count one call whose hundred writes all failed as more than one failure', async () => {
    const { world } = await open(options);
    fill(world, 20);
    const handed = await world.items();
    fail(world, 20);
    await world.upsertMany(handed.map(itemOf));
    expect(await circuitOf(world.port)).toMatchObject({ state: 'closed', failures: 1 });
  });

  it('costs a target that is well no statement that writes: it has no row', async () => {
    const { world } = await open(options);
    fill(world, 3);
    await world.upsertMany((await world.items()).map(itemOf));
    expect(await circuitOf(world.port)).toBeUndefined();
  });

  it('G2 of twelve that come at once when it is half open, one goes through, and closes it', async () => {
    const { world, handed } = await opened(open, 12);
    expect(handed).toHaveLength(12);
    await waitOut(world);
    const asked = handed.map((one) => ({ intentId: randomUUID(), deliveryId: one.deliveryId }));
    const begun = await Promise.all(asked.map((one) => begin(world, one)));
    const kinds = begun.map(({ decisions }) => decisions[0]?.kind);
    expect(kinds.filter((kind) => kind === 'proceed')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'stop')).toHaveLength(11);
    expect(await circuitOf(world.port)).toMatchObject({ state: 'half_open' });
    const place = kinds.indexOf('proceed');
    const [decision] = begun[place]?.decisions ?? [];
    if (decision?.kind !== 'proceed') throw new Error('Expected one to proceed');
    const outcome = { kind: 'not_sent', reason: 'It asked to wait' } as const;
    const told = { fence: decision.fence, attempts: 1, writtenDigest: null, outcome, signal: { kind: 'up' } as const };
    await world.port.completeWrites({}, { items: [{ intentId: nth(asked, place).intentId, ...told }] });
    expect(await circuitOf(world.port)).toMatchObject({ state: 'closed', failures: 0 });
    const rest = await Promise.all(handed.map((one) => write(world, one)));
    expect(rest.filter(({ kind }) => kind === 'done')).toHaveLength(12);
    expect(world.target.rows).toHaveLength(12);
  });

  it('G2 of a batch that comes when it is half open, one record goes through', async () => {
    const { world, handed } = await opened(open, 12);
    await waitOut(world);
    const results = await world.upsertMany(handed.map(itemOf));
    expect(results.map(({ kind }) => kind)).toEqual(['done', ...Array<string>(11).fill('retry')]);
    expect(world.target.calls.writes).toBe(1);
    expect(await circuitOf(world.port)).toMatchObject({ state: 'closed' });
  });

  it('opens for longer when the probe fails, and for others to go when its process died', async () => {
    const { world, handed } = await opened(open, 7);
    await waitOut(world);
    fail(world, 1, gone);
    fail(world, 1);
    await write(world, nth(handed, 5));
    expect(await circuitOf(world.port)).toMatchObject({ state: 'open', openings: 2 });
    await waitOut(world);
    const begun = await begin(world, { intentId: randomUUID(), deliveryId: nth(handed, 6).deliveryId });
    expect(begun.decisions).toMatchObject([{ kind: 'proceed' }]);
    // Nobody hears of that one again.
    later(world, 49);
    expect(await write(world, nth(handed, 0))).toMatchObject({ kind: 'retry' });
    later(world, 1);
    expect(await write(world, nth(handed, 0))).toMatchObject({ kind: 'done' });
    expect(await circuitOf(world.port)).toMatchObject({ state: 'closed' });
  });

  it('answers without the target what needs none: a record that is there already', async () => {
    const { world } = await open(options);
    fill(world, 6);
    const [first, ...others] = await world.items();
    if (first === undefined) throw new Error('Expected items');
    await write(world, first);
    fail(world, 5);
    for (const one of others) await write(world, one);
    expect(await circuitOf(world.port)).toMatchObject({ state: 'open' });
    expect(await write(world, first)).toMatchObject({ kind: 'done', status: 'already_applied' });
  });

  it('G6 every change of state is evidence, and the operator who closed it is named', async () => {
    const { world, handed } = await opened(open);
    await waitOut(world);
    fail(world, 1);
    await write(world, nth(handed, 0));
    const close = { reason: 'The key was set anew' };
    expect(await world.port.closeCircuit({ system: 'target-system' }, close)).toEqual({ before: 'open' });
    expect(await world.port.closeCircuit({ system: 'target-system' }, close)).toEqual({ before: 'closed' });
    const { entries } = await world.port.listEvidence({}, { after: 0, limit: 1000 });
    const bodies = entries
      .filter(({ kind }) => kind === 'circuit')
      .map(({ leaf }) => circuitLeaf.parse(JSON.parse(leaf)).body);
    expect(bodies.map(({ before, after }) => [before, after])).toEqual([
      ['closed', 'open'],
      ['open', 'half_open'],
      ['half_open', 'open'],
      ['open', 'closed'],
    ]);
    expect(bodies[3]).toMatchObject({ by: { keyId: 'test', reason: 'The key was set anew' } });
    await expect(world.port.closeCircuit({ system: 'nowhere' }, close)).rejects.toThrow('Cannot find system "nowhere"');
  });

  it('G1 nothing is handed out but a probe, nothing becomes a dead letter, and all arrive in the end', async () => {
    const { world, handed } = await opened(open, 12);
    const late = person('late', 100);
    world.source.put(late);
    // Zaps come again with what they hold, polls go on, and the target stays down for a day of probes.
    for (let round = 0; round < 15; round += 1) {
      fail(world, 1);
      const items = await world.items();
      expect(items.length).toBeLessThanOrEqual(1);
      for (const one of [...items, ...handed.slice(5)]) await write(world, one);
      world.target.faults.splice(0);
      later(world, 40 * 60);
    }
    expect(await deadLetters(world.port)).toBe(0);
    expect(await circuitOf(world.port)).toMatchObject({ state: 'open' });
    await world.port.closeCircuit({ system: 'target-system' }, { reason: 'It is up again' });
    for (let round = 0; round < 3; round += 1) {
      for (const one of await world.items()) await write(world, one);
      later(world, 2 * ACKNOWLEDGE_S + 1000);
    }
    expect((await world.stream()).counts).toMatchObject({ applied: 13, open: 0 });
    expect(world.target.rows).toHaveLength(13);
  });

  it('G1 deliveries that no Zap came with during an outage are no attempts', async () => {
    const { world } = await opened(open, 7);
    for (let round = 0; round < 5; round += 1) {
      later(world, 3600);
      await world.port.closeCircuit({ system: 'target-system' }, { reason: 'Try' });
      const first = nth(await world.items(), 0);
      fail(world, 5);
      for (let left = 5; left > 0; left -= 1) await write(world, first);
      world.target.faults.splice(0);
      expect(await circuitOf(world.port)).toMatchObject({ state: 'open' });
    }
    later(world, 3600);
    await world.port.closeCircuit({ system: 'target-system' }, { reason: 'It is up again' });
    const items = await world.items();
    expect(items.map(({ externalId }) => externalId)).toEqual(expect.arrayContaining(['p5', 'p6']));
  });

  it('a delivery that is stopped stays with its Zap for as long as it was told to wait, and is not handed out beside it', async () => {
    const { world, handed } = await opened(open, 6);
    const waiting = nth(handed, 5);
    const stopped = await write(world, waiting);
    const waitS = stopped.kind === 'retry' ? Math.ceil(stopped.afterMs / 1000) : 0;
    await world.port.closeCircuit({ system: 'target-system' }, { reason: 'It is up again' });
    later(world, ACKNOWLEDGE_S);
    expect((await world.items()).map(({ externalId }) => externalId)).not.toContain(waiting.externalId);
    later(world, waitS);
    expect((await world.items()).map(({ externalId }) => externalId)).toContain(waiting.externalId);
  });

  it('a record that fails whenever others get through is given up on at last: those writes count, its probes do not', async () => {
    const { world } = await open(options);
    fill(world, 1);
    for (let round = 0; round < 60 && (await deadLetters(world.port)) === 0; round += 1) {
      fail(world, 5);
      for (const one of await world.items()) for (let left = 5; left > 0; left -= 1) await write(world, one);
      world.target.faults.splice(0);
      later(world, 3600);
      // Others are written meanwhile, which is what closes it.
      if (round % 3 === 2) await world.port.closeCircuit({ system: 'target-system' }, { reason: 'Others get through' });
    }
    expect(await deadLetters(world.port)).toBe(1);
  });

  it('a target that asks to wait is left alone for so long, and that is no failure', async () => {
    const { world } = await open(options);
    fill(world, 3);
    const handed = await world.items();
    const [first, second] = [nth(handed, 0), nth(handed, 1)];
    fail(world, 1, throttled(300));
    expect(await write(world, first)).toMatchObject({ kind: 'retry', afterMs: 300_000 });
    expect(await circuitOf(world.port)).toMatchObject({ state: 'closed', failures: 0 });
    world.target.calls.writes = 0;
    expect(await write(world, second)).toMatchObject({ kind: 'retry', afterMs: 300_000 });
    world.source.put(person('more', 50));
    later(world, 120);
    expect(await world.items()).toEqual([]);
    expect(world.target.calls.writes).toBe(0);
    later(world, 181);
    expect((await world.items()).length).toBeGreaterThan(0);
    expect(await write(world, second)).toMatchObject({ kind: 'done' });
  });

  it('G1 after the minutes of the contract records go by the fallback route, and one at a time to the target', async () => {
    const sync = syncNamed({ delivery: { ...delivery, fallback: { afterMinutes: 10 } } });
    const { world } = await opened((change) => open({ ...change, sync }));
    for (let number = 0; number < 3; number += 1) world.source.put(person(`new${number}`, 50 + number));
    const routes = async () => (await world.items()).map(({ route }) => route);
    await waitOut(world);
    fail(world, 1);
    await write(world, nth(await world.items(), 0));
    expect(await routes()).toEqual([]);
    later(world, 600);
    // By now nobody works on any of the eight; the first is the next probe.
    expect(await routes()).toEqual(['target', ...Array<string>(7).fill('fallback')]);
    await world.port.closeCircuit({ system: 'target-system' }, { reason: 'It is up again' });
    later(world, 3600);
    const items = await world.items();
    expect(items.map(({ route }) => route)).toEqual(Array<string>(8).fill('target'));
    for (const one of items) await write(world, one);
    expect((await world.stream()).counts).toMatchObject({ applied: 8, deadLettered: 0 });
  });
});
