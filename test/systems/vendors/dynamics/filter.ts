type Value = string | number | null;
type Column = (name: string) => Value;
export type Filter = (column: Column) => boolean;

const TOKEN = /\s*(\(|\)|'(?:[^']|'')*'|[^\s()']+)/gy;

const tokensOf = (text: string): readonly string[] => {
  const tokens = [...text.matchAll(TOKEN)].map(([, token = '']) => token);
  if (tokens.join('').length !== text.replaceAll(/\s+(?=(?:[^']*'[^']*')*[^']*$)/g, '').length) {
    throw new SyntaxError('a filter that cannot be read');
  }
  return tokens;
};

const literalOf = (token: string): Value => {
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  if (token === 'null') return null;
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(token)) return token.toLowerCase();
  const atMs = /^\d{4}-\d\d-\d\dT/.test(token) ? Date.parse(token) : Number.NaN;
  if (Number.isNaN(atMs)) throw new SyntaxError(`a literal that is none: ${token}`);
  return atMs;
};

/** Text is compared without regard to case, as a database of theirs does. */
const folded = (value: Value): Value => (typeof value === 'string' ? value.toLowerCase() : value);

const compare = (operator: string, left: Value, right: Value): boolean => {
  const [a, b] = [folded(left), folded(right)];
  switch (operator) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'gt':
      return a !== null && b !== null && a > b;
    case 'ge':
      return a !== null && b !== null && a >= b;
    default:
      throw new SyntaxError(`no such operator: ${operator}`);
  }
};

/**
 * Reads `$filter` of eq, ne, gt, ge, `and`, `or` and parentheses. There is no `in`.
 *
 * @throws SyntaxError on anything else
 */
export const parseFilter = (text: string): Filter => {
  const tokens = tokensOf(text);
  let at = 0;
  const take = (): string => {
    const token = tokens[at] ?? '';
    at += 1;
    return token;
  };
  const joined = (word: 'and' | 'or', part: () => Filter): Filter => {
    const parts = [part()];
    while (tokens[at] === word) {
      at += 1;
      parts.push(part());
    }
    return (column) => (word === 'and' ? parts.every((one) => one(column)) : parts.some((one) => one(column)));
  };
  const term = (): Filter => {
    const name = take();
    if (name === '(') {
      const inner = either();
      if (take() !== ')') throw new SyntaxError('a parenthesis that is not closed');
      return inner;
    }
    const operator = take();
    const value = literalOf(take());
    return (column) => compare(operator, column(name), value);
  };
  const both = (): Filter => joined('and', term);
  const either = (): Filter => joined('or', both);
  const filter = either();
  if (at < tokens.length) throw new SyntaxError('text behind a filter');
  return filter;
};
