/**
 * As much of Airtable's formulas as an integration asks: NOT, OR, IS_BEFORE, RECORD_ID, `=`, fields in braces, text in
 * quotes with backslash escapes. Text is compared without regard to case, to be harsher than need be.
 */
export type FormulaRow = { readonly id: string; readonly field: (name: string) => string };
type Value = string | boolean;
type Expression = (row: FormulaRow) => Value;

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(\{[^{}]+\})|([A-Z_]+)|([(),=]))/suy;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

const tokensOf = (text: string): readonly string[] => {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError('INVALID_FILTER_BY_FORMULA');
    tokens.push(match[0].trim());
  }
  return tokens;
};

const literal = (token: string): string =>
  token.slice(1, -1).replaceAll(/\\(.)/gsu, (_whole, one: string) => ESCAPES[one] ?? one);

const instant = (value: Value): number => {
  const ms = Date.parse(String(value));
  if (Number.isNaN(ms)) throw new SyntaxError('INVALID_FILTER_BY_FORMULA');
  return ms;
};

const functions: Readonly<Record<string, (row: FormulaRow, given: readonly Value[]) => Value>> = {
  NOT: (_row, [one]) => one !== true,
  OR: (_row, all) => all.includes(true),
  IS_BEFORE: (_row, [a = '', b = '']) => instant(a) < instant(b),
  RECORD_ID: ({ id }) => id,
};

/** @throws SyntaxError for what is no formula */
export const parseFormula = (text: string): ((row: FormulaRow) => boolean) => {
  const tokens = tokensOf(text);
  let at = 0;
  const next = (): string => {
    at += 1;
    return tokens[at - 1] ?? '';
  };
  const take = (wanted: string): void => {
    if (next() !== wanted) throw new SyntaxError('INVALID_FILTER_BY_FORMULA');
  };
  const given = (): readonly Expression[] => {
    take('(');
    const all: Expression[] = [];
    while (tokens[at] !== ')') {
      if (all.length > 0) take(',');
      all.push(comparison());
    }
    take(')');
    return all;
  };
  const operand = (): Expression => {
    const token = next();
    if (token.startsWith('"')) return () => literal(token);
    if (token.startsWith('{')) return (row) => row.field(token.slice(1, -1));
    const called = functions[token];
    if (called === undefined) throw new SyntaxError('INVALID_FILTER_BY_FORMULA');
    const inner = given();
    return (row) =>
      called(
        row,
        inner.map((one) => one(row)),
      );
  };
  const comparison = (): Expression => {
    const left = operand();
    if (tokens[at] !== '=') return left;
    take('=');
    const right = operand();
    return (row) => String(left(row)).toLowerCase() === String(right(row)).toLowerCase();
  };
  const whole = comparison();
  if (at < tokens.length) throw new SyntaxError('INVALID_FILTER_BY_FORMULA');
  return (row) => whole(row) === true;
};
