import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { z } from 'zod';

const manifest = z.object({ version: z.string() });

/** The version of the program, from the package.json next above it: the same from `src/` as from `dist/`. */
export const readVersion = (): string => {
  const path = findPackageJSON(import.meta.url);
  if (path === undefined) throw new Error('Cannot tell the version of the program: there is no package.json above it');
  return manifest.parse(JSON.parse(readFileSync(path, 'utf8'))).version;
};
