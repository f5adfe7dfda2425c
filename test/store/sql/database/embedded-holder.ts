import { writeSync } from 'node:fs';
import { openEmbedded } from '../../../../src/store/sql/database/embedded.ts';
import { realEnvironment } from './environment.ts';
import type { NumberTable } from './number-table.ts';

// A process of its own for the tests: opens the folder, then commits 1, 2, 3, ... and says each number once the commit
// was acknowledged. It goes on until it is killed.

const [, , folder = '', firstNumber = '1'] = process.argv;
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

try {
  const database = await openEmbedded<NumberTable>({ ...realEnvironment, folder });
  await database.kysely.schema
    .createTable('number')
    .ifNotExists()
    .addColumn('n', 'int4', (column) => column.primaryKey())
    .execute();
  say('open');
  for (let n = Number(firstNumber); ; n += 1) {
    await database.kysely.insertInto('number').values({ n }).execute();
    say(String(n));
  }
} catch (error) {
  say(`refused ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  process.exitCode = 1;
}
