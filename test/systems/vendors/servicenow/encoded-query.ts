/**
 * ServiceNow's encoded queries: conditions joined by `^`, of which `^OR` binds to the one before it and `^NQ` begins
 * another query; `^ORDERBY`. A condition on a column that does not exist is left out. Nothing can be escaped, and a value
 * that begins with "javascript:" is run.
 */
export type EncodedQuery = { readonly matches: (row: QueryRow) => boolean; readonly order: readonly string[] };
export type QueryRow = (column: string) => string;
type Test = (row: QueryRow) => boolean;

const CONDITION = /^([a-z][a-z0-9_]*)(>=|<=|=|>|<|IN)(.*)$/su;

const compare = (a: string, b: string): number => {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : 0;
};

const isBy = (operator: string, own: string, value: string): boolean => {
  switch (operator) {
    case 'IN':
      return value.split(',').some((one) => compare(own, one) === 0);
    case '>=':
      return compare(own, value) >= 0;
    case '<=':
      return compare(own, value) <= 0;
    case '>':
      return compare(own, value) > 0;
    case '<':
      return compare(own, value) < 0;
    default:
      return compare(own, value) === 0;
  }
};

/** @throws Error where a value would be run as a script: a test that comes here has lost */
export const parseQuery = (text: string, columns: ReadonlySet<string>): EncodedQuery => {
  const order: string[] = [];
  // Queries joined by NQ, of groups joined by AND, of tests joined by OR.
  const queries: Test[][][] = [[]];
  for (const part of text.split('^')) {
    if (part === '' || part === 'EQ') continue;
    if (part.startsWith('ORDERBY')) {
      order.push(part.slice('ORDERBY'.length));
      continue;
    }
    const isOr = /^OR[a-z]/u.test(part);
    const isNew = /^NQ[a-z]/u.test(part);
    const [, column = '', operator = '', value = ''] = CONDITION.exec(isOr || isNew ? part.slice(2) : part) ?? [];
    if (isNew) queries.push([]);
    if (!columns.has(column)) continue;
    if (/^\s*javascript:/iu.test(value)) throw new Error('a value of a record was run as a script');
    const groups = queries.at(-1) ?? [];
    const test: Test = (row) => isBy(operator, row(column), value);
    if (isOr) groups.at(-1)?.push(test);
    else groups.push([test]);
  }
  return {
    matches: (row) => queries.some((groups) => groups.every((tests) => tests.some((test) => test(row)))),
    order,
  };
};

export const inOrder = (order: readonly string[], a: QueryRow, b: QueryRow): number =>
  order.map((column) => compare(a(column), b(column))).find((one) => one !== 0) ?? 0;
