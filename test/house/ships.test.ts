import { readFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { ensureBuiltApp } from '../../scripts/built-app.ts';

const root = path.resolve(import.meta.dirname, '../..');

const BUNDLED_ROOMS = ['src/core', 'src/engine', 'src/systems', 'src/store/client', 'src/zapier'];
// For the app's version alone.
const BUNDLED_FILES = ['package.json'];
const BUNDLED_PACKAGES = ['zod', 'jsonata', 'canonicalize', 'http-link-header', 'jose'];
const OWN_FILES = ['definition.json', 'dist/zapier/app.js', 'index.js', 'package.json', 'zapierwrapper.js'];
const BUILD_TIMEOUT_MS = 180_000;

const metafile = z.object({
  inputs: z.record(z.string(), z.object({ bytes: z.number() })),
  outputs: z.record(
    z.string(),
    z.object({
      inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })),
      imports: z.array(z.object({ path: z.string(), external: z.boolean().default(false) })),
    }),
  ),
});

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dependencies: z.record(z.string(), z.string()).default({}),
      optionalDependencies: z.record(z.string(), z.string()).default({}),
      peerDependencies: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

/** The folder of the innermost package that a path under node_modules belongs to. */
const packageFolderOf = (file: string): string => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? file;

type Locked = z.infer<typeof lockfile>['packages'];

/** Where Node finds a package that one in the folder imports: beside it, or further up; `undefined` when it is not installed. */
const resolvePackage = (packages: Locked, folder: string, name: string): string | undefined => {
  const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
  if (packages[candidate] !== undefined) return candidate;
  return folder === ''
    ? undefined
    : resolvePackage(packages, folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1)), name);
};

/** Folders of all packages that zapier-platform-core needs, from the lockfile. */
const coreClosure = (packages: Locked): ReadonlySet<string> => {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[folder] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const needed = resolvePackage(packages, folder, name);
      if (needed !== undefined) visit(needed);
    }
  };
  visit('node_modules/zapier-platform-core');
  return found;
};

describe('what ships to Zapier', () => {
  let zipEntries: readonly string[] = [];
  let bundle: z.infer<typeof metafile> = { inputs: {}, outputs: {} };

  beforeAll(async () => {
    await ensureBuiltApp();
    zipEntries = Object.keys(unzipSync(readFileSync(path.join(root, 'build/build.zip'))));
    bundle = metafile.parse(readJson('dist/zapier/meta.json'));
  }, BUILD_TIMEOUT_MS);

  test('the bundle is made only of the rooms and packages that may ship', () => {
    const inputs = Object.keys(bundle.inputs);
    const allowed = [...BUNDLED_ROOMS, ...BUNDLED_PACKAGES.map((name) => `node_modules/${name}`)];
    expect(
      inputs.filter(
        (input) => !BUNDLED_FILES.includes(input) && !allowed.some((place) => input.startsWith(`${place}/`)),
      ),
    ).toEqual([]);
    expect(inputs).toContain('src/zapier/index.ts');
  });

  test('the bundle leaves outside nothing but zapier-platform-core and Node', () => {
    const imports = Object.values(bundle.outputs).flatMap((output) => output.imports);
    const outside = imports.filter((one) => one.external).map((one) => one.path);
    expect(outside.filter((name) => !name.startsWith('node:'))).toEqual(['zapier-platform-core']);
  });

  test('of all languages of zod only English is in the bundle', () => {
    const contributed = Object.values(bundle.outputs).flatMap((output) => Object.entries(output.inputs));
    const locales = contributed.filter(([file, part]) => /zod\/.*locales\//.test(file) && part.bytesInOutput > 0);
    expect(locales.map(([file]) => path.basename(file))).toEqual(['en.js']);
  });

  test('outside node_modules the zip holds the entry, the bundle and what Zapier itself adds, and nothing else', () => {
    expect(zipEntries.filter((entry) => !entry.startsWith('node_modules/')).toSorted()).toEqual(OWN_FILES);
  });

  test('every file of the zip from a package is of one that zapier-platform-core needs', () => {
    const needed = coreClosure(lockfile.parse(readJson('package-lock.json')).packages);
    const files = zipEntries.filter((entry) => entry.startsWith('node_modules/'));
    expect(files.filter((file) => !needed.has(packageFolderOf(file)))).toEqual([]);
    expect(files.length).toBeGreaterThan(0);
    // The walk over the lockfile stayed with what core needs: none of the store's packages is in it.
    expect(
      ['pg', '@electric-sql/pglite', 'fastify', 'kysely'].filter((name) => needed.has(`node_modules/${name}`)),
    ).toEqual([]);
  });
});
