import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { importTable } from '../../scripts/lint/import-table.ts';
import { importSeeds } from './import-seeds.ts';

const root = path.resolve(import.meta.dirname, '../..');

const effects = [
  'Date.now()',
  'new Date()',
  'fetch("a")',
  'process.cwd()',
  'setTimeout(String, 1)',
  'setInterval(String, 1)',
  'console.log(1)',
  'performance.now()',
  'crypto.randomUUID()',
  'globalThis.fetch("a")',
  'Math.random()',
];

const report = z.object({
  diagnostics: z.array(z.object({ code: z.string(), filename: z.string(), message: z.string() })),
});

type Diagnostic = z.infer<typeof report>['diagnostics'][number];

/** Lints files as if they stood in this repository: a folder with a copy of its lint configuration and nothing else. */
const lint = (
  files: Readonly<Record<string, string>>,
): { readonly status: number | null; readonly found: readonly Diagnostic[] } => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-rooms-'));
  try {
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json', 'scripts/lint']) {
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    }
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(path.join(root, 'node_modules/@types'), path.join(folder, 'node_modules/@types'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    const oxlint = path.join(root, 'node_modules/oxlint/bin/oxlint');
    const run = spawnSync(process.execPath, [oxlint, '--format=json', ...Object.keys(files)], {
      cwd: folder,
      encoding: 'utf8',
    });
    const { diagnostics } = report.parse(JSON.parse(run.stdout));
    return { status: run.status, found: diagnostics.toSorted((a, b) => a.filename.localeCompare(b.filename)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const importing = (specifiers: readonly string[]): string =>
  specifiers.map((specifier) => `import '${specifier}';\n`).join('');

const allSeeds = Object.values(importSeeds).flat();

const refusedIn = (found: readonly Diagnostic[], file: string): readonly string[] =>
  found
    .filter((one) => one.filename === file && one.code === 'house(rooms)')
    .map((one) => /Not '(.*)'$/.exec(one.message)?.[1] ?? one.message);

describe('the import table', () => {
  const everything = lint(
    Object.fromEntries(allSeeds.map((seed) => [seed.file, importing([...seed.allowed, ...seed.forbidden])])),
  );

  test('every room of the table has a case here', () => {
    expect(Object.keys(importSeeds).toSorted()).toEqual(importTable.map((row) => row.room).toSorted());
  });

  test.each(Object.entries(importSeeds))(
    '%s may not import what the table does not give it, and may import the rest',
    (_room, cases) => {
      for (const { file, forbidden } of cases) expect(refusedIn(everything.found, file)).toEqual(forbidden);
    },
  );

  test('a forbidden import names the room and what it may import', () => {
    const message = everything.found.find((one) => one.filename === 'src/engine/seed.ts')?.message;
    expect(message).toBe("src/engine may import itself, src/core and no package. Not '../systems/http.ts'");
  });

  test('forbidden imports fail the lint, and the same files without them pass', () => {
    const allowed = lint(Object.fromEntries(allSeeds.map((seed) => [seed.file, importing(seed.allowed)])));
    expect(allowed).toEqual({ status: 0, found: [] });
    expect(everything.status).toBe(1);
  });

  test('an import is judged in whatever form it is written', () => {
    const forms = [
      "import type { A } from '../engine/type.ts';",
      "export { b } from '../engine/named.ts';",
      "export * from '../engine/star.ts';",
      "export const load = (): Promise<unknown> => import('../engine/dynamic.ts');",
      "export type C = A | import('../engine/query.ts').C;",
    ];
    const { found } = lint({ 'src/core/seed.ts': forms.join('\n') });
    expect(refusedIn(found, 'src/core/seed.ts')).toEqual(
      ['type', 'named', 'star', 'dynamic', 'query'].map((form) => `../engine/${form}.ts`),
    );
  });

  test('a module name that is only known when the program runs is refused in src', () => {
    const text = 'export const load = (name: string): Promise<unknown> => import(name);';
    const { found } = lint({ 'src/systems/registry.ts': text, 'standin/seed.ts': text });
    expect(found.map(({ code, filename }) => ({ code, filename }))).toEqual([
      { code: 'house(rooms)', filename: 'src/systems/registry.ts' },
    ]);
  });
});

describe('the pure rooms', () => {
  test.each(['src/core', 'src/engine'])(
    '%s may not reach time, chance, the network, the process or the console',
    (room) => {
      const files = effects.map(
        (effect, index) => [`${room}/seed-${index}.ts`, `export const seed: unknown = ${effect};\n`] as const,
      );
      const { found } = lint(Object.fromEntries(files));
      const caught = new Set(
        found.filter((one) => /no-restricted-(globals|properties)/.test(one.code)).map((one) => one.filename),
      );
      expect(files.filter(([file]) => !caught.has(file)).map(([, text]) => text)).toEqual([]);
    },
  );

  test('core may hash with node:crypto but not draw chance from it', () => {
    const draw = "import { randomUUID } from 'node:crypto';\nexport const seed = (): string => randomUUID();\n";
    const hash =
      "import { createHash } from 'node:crypto';\nexport const seed = (): string => createHash('sha256').digest('hex');\n";
    const { found } = lint({ 'src/core/draw.ts': draw, 'src/core/hash.ts': hash });
    expect(found.map(({ code, filename }) => ({ code, filename }))).toEqual([
      { code: 'eslint(no-restricted-imports)', filename: 'src/core/draw.ts' },
    ]);
  });

  test('the environment is read in the one file of the command line and the one of the app, and nowhere else in src', () => {
    const text = "export const seed = (): string => process.env['SEED'] ?? '';\n";
    const readers = ['src/cli/env.ts', 'src/zapier/secrets.ts'];
    const others = ['src/cli/serve.ts', 'src/zapier/shell.ts', 'src/store/server/seed.ts', 'src/systems/http.ts'];
    const { found } = lint(Object.fromEntries([...readers, ...others].map((file) => [file, text])));
    expect(found.map((one) => [one.code, one.filename])).toEqual(
      others.toSorted().map((file) => ['node(no-process-env)', file]),
    );
  });
});
