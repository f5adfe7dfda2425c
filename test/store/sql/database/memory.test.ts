import { sql } from 'kysely';
import { makeMemoryTemplate, openMemory } from '../../../../src/store/sql/database/embedded.ts';
import { realEnvironment } from './environment.ts';
import type { NumberTable } from './number-table.ts';

test('databases made from one template have its rows and do not see each other', async () => {
  const template = await makeMemoryTemplate<NumberTable>(realEnvironment, async ({ kysely }) => {
    await sql`create table number (n int4 primary key); insert into number values (1)`.execute(kysely);
  });
  const [left, right] = await Promise.all([
    openMemory<NumberTable>({ ...realEnvironment, template }),
    openMemory<NumberTable>({ ...realEnvironment, template }),
  ]);
  await left.kysely.insertInto('number').values({ n: 2 }).execute();
  expect(await left.kysely.selectFrom('number').selectAll().execute()).toEqual([{ n: 1 }, { n: 2 }]);
  expect(await right.kysely.selectFrom('number').selectAll().execute()).toEqual([{ n: 1 }]);
  await Promise.all([left.close(), right.close()]);
});
