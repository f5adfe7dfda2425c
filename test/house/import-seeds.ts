/** A file at which to try imports. Nothing in it exists: an import is judged by its place alone. */
export type Seed = {
  readonly file: string;
  readonly forbidden: readonly string[];
  readonly allowed: readonly string[];
};

/** At least one a room of the import table, and written without looking at it. */
export const importSeeds: Readonly<Record<string, readonly Seed[]>> = {
  'src/core': [
    {
      file: 'src/core/seed.ts',
      forbidden: ['../engine/a.ts', '../../standin/a.ts', '../../contracts/a.json', 'pg', 'node:fs', 'crypto'],
      allowed: ['./a.ts', './store/a.ts', 'zod', 'node:crypto', 'jsonata', 'canonicalize'],
    },
    {
      file: 'src/core/evidence/tree/seed.ts',
      forbidden: ['../../../engine/a.ts', '../../../store/client/a.ts', '../../../core-other/a.ts'],
      allowed: ['../../a.ts', '../../systems/a.ts', '../b.ts'],
    },
  ],
  'src/engine': [
    {
      file: 'src/engine/seed.ts',
      forbidden: ['../systems/http.ts', '../store/client/a.ts', '../zapier/a.ts', 'zod', 'node:crypto'],
      allowed: ['../core/a.ts', './a.ts'],
    },
  ],
  'src/systems': [
    {
      file: 'src/systems/odata/seed.ts',
      forbidden: ['../rest/a.ts', '../../engine/a.ts', '../../store/client/a.ts', '../registry.ts', 'pg', 'node:https'],
      allowed: [
        '../paging.ts',
        '../http/http.ts',
        './a.ts',
        './paging/a.ts',
        '../../core/a.ts',
        'zod',
        'http-link-header',
      ],
    },
    { file: 'src/systems/seed.ts', forbidden: ['./odata/a.ts'], allowed: ['./paging.ts'] },
  ],
  'src/systems/http': [
    {
      file: 'src/systems/http/seed.ts',
      forbidden: ['../odata/a.ts', '../registry.ts', '../../engine/a.ts', 'undici', 'node:https'],
      allowed: ['./a.ts', '../../core/a.ts', 'zod', 'http-link-header', 'jose/jwt/sign', 'node:crypto'],
    },
  ],
  'src/systems/registry.ts': [
    {
      file: 'src/systems/registry.ts',
      forbidden: ['../engine/a.ts', 'zod'],
      allowed: ['./odata/a.ts', './http.ts', '../core/a.ts'],
    },
  ],
  'src/store/client': [
    {
      file: 'src/store/client/seed.ts',
      forbidden: ['../sql/a.ts', '../server/a.ts', '../../engine/a.ts', 'fastify', 'node:http'],
      allowed: ['./a.ts', '../../core/a.ts', 'zod'],
    },
  ],
  'src/store/sql': [
    {
      file: 'src/store/sql/seed.ts',
      forbidden: ['../client/a.ts', '../server/a.ts', '../../engine/a.ts', 'fastify', 'pg/lib/x.js', 'pglite'],
      allowed: [
        '../../core/a.ts',
        'pg',
        '@electric-sql/pglite',
        '@electric-sql/pglite/nodefs',
        'kysely',
        'kysely/migration',
        'node:fs/promises',
        'zod',
      ],
    },
  ],
  'src/store/server': [
    {
      file: 'src/store/server/seed.ts',
      forbidden: ['../client/a.ts', '../worker/a.ts', '../dashboard/a.ts', '../../engine/a.ts', 'pg', 'node:fs'],
      allowed: ['../sql/a.ts', '../../core/a.ts', 'fastify', 'zod', 'node:crypto', 'node:net', 'node:http'],
    },
  ],
  'src/store/dashboard': [
    {
      file: 'src/store/dashboard/seed.ts',
      forbidden: ['../server/a.ts', '../worker/a.ts', '../../engine/a.ts', '../../systems/a.ts', 'pg'],
      allowed: ['../sql/a.ts', '../../core/a.ts'],
    },
  ],
  'src/store/worker': [
    {
      file: 'src/store/worker/seed.ts',
      forbidden: ['../server/a.ts', '../client/a.ts', '../dashboard/a.ts', '../../zapier/a.ts', 'fastify'],
      allowed: ['../sql/a.ts', '../../core/a.ts', '../../engine/a.ts', '../../systems/registry.ts'],
    },
  ],
  'src/zapier': [
    {
      file: 'src/zapier/triggers/seed.ts',
      forbidden: ['../../store/server/a.ts', '../../store/sql/a.ts', '../../cli/env.ts', 'pg', 'node:fs', 'commander'],
      allowed: [
        '../shell.ts',
        '../../core/a.ts',
        '../../engine/a.ts',
        '../../systems/registry.ts',
        '../../store/client/a.ts',
        'zod',
        'zapier-platform-core',
        'node:crypto',
        '../../../package.json',
      ],
    },
  ],
  'src/cli': [
    {
      file: 'src/cli/seed.ts',
      forbidden: ['../zapier/a.ts', '../../standin/a.ts', '../../demo/a.ts', 'zapier-platform-core'],
      allowed: [
        '../core/a.ts',
        '../engine/a.ts',
        '../systems/registry.ts',
        '../store/worker/a.ts',
        '../store/client/a.ts',
        'commander',
        'yaml',
        'zod',
        'node:process',
      ],
    },
  ],
  standin: [
    {
      file: 'standin/seed.ts',
      forbidden: ['../src/core/a.ts', '../demo/a.ts', '../scripts/a.ts', 'zapier-platform-core'],
      allowed: ['./a.ts', 'fflate', 'zod', 'node:vm'],
    },
  ],
  demo: [
    {
      file: 'demo/crm/seed.ts',
      forbidden: [
        '../../src/engine/a.ts',
        '../../src/cli/a.ts',
        '../../src/store/sql/a.ts',
        '../../test/a.ts',
        '../../bench/a.ts',
      ],
      allowed: [
        '../../src/core/a.ts',
        '../../src/store/client/a.ts',
        '../../standin/a.ts',
        '../../scripts/built-app.ts',
        'express',
      ],
    },
  ],
  bench: [
    {
      file: 'bench/seed.ts',
      forbidden: ['../test/a.ts'],
      allowed: ['../src/engine/a.ts', '../demo/a.ts', '../standin/a.ts', '../scripts/built-app.ts', 'fflate'],
    },
  ],
  test: [
    {
      file: 'test/core/seed.ts',
      forbidden: ['../../dist/zapier/app.js', '../../index.js', '../../contracts/a.json'],
      allowed: ['../../src/core/a.ts', '../sim/a.ts', '../../standin/a.ts', 'fast-check'],
    },
  ],
  scripts: [
    {
      file: 'scripts/seed.ts',
      forbidden: ['../src/core/a.ts', '../test/a.ts', '../standin/a.ts', 'pg'],
      allowed: ['./a.ts', 'esbuild', 'fflate', 'zod', 'node:path'],
    },
  ],
};
