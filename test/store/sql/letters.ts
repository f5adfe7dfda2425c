import { randomUUID } from 'node:crypto';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import { person } from '../../world/on-engines.ts';
import type { World } from '../../world/world.ts';

export const sync = 'people-to-contacts';

type Listing = Parameters<StorePort['listDeadLetters']>[1];
type Replay = Parameters<StorePort['replayDeadLetters']>[1];

export const letters = async (world: World, filter: Partial<Listing> = {}) =>
  (await world.port.listDeadLetters({}, { sync, ...filter })).deadLetters;

/** The one open dead letter of a record. */
export const letterOf = async (world: World, externalId: string) => {
  const [letter, ...others] = await letters(world, { externalId });
  if (letter === undefined || others.length > 0) throw new Error(`Expected one open dead letter of ${externalId}`);
  return world.port.getDeadLetter({ deadLetter: letter.id }, {});
};

/** Everything that is open, or what `request` says. */
export const replay = (world: World, request: Partial<Replay> = {}) =>
  world.port.replayDeadLetters(
    {},
    {
      requestId: randomUUID(),
      sync,
      selection: { kind: 'slice', slice: {} },
      dryRun: false,
      perMinute: 6000,
      ...request,
    },
  );

/** Has the target refuse a new record. */
export const refuse = async (world: World, id: string, secondsAgo = 100, change: object = {}): Promise<void> => {
  world.source.put(person(id, secondsAgo, change));
  await refuseNext(world);
};

/** Has the target refuse what the next poll brings, one record of which it knows none. */
export const refuseNext = async (world: World): Promise<void> => {
  for (const item of await world.items()) {
    const failure = { kind: 'rejected', status: 422, reason: 'PATCH contacts was answered 422' } as const;
    world.target.faults.push({ kind: 'pass' }, { kind: 'fail', failure });
    const result = await world.upsert(item.deliveryId, item.payload);
    if (result.kind !== 'rejected') throw new Error(`Expected a refusal, got ${result.kind}`);
  }
};

/** Polls and writes what comes. @returns the external IDs in the order in which they came */
export const deliver = async (world: World): Promise<string[]> => {
  const items = await world.items();
  for (const item of items) await world.upsert(item.deliveryId, item.payload);
  return items.map(({ externalId }) => externalId);
};
