import { readFileSync } from 'node:fs';
import { mutants } from './mutants.ts';

describe('the mutants of the simulated world', () => {
  it.each(mutants)('$name: the place to break stands once in $file', ({ file, find, replace }) => {
    expect(readFileSync(file, 'utf8').split(find)).toHaveLength(2);
    expect(replace).not.toBe(find);
  });

  it('have names of their own', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });
});
