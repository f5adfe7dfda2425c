import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { circuitTable } from '../../../src/core/circuit/circuit-state.ts';
import { deliveryStates } from '../../../src/core/obligation/delivery-state.ts';
import { obligationStates } from '../../../src/core/obligation/obligation-state.ts';
import { letterStage } from '../../../src/core/protocol/dead-letter-routes.ts';
import { closedLetterStates } from '../../../src/core/replay/letter-state.ts';
import { intentStates } from '../../../src/core/write/intent-state.ts';
import { onEngines } from '../../world/on-engines.ts';

/** The tables and columns that the schema declares, read from its text: `type ApiKeys = {` and `api_keys: ApiKeys;`. */
const declared = (): Record<string, string[]> => {
  const files = ['schema.ts', 'schema-reconciliation.ts'];
  const text = files.map((file) => readFileSync(`src/store/sql/${file}`, 'utf8')).join('\n');
  const columnsOf = new Map<string, string[]>();
  for (const [, name = '', body = ''] of text.matchAll(/^(?:export )?type (\w+) = \{([^}]*)\};/gm)) {
    columnsOf.set(name, [...body.matchAll(/(\w+): /g)].map(([, column = '']) => column).toSorted());
  }
  const [, tables = ''] = /type StoreSchema = \{([^}]*)\}/.exec(text) ?? [];
  return Object.fromEntries(
    [...tables.matchAll(/(\w+): (\w+);/g)].map(([, table = '', type = '']) => [table, columnsOf.get(type) ?? []]),
  );
};

onEngines('the schema', (open) => {
  it('the tables of the database are exactly those that the program is typed against', async () => {
    const { store } = await open();
    const found = await sql<{ table: string; columns: string[] }>`
      select table_name::text as table, jsonb_agg(column_name::text order by column_name) as columns
      from information_schema.columns where table_schema = 'public' and table_name <> 'tidemark_migration' group by 1
    `.execute(store.database.kysely);
    const actual = Object.fromEntries(found.rows.map(({ table, columns }) => [table, columns.toSorted()]));
    expect(Object.keys(actual)).toHaveLength(22);
    expect(actual).toEqual(declared());
  });

  it('takes for a state what the code knows, and nothing else', async () => {
    const { store } = await open();
    const found = await sql<{ table: string; text: string }>`
      select conrelid::regclass::text as table, pg_get_constraintdef(oid) as text from pg_constraint where contype = 'c'
    `.execute(store.database.kysely);
    const lists = found.rows.flatMap(({ table, text }) => {
      const [, column, list = ''] = /^CHECK \(\((\w+) = ANY \(ARRAY\[(.*)\]\)\)\)$/.exec(text) ?? [];
      return column === undefined ? [] : [[`${table}.${column}`, [...list.matchAll(/'(\w+)'/g)].map(([, one]) => one)]];
    });
    expect(Object.fromEntries(lists)).toMatchObject({
      'obligations.state': [...obligationStates],
      'deliveries.state': [...deliveryStates],
      'intents.state': [...intentStates],
      'dead_letters.stage': letterStage.options,
      'dead_letters.closed_as': [...closedLetterStates],
      'circuits.state': Object.keys(circuitTable),
    });
  });

  const version = "'x', '2026-11-21T12:00:00Z', repeat('0', 64)";
  const times = "'2026-11-21T12:00:00Z', '2026-11-21T12:00:00Z'";
  const obligation =
    'insert into obligations (stream_id, external_id, updated_at, digest, opened_at, deadline_at, state';
  it.each([
    ['an obligation that is settled and open', `${obligation}) values (1, ${version}, ${times}, 'applied')`],
    ['an obligation of no state', `${obligation}) values (1, ${version}, ${times}, 'lost')`],
    [
      'a payload of what is settled',
      `${obligation}, settled_at, sealed) values (1, ${version}, ${times}, 'waived', '2026-11-21T12:00:00Z', 'x')`,
    ],
    [
      'a settled delivery without a time',
      `insert into deliveries (delivery_id, obligation_id, attempt, cycle_id, handed_at, due_at, state)
       values (gen_random_uuid(), 1, 1, gen_random_uuid(), ${times}, 'settled')`,
    ],
    [
      'a dead letter that is closed as nothing',
      `insert into dead_letters (dead_letter_id, environment, sync, external_id, updated_at, version_at, stage, error_class,
                                 reason, attempts, owner, opened_at, closed_at)
       values (gen_random_uuid(), 'pilot', 's', 'x', ${times}, 'zap', 'c', 'r', 1, 'o', ${times})`,
    ],
    [
      'a half-open circuit without a probe',
      `insert into circuits (environment, system, state, retry_at) values ('pilot', 's', 'half_open', '2026-11-21T12:00:00Z')`,
    ],
  ])('refuses %s', async (_what, statement) => {
    const { store } = await open();
    await expect(sql.raw(statement).execute(store.database.kysely)).rejects.toMatchObject({ code: '23514' });
  });
});
