/** Any origin: only path and query are compared. */
const BASE = 'http://x';
const WHOLE = /^\d{1,15}$/;

/**
 * True where a next link only counts pages, or the rows given so far: it differs from what was asked in one parameter, a
 * whole number that has grown by one, or by the rows of the page. Rows that move up between two such pages are never
 * seen.
 *
 * A link that names the last ID can look so by chance, where IDs have no gaps.
 *
 * @param asked what gave the page: a URL, or path and query
 * @param next  where its next link leads
 * @param rows  of the page
 */
export const countsPages = (asked: string, next: string, rows: number): boolean => {
  const [before, after] = [new URL(asked, BASE), new URL(next, BASE)];
  if (before.pathname !== after.pathname) return false;
  const names = new Set([...before.searchParams.keys(), ...after.searchParams.keys()]);
  const differing = [...names].filter((name) => before.searchParams.get(name) !== after.searchParams.get(name));
  const [name] = differing;
  if (name === undefined || differing.length > 1) return false;
  const [from, to] = [before.searchParams.get(name), after.searchParams.get(name) ?? ''];
  if (!WHOLE.test(to) || (from !== null && !WHOLE.test(from))) return false;
  // Where nothing was asked, the first page was meant: 0 or 1 by number, 0 by rows.
  const steps = from === null ? [Number(to), Number(to) - 1] : [Number(to) - Number(from)];
  return steps.some((step) => step === 1 || step === rows);
};
