import { spawnSync } from 'node:child_process';
import { cp, glob, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

// Writes src/, less the Zapier app, to dist/ as JavaScript for the `tidemark` program, and beside it the files
// that the program reads when it runs (SQL, style sheets), which the compiler leaves behind.

const root = path.resolve(import.meta.dirname, '..');

await mkdir(path.join(root, 'dist'), { recursive: true });
// What an earlier build left of files that are gone since must go too. dist/zapier is another build's.
for (const name of await readdir(path.join(root, 'dist'))) {
  if (name !== 'zapier') await rm(path.join(root, 'dist', name), { recursive: true });
}

const compiled = spawnSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit', shell: true });
if (compiled.status !== 0) throw new Error(`Cannot build the program: tsc ended with ${String(compiled.status)}`);

for await (const file of glob('src/**/*.*', { cwd: root, exclude: ['src/zapier'] })) {
  if (file.endsWith('.ts')) continue;
  const target = path.join(root, 'dist', path.relative('src', file));
  await mkdir(path.dirname(target), { recursive: true });
  await cp(path.join(root, file), target);
}
