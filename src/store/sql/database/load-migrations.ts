import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { checkMigrations, type Migration } from './migration.ts';

const migrationFileName = /^\d{4}-[a-z0-9-]+\.sql$/;

/**
 * Reads a folder of `0001-name.sql`, `0002-name.sql`, ... in order.
 *
 * @throws if a .sql file is named otherwise, a number is missing or used twice, or a file controls transactions itself
 */
export const loadMigrations = async (folder: string): Promise<readonly Migration[]> => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).toSorted();
  const misnamed = files.find((file) => !migrationFileName.test(file));
  if (misnamed !== undefined) {
    throw new Error(
      `Cannot load migration "${path.join(folder, misnamed)}": expected a name like 0001-create-stream.sql`,
    );
  }
  const migrations = await Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.sql'.length),
      sql: await readFile(path.join(folder, file), 'utf8'),
    })),
  );
  checkMigrations(migrations);
  return migrations;
};
