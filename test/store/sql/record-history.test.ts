import { isUnknown, recordEvents } from '../../../src/core/protocol/record-events.ts';
import type { Caller } from '../../../src/store/sql/operations.ts';
import { syncNamed } from '../../world/contracts.ts';
import { onEngines, person, type Opened } from '../../world/on-engines.ts';

const SYNC = 'people-to-contacts';

const historyOf = ({ world }: Opened, externalId: string) => world.port.getRecord({ sync: SYNC }, { externalId });

const rejected = { kind: 'rejected', status: 422, reason: 'HTTP 422' } as const;

/** A record that is lost once, refused once and then written, beside one that is only written. */
const eventfulLife = async ({ world, clock }: Opened): Promise<void> => {
  world.source.put(person('s1', 100, { name: 'Ada Lovelace' }));
  world.source.put(person('s2', 90));
  await world.items();
  clock.nowMs += 61_000;
  world.target.faults.push({ kind: 'pass' }, { kind: 'fail', failure: rejected });
  for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
  clock.nowMs += 1000;
  world.source.put(person('s1', -61, { name: 'Ada Byron' }));
  for (const item of await world.items()) await world.upsert(item.deliveryId, item.payload);
};

onEngines('the history of a record', (open) => {
  it('everything is told in order: what was observed, handed out, written, given up and settled, with the ID of each', async () => {
    const opened = await open();
    await eventfulLife(opened);
    const history = await historyOf(opened, 's1');
    expect(recordEvents(history).map(({ event }) => event)).toEqual([
      'observed',
      'handed out',
      'handed out',
      'write begun',
      'write failed',
      'acknowledged',
      'acknowledged',
      'dead_lettered',
      'dead letter',
      'evidence',
      'evidence',
      'observed',
      'handed out',
      'write begun',
      'write confirmed',
      'acknowledged',
      'applied',
      'dead letter closed',
      'evidence',
    ]);
    expect(history.target).toMatchObject({ system: 'target-system', entity: 'contacts', drifted: false });
    expect(history.target?.targetId).toMatch(/^t\d$/);
    expect(history.obligations).toMatchObject([
      { stream: 'main', state: 'dead_lettered', attempts: 2, reason: 'HTTP 422' },
      { state: 'applied', attempts: 1, reason: null },
    ]);
    expect(history.deadLetters).toMatchObject([{ stage: 'write', owner: 'ops@example.com', closedAs: 'applied' }]);
    const withIds = recordEvents(history).filter(({ event }) => /handed|write|dead letter|evidence/.test(event));
    expect(withIds.filter(({ id }) => id === null)).toEqual([]);
    expect(history.isCut).toBe(false);
  });

  it('the evidence is that of the chain, found by the pseudonym, and of no other record', async () => {
    const opened = await open();
    await eventfulLife(opened);
    const { evidence } = await historyOf(opened, 's1');
    const other = await historyOf(opened, 's2');
    const { entries } = await opened.world.port.listEvidence({}, { limit: 1000 });
    const kindOf = new Map(entries.map(({ id, kind }) => [id, kind]));
    expect(evidence.map(({ id }) => kindOf.get(id))).toEqual(['dead_letter', 'write_outcome', 'write_outcome']);
    expect(other.evidence.map(({ id }) => kindOf.get(id))).toEqual(['write_outcome']);
    expect(new Set([...evidence, ...other.evidence].map(({ id }) => id)).size).toBe(4);
  });

  it('G7 no value of the record is in it', async () => {
    const opened = await open();
    await eventfulLife(opened);
    expect(JSON.stringify(await historyOf(opened, 's1'))).not.toMatch(/Ada|s1@example\.com/);
  });

  it('a record on its way is told as open, and one that nobody saw as unknown', async () => {
    const opened = await open();
    opened.world.source.put(person('s1', 100));
    await opened.world.items();
    const open1 = await historyOf(opened, 's1');
    expect(recordEvents(open1).map(({ event }) => event)).toEqual(['observed', 'handed out', 'is open']);
    expect(isUnknown(open1)).toBe(false);
    expect(open1.target).toBeNull();
    expect(isUnknown(await historyOf(opened, 'nobody'))).toBe(true);
  });

  it('G8 another environment and another sync know nothing of it', async () => {
    const opened = await open();
    const { world, store } = opened;
    await store.port.applySync(
      { sync: 'other-sync' },
      { contract: syncNamed({ name: 'other-sync', target: { ...syncNamed().target, externalIdField: 'otherId' } }) },
    );
    await eventfulLife(opened);
    expect(isUnknown(await world.port.getRecord({ sync: 'other-sync' }, { externalId: 's1' }))).toBe(true);
    const production: Caller = { keyId: 'p', name: 'p', role: 'reader', environment: 'production' };
    await expect(store.portFor(production).getRecord({ sync: SYNC }, { externalId: 's1' })).rejects.toMatchObject({
      kind: 'not_found',
    });
  });
});
