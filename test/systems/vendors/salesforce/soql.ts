/**
 * As much of SOQL as an integration asks: SELECT, FROM, WHERE with comparisons, IN, AND, OR and brackets, ORDER BY,
 * LIMIT. Text is in single quotes with backslash escapes and is compared without regard to case.
 */
export type Query = {
  readonly columns: readonly string[];
  readonly object: string;
  readonly matches: (row: Row) => boolean;
  readonly order: readonly string[];
  readonly limit: number;
};
type Row = (column: string) => string | number;
type Test = (row: Row) => boolean;

const TOKEN = /\s*(?:('(?:[^'\\]|\\.)*')|(\d{4}-\d\d-\d\dT[\d:.]+Z)|(>=|<=|[=<>(),])|([A-Za-z_]\w*|\d+))/suy;

const tokensOf = (text: string): string[] => {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError(`unexpected token at ${at}`);
    tokens.push(match[0].trim());
  }
  return tokens;
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

const literal = (token: string): string | number => {
  if (token.startsWith("'")) {
    return token
      .slice(1, -1)
      .replaceAll(/\\(?:u([0-9a-f]{4})|(.))/gsu, (_whole, hex: string | undefined, one: string | undefined) =>
        hex === undefined ? (ESCAPES[one ?? ''] ?? one ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
      );
  }
  const ms = Date.parse(token);
  if (!Number.isNaN(ms) && token.includes('T')) return ms;
  throw new SyntaxError(`unexpected token: ${token}`);
};

const fold = (value: string | number): string | number => (typeof value === 'string' ? value.toLowerCase() : value);

/** IDs tell upper from lower case; everything else does not. */
const compare = (column: string, a: string | number, b: string | number): number => {
  const [x, y] = column === 'Id' ? [a, b] : [fold(a), fold(b)];
  return x === y ? 0 : x < y ? -1 : 1;
};

export const parseSoql = (text: string): Query => {
  const tokens = tokensOf(text);
  let at = 0;
  const peek = (): string => tokens[at] ?? '';
  const next = (): string => {
    at += 1;
    return tokens[at - 1] ?? '';
  };
  const expect = (wanted: string): void => {
    const found = next();
    if (found.toUpperCase() !== wanted) throw new SyntaxError(`unexpected token: ${found}, expecting ${wanted}`);
  };
  const name = (): string => {
    const found = next();
    if (!/^[A-Za-z_]\w*$/.test(found)) throw new SyntaxError(`unexpected token: ${found}`);
    return found;
  };
  const list = <T>(one: () => T): T[] => {
    const all = [one()];
    while (peek() === ',') {
      next();
      all.push(one());
    }
    return all;
  };

  const comparison = (): Test => {
    if (peek() === '(') {
      next();
      const inner = either();
      expect(')');
      return inner;
    }
    const column = name();
    const operator = next().toUpperCase();
    if (operator === 'IN') {
      expect('(');
      const values = list(() => literal(next()));
      expect(')');
      return (row) => values.some((value) => compare(column, row(column), value) === 0);
    }
    const value = literal(next());
    const tests: Readonly<Record<string, (order: number) => boolean>> = {
      '=': (order) => order === 0,
      '>': (order) => order > 0,
      '>=': (order) => order >= 0,
    };
    const test = tests[operator];
    if (test === undefined) throw new SyntaxError(`unexpected token: ${operator}`);
    return (row) => test(compare(column, row(column), value));
  };
  const both = (): Test => {
    const tests = [comparison()];
    while (peek().toUpperCase() === 'AND') {
      next();
      tests.push(comparison());
    }
    return (row) => tests.every((test) => test(row));
  };
  const either = (): Test => {
    const tests = [both()];
    while (peek().toUpperCase() === 'OR') {
      next();
      tests.push(both());
    }
    return (row) => tests.some((test) => test(row));
  };
  const optional = <T>(word: string, read: () => T, otherwise: T): T => {
    if (peek().toUpperCase() !== word) return otherwise;
    next();
    return read();
  };

  expect('SELECT');
  const columns = list(name);
  if (new Set(columns).size < columns.length) throw new SyntaxError('duplicate field selected');
  expect('FROM');
  const object = name();
  const matches = optional('WHERE', either, () => true);
  const order = optional(
    'ORDER',
    () => {
      expect('BY');
      return list(name);
    },
    [],
  );
  const limit = optional('LIMIT', () => Number(next()), 50_000);
  if (at < tokens.length) throw new SyntaxError(`unexpected token: ${peek()}`);
  return { columns, object, matches, order, limit };
};

export const sortedBy = (order: readonly string[], a: Row, b: Row): number =>
  order.map((column) => compare(column, a(column), b(column))).find((one) => one !== 0) ?? 0;
