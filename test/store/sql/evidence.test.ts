import { sql } from 'kysely';
import { hideSensitive } from '../../../src/core/mapping/sensitive.ts';
import { syncNamed } from '../../world/contracts.ts';
import { onEngines, person } from '../../world/on-engines.ts';
import { publishedLeafHash, publishedRoot } from '../../world/ledger-check.ts';
import type { World } from '../../world/world.ts';

const wholeJob = async (world: World): Promise<void> => {
  world.source.put(person('secret-key-1', 100, { name: 'Ada Lovelace', email: 'ada@private.example' }));
  world.source.put(person('secret-key-2', 90, { name: null, email: 'held@private.example' }));
  for (const item of await world.items()) await world.upsert(item.deliveryId, hideSensitive(syncNamed(), item.payload));
  world.target.put({ id: 't1', name: 'Someone else' });
  await world.reconcile();
};

const tables = [
  'api_keys',
  'cycles',
  'pages',
  'obligations',
  'deliveries',
  'intents',
  'dead_letters',
  'reconciliations',
  'reconciliation_differences',
  'evidence',
] as const;

onEngines('G9 evidence', (open) => {
  it('G9 the root covers every leaf, in order, by the rule that is published', async () => {
    const { world } = await open();
    await wholeJob(world);
    const { entries, rootHash, treeSize } = await world.port.listEvidence({}, { limit: 1000 });
    for (const [index, entry] of entries.entries()) {
      expect(entry.sequence).toBe(index + 1);
      expect(entry.hash).toBe(publishedLeafHash(entry.leaf));
    }
    expect(rootHash).toBe(publishedRoot(entries.map(({ leaf }) => leaf)));
    expect(treeSize).toBe(entries.length);
    expect(new Set(entries.map(({ kind }) => kind))).toEqual(
      new Set([
        'contract_applied',
        'stream_opened',
        'page_read',
        'boundary',
        'cycle_ended',
        'write_outcome',
        'reconciliation_finished',
      ]),
    );
  });

  it('G7 evidence holds no record value and no external ID', async () => {
    const { world } = await open();
    await wholeJob(world);
    const { entries } = await world.port.listEvidence({}, { limit: 1000 });
    const text = entries.map(({ leaf }) => leaf).join('\n');
    expect(text).not.toMatch(/Lovelace|private\.example|secret-key|Someone/);
    expect(text).toMatch(/"subject":"[0-9a-f]{64}"/);
  });

  it('G7 no table holds a record value in clear, and none at all once it is settled', async () => {
    const { world, store } = await open();
    await wholeJob(world);
    for (const table of tables) {
      const rows = await sql<{ text: string }>`select row_to_json(t)::text as text from ${sql.table(table)} t`.execute(
        store.database.kysely,
      );
      expect(rows.rows.map(({ text }) => text).join('\n')).not.toMatch(/Lovelace|private\.example|Someone/);
    }
    const sealed = await store.database.kysely
      .selectFrom('obligations')
      .select(['state', 'sealed'])
      .orderBy('state')
      .execute();
    expect(sealed.map(({ state, sealed: bytes }) => [state, bytes === null])).toEqual([
      ['applied', true],
      ['held', false],
    ]);
  });

  it('a fact and its evidence are there together or not at all', async () => {
    const { world, store } = await open();
    world.source.put(person('s1', 100));
    await sql`alter table evidence add constraint refuse_pages check (kind <> 'page_read')`.execute(
      store.database.kysely,
    );
    try {
      await expect(world.poll()).rejects.toThrow(/refuse_pages/);
    } finally {
      await sql`alter table evidence drop constraint refuse_pages`.execute(store.database.kysely);
    }
    expect(await store.database.kysely.selectFrom('obligations').selectAll().execute()).toEqual([]);
    expect((await world.stream()).checkpoint.fetched.cursor).toBeNull();
    world.clock.nowMs += 36_000;
    expect(await world.items()).toHaveLength(1);
  });
});
