import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Violation } from './auditor.ts';

const file = path.join(import.meta.dirname, 'failing-seeds.json');

const failingSeeds = z.array(
  z.strictObject({
    seed: z.int(),
    /** What went wrong when it was found. */
    violation: z.string(),
    commit: z.string(),
  }),
);

/** Seeds that failed once: every run begins with them, for ever. */
export const readFailingSeeds = (): number[] =>
  failingSeeds.parse(JSON.parse(readFileSync(file, 'utf8'))).map(({ seed }) => seed);

export const currentCommit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  } catch {
    // A copy without its history has no commit to name; the seed alone says enough to run it again.
    return 'unknown';
  }
};

export const keepFailingSeed = (seed: number, { guarantee, what }: Violation): void => {
  const known = failingSeeds.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (known.some((one) => one.seed === seed)) return;
  const all = [...known, { seed, violation: `${guarantee}: ${what}`.slice(0, 300), commit: currentCommit() }];
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
};
