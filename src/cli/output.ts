/** Where a command writes: data to `data`, everything for a person beside it to `note`. */
export type Output = { readonly data: (text: string) => void; readonly note: (text: string) => void };

export const processOutput: Output = {
  data: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
};

type Cell = string | number | boolean | null;

// Text of others must not steer the terminal it is shown on.
const printable = (cell: Cell): string => String(cell ?? '-').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

/** Rows under their headings, in columns two spaces apart. */
export const table = (headings: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const lines = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_heading, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

export const json = (value: unknown): string => JSON.stringify(value, null, 2);
