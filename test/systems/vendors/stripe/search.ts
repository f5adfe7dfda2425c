import { parseJson } from '../../../../src/core/json.ts';

type Clause = { readonly key: string; readonly value: string };

const CLAUSE = /^\s*metadata\["([^"]+)"\]:("(?:[^"\\]|\\.)*")\s*(OR|$)/su;
const CLAUSES_MAX = 10;

/**
 * The clauses of a search query: `metadata["key"]:"value"`, joined by OR.
 *
 * @throws SyntaxError on anything else
 */
export const clausesOf = (query: string): readonly Clause[] => {
  const clauses: Clause[] = [];
  let rest = query;
  let hasMore = true;
  while (hasMore) {
    const [whole = '', key = '', quoted = 'null', joint] = CLAUSE.exec(rest) ?? [];
    const value = parseJson(quoted);
    if (typeof value !== 'string' || clauses.length >= CLAUSES_MAX) throw new SyntaxError('no clause, or too many');
    clauses.push({ key, value });
    rest = rest.slice(whole.length);
    hasMore = joint === 'OR';
  }
  return clauses;
};
