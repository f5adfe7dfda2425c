import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { mutants } from './mutants.ts';

const file = path.join(import.meta.dirname, 'mutant-seeds.json');

const mutantSeeds = z.record(z.string(), z.int());

const read = (): Readonly<Record<string, number>> => mutantSeeds.parse(JSON.parse(readFileSync(file, 'utf8')));

/** Worlds to begin with: the one that showed this mutant the last time, then those that showed others. */
export const likelySeeds = (name: string): number[] => {
  const { [name]: own, ...others } = read();
  return [...new Set([...(own === undefined ? [] : [own]), ...Object.values(others)])];
};

/** Remembers which world showed a mutant. */
export const keepMutantSeed = (name: string, seed: number): void => {
  const known: Readonly<Record<string, number>> = { ...read(), [name]: seed };
  const kept = mutants.flatMap((mutant) => {
    const found = known[mutant.name];
    return found === undefined ? [] : [[mutant.name, found] as const];
  });
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
};
