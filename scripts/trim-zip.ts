import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import type { Zippable } from 'fflate';

// Zapier's build packs every package.json that it finds under the project: of 1,500 packages that the app never loads,
// and of the tests' own little apps. This takes them out of build/build.zip again, and leaves a zip that depends on
// nothing but its files: the same source gives the same bytes, so its digest names what runs on Zapier.

const zipFile = path.resolve(import.meta.dirname, '../build/build.zip');

// Fields of a local time, since that is what a zip stores: the same bytes in every time zone.
const modifiedAt = new Date(2020, 0, 1);
const UNIX = 3;
const READABLE_FILE = 0o100644 << 16;

const isManifest = (name: string): boolean => path.posix.basename(name) === 'package.json';

/** All folders above a file, the innermost first. */
const foldersOf = (name: string): readonly string[] => {
  const folder = path.posix.dirname(name);
  return folder === '.' ? ['.'] : [folder, ...foldersOf(folder)];
};

const packed = unzipSync(await readFile(zipFile));
const names = Object.keys(packed).filter((name) => !name.endsWith('/'));
const loaded = new Set(names.filter((name) => !isManifest(name)).flatMap(foldersOf));

const kept: Zippable = {};
for (const name of names.toSorted()) {
  const bytes = packed[name];
  if (bytes === undefined || (isManifest(name) && !loaded.has(path.posix.dirname(name)))) continue;
  kept[name] = [bytes, { level: 9, mtime: modifiedAt, os: UNIX, attrs: READABLE_FILE }];
}
// Written beside and renamed, so that nobody reads half a zip.
await writeFile(`${zipFile}.new`, zipSync(kept));
await rename(`${zipFile}.new`, zipFile);
