import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
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
});
