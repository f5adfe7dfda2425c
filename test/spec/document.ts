import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The root of the project. */
export const root = join(import.meta.dirname, '../..');

const spec = readFileSync(join(root, 'docs/spec.md'), 'utf8');

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

export type Row = { readonly first: string; readonly cells: readonly string[] };

/** A table of the specification: what stands over its columns, but for the first, and its rows. */
export type Table = { readonly heads: readonly string[]; readonly rows: readonly Row[] };

/** The table whose first column has that head. @throws when there is none, or more than one */
export const tableOf = (head: string): Table => {
  const lines = spec.split('\n');
  const places = lines.flatMap((line, place) => (line.startsWith(`| ${head} |`) ? [place] : []));
  const [place, ...others] = places;
  if (place === undefined || others.length > 0) throw new Error(`docs/spec.md has ${places.length} tables "${head}"`);
  const end = lines.findIndex((line, at) => at > place && !line.startsWith('|'));
  const [heads = [], , ...rows] = lines.slice(place, end).map(cellsOf);
  return { heads: heads.slice(1), rows: rows.map(([first = '', ...cells]) => ({ first, cells })) };
};

/** The first word in code of a cell; undefined where it begins otherwise. */
export const codeOf = (cell: string): string | undefined => /^`([a-z_]+)`/.exec(cell)?.[1];
