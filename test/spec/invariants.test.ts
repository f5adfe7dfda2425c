import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, type Row, tableOf } from './document.ts';

const { rows } = tableOf('invariant');

const read = (path: string): string => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

/** A file and what stands in it. */
const heldBy = ({ cells }: Row): [string, string] => {
  const [, path = '', held = ''] = /^`([^`]+)` `([^`]+)`$/.exec(cells[1] ?? '') ?? [];
  return [path, held];
};

const testedBy = ({ cells }: Row): [string, string] => {
  const [, path = '', title = ''] = /^`([^`]+)` "([^"]+)"$/.exec(cells[2] ?? '') ?? [];
  return [path, title];
};

/** The titles of the tests of a file, without the numbers of guarantees; of a list of tests each says what it refuses. */
const titlesIn = (text: string): string[] =>
  [...text.matchAll(/(?:\b(?:test|it)\(|\]\)\(|\bdescribe\(|^ +\[?)\s*(['`])(.+?)\1,/gm)].map(([, , title = '']) =>
    title.replace(/^(?:G\d+ )+/, ''),
  );

test('the invariants are numbered from 1 on', () => {
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.map(({ first }) => first)).toEqual(rows.map((_row, place) => `I${place + 1}`));
});

test.each(rows.map((row) => [row.first, row.cells[0], row] as const))(
  '%s is held by what is named: %s',
  (_i, _says, row) => {
    const [path, held] = heldBy(row);
    expect(held).not.toBe('');
    expect(read(path)).toContain(held);
  },
);

test.each(rows.map((row) => [row.first, row.cells[0], row] as const))(
  '%s has the test that is named: %s',
  (_i, _says, row) => {
    const [path, title] = testedBy(row);
    const titles = titlesIn(read(path));
    const plain = title.replace(/^(?:G\d+ )+/, '').replace(/^refuses /, '');
    expect(titles.filter((one) => one === plain || one === title)).not.toEqual([]);
  },
);
