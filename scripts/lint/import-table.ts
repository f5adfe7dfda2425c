/**
 * One row of the import table.
 *
 * @property room     folder (or file) that the row is about, as a path from the root of the repository
 * @property rooms    other folders (or files) that its files may import
 * @property packages packages and Node modules that its files may import: `name/*` and `node:*` cover what is under them, `*` is all
 * @property sealed   true when its subfolders may import its own files but not one another
 */
export type Row = {
  readonly room: string;
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  readonly sealed?: boolean;
};

/**
 * Who may import what. What a row does not name is forbidden, and a file that is under no row is not judged.
 * The innermost row around a file counts. What `index.js` reaches is what ships to Zapier, so the rows from
 * core to zapier are the shipping list too.
 */
export const importTable: readonly Row[] = [
  { room: 'src/core', rooms: [], packages: ['zod', 'node:crypto', 'jsonata', 'canonicalize'] },
  { room: 'src/engine', rooms: ['src/core'], packages: [] },
  // A driver never knows another driver; only the registry knows them all. What drivers share lies beside their folders, or in a row of its own.
  {
    room: 'src/systems',
    rooms: ['src/core', 'src/systems/http'],
    packages: ['zod', 'http-link-header'],
    sealed: true,
  },
  // jose signs the assertions that some token endpoints want; it is loaded with the first of them.
  { room: 'src/systems/http', rooms: ['src/core'], packages: ['zod', 'http-link-header', 'jose/*', 'node:crypto'] },
  { room: 'src/systems/registry.ts', rooms: ['src/core', 'src/systems'], packages: [] },
  { room: 'src/store/client', rooms: ['src/core'], packages: ['zod'] },
  {
    room: 'src/store/sql',
    rooms: ['src/core'],
    packages: ['pg', '@electric-sql/pglite', '@electric-sql/pglite/*', 'kysely', 'kysely/*', 'zod', 'node:*'],
  },
  {
    room: 'src/store/server',
    rooms: ['src/core', 'src/store/sql'],
    packages: ['fastify', 'zod', 'node:crypto', 'node:http', 'node:net'],
  },
  { room: 'src/store/dashboard', rooms: ['src/core', 'src/store/sql'], packages: ['fastify', 'zod'] },
  { room: 'src/store/worker', rooms: ['src/core', 'src/engine', 'src/systems', 'src/store/sql'], packages: ['zod'] },
  {
    room: 'src/zapier',
    // package.json for the version, which Zapier wants the app to state itself.
    rooms: ['src/core', 'src/engine', 'src/systems', 'src/store/client', 'package.json'],
    packages: ['zod', 'zapier-platform-core', 'node:crypto', 'node:dns/promises'],
  },
  {
    room: 'src/cli',
    rooms: ['src/core', 'src/engine', 'src/systems', 'src/store'],
    packages: ['commander', 'yaml', 'zod', 'node:*'],
  },
  { room: 'standin', rooms: [], packages: ['fflate', 'zod', 'node:*'] },
  // The demo drives processes and the built app: it sees of Tidemark what a customer's machine would.
  { room: 'demo', rooms: ['standin', 'scripts', 'src/core', 'src/store/client'], packages: ['*'] },
  { room: 'bench', rooms: ['standin', 'demo', 'scripts', 'src'], packages: ['*'] },
  { room: 'test', rooms: ['standin', 'demo', 'bench', 'scripts', 'src'], packages: ['*'] },
  { room: 'scripts', rooms: [], packages: ['esbuild', 'fflate', 'zod', 'node:*'] },
];
