/** A pattern runs on no more text than this: together with the count of ways it bounds what a bad one costs. */
export const PATTERN_TEXT_MAX = 1000;

export type CompiledPattern =
  | { readonly kind: 'compiled'; readonly pattern: RegExp }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Ways in which a pattern may divide a text: a match that fails tries them all. Allows three unbounded repetitions (an
 * e-mail address has them) and no nested ones. Measured on Node 22: 1,000 digits fail `\d*\d*\d*x` after 0.3 s.
 */
const WAYS_MAX = 2e6;
/** One repetition counts as no more ways than this, so that three of any length stay within the limit. */
const WIDTH_MAX = 100;

/** `ways` of what was read, up to but not including `end`. */
type Part = { readonly ways: number; readonly end: number };

const CLASS = /\[(?:\\.|[^\]\\])*\]/suy;
const ESCAPE = /\\(?:[pPu]\{[^}]*\}|.)/suy;
const GROUP = /\((?:\?(?:<?[=!]|<[^>]*>|[a-z-]*:))?/suy;
const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/uy;

const endOf = (expression: RegExp, text: string, at: number): number | undefined => {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : undefined;
};

/** How often the part before is repeated; once when no quantifier stands there. */
const repetition = (text: string, at: number): { min: number; max: number; end: number } => {
  QUANTIFIER.lastIndex = at;
  const match = QUANTIFIER.exec(text);
  if (match === null) return { min: 1, max: 1, end: at };
  const [, sign, least, comma, most] = match;
  const end = QUANTIFIER.lastIndex;
  if (sign !== undefined) return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : PATTERN_TEXT_MAX, end };
  const min = Number(least);
  if (comma === undefined) return { min, max: min, end };
  const max = most === undefined || most === '' ? PATTERN_TEXT_MAX : Number(most);
  return { min, max: Math.min(max, Math.max(PATTERN_TEXT_MAX, min)), end };
};

/** The sum of `ways` to the power of each number of repetitions. */
const repeated = (ways: number, min: number, max: number): number =>
  ways === 1 ? Math.min(max - min + 1, WIDTH_MAX) : (ways ** (max + 1) - ways ** min) / (ways - 1);

const atom = (text: string, at: number): Part => {
  const group = endOf(GROUP, text, at);
  if (group !== undefined) {
    const inside = alternatives(text, group);
    return { ways: inside.ways, end: inside.end + 1 };
  }
  return { ways: 1, end: endOf(CLASS, text, at) ?? endOf(ESCAPE, text, at) ?? at + 1 };
};

const sequence = (text: string, at: number): Part => {
  let ways = 1;
  let end = at;
  while (end < text.length && text[end] !== '|' && text[end] !== ')') {
    const one = atom(text, end);
    const { min, max, end: after } = repetition(text, one.end);
    ways *= repeated(one.ways, min, max);
    end = after;
  }
  return { ways, end };
};

const alternatives = (text: string, at: number): Part => {
  let { ways, end } = sequence(text, at);
  while (text[end] === '|') {
    const next = sequence(text, end + 1);
    ways += next.ways;
    end = next.end;
  }
  return { ways, end };
};

const BACK_REFERENCE = /^(?:[^\\]|\\[^1-9k])*\\[1-9k]/su;

/**
 * Compiles a pattern that the whole text must match, and refuses what could take exponential time: nested repetition,
 * repeated alternatives, back-references.
 */
export const compilePattern = (text: string): CompiledPattern => {
  let pattern: RegExp;
  try {
    // By itself first: inside the group `a)|(b` would pass, and mean something else.
    RegExp(text, 'u');
    pattern = new RegExp(`^(?:${text})$`, 'u');
    // One that is too large compiles, and throws when it is first used.
    pattern.test('');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'refused', reason: `is not a regular expression: ${reason}` };
  }
  // Not a number when a bound is too large to count with: that is no small pattern either.
  const isCheap = alternatives(text, 0).ways <= WAYS_MAX && !BACK_REFERENCE.test(text);
  return isCheap ? { kind: 'compiled', pattern } : { kind: 'refused', reason: 'could take exponential time' };
};
