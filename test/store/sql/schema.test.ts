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
});
