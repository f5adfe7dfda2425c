import jsonata from 'jsonata';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';

// Measured with jsonata 2.2.2: unbounded tail recursion hangs the process for good; a bound of 300 ms stops it at 301 ms, deep
// recursion at 2 ms and a range of nine million at once.
export const BOUNDS = { timeout: 1000, stack: 300, sequence: 10_000 };
// They read the clock or chance, or run text as code: one record would map differently on each reading.
const IMPURE = new Set(['now', 'millis', 'random', 'eval', 'shuffle']);

/** A JSONata expression that passed `compileExpression`. */
export type Expression = { readonly evaluate: (record: JsonObject) => Promise<JsonValue | undefined> };

export type Compiled =
  | { readonly kind: 'compiled'; readonly expression: Expression }
  | { readonly kind: 'refused'; readonly reason: string };

const findForbidden = (node: unknown): string | undefined => {
  if (node instanceof RegExp) return "a regular expression, which can block for ever; use the field's pattern instead";
  if (Array.isArray(node)) {
    for (const item of node) {
      const found = findForbidden(item);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof node !== 'object' || node === null) return undefined;
  const entries: readonly (readonly [string, unknown])[] = Object.entries(node);
  const type = entries.find(([key]) => key === 'type')?.[1];
  const value = entries.find(([key]) => key === 'value')?.[1];
  if (type === 'regex') return findForbidden(/ /);
  if (type === 'variable' && typeof value === 'string' && IMPURE.has(value)) {
    return `$${value}(), which gives another answer each time`;
  }
  return findForbidden(entries.map(([, child]): unknown => child));
};

/**
 * Turns what JSONata returns (sequences with hidden members, functions) into plain JSON.
 *
 * @throws RangeError for a number that JSON cannot hold: as null, `1 / 0` would clear the field on the target
 */
const plain = (value: unknown): JsonValue | undefined => {
  if (value === undefined || typeof value === 'function') return undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new RangeError('Cannot use the result of an expression: it is no finite number');
  }
  if (Array.isArray(value)) return value.map((item: unknown) => plain(item) ?? null);
  // JSONata's own functions and lambdas are objects, which lead through its whole environment.
  if (Object.hasOwn(value, '_jsonata_function') || Object.hasOwn(value, '_jsonata_lambda')) return undefined;
  const members: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(value)) {
    const one = plain(member);
    if (one !== undefined) members[key] = one;
  }
  return isJsonObject(members) ? members : undefined;
};

/**
 * Compiles an expression and refuses what cannot be bounded or repeated: syntax errors, regular expressions, and
 * functions of time or chance.
 *
 * An evaluation is bounded to 1 s, a depth of 300 and sequences of 10,000 items; beyond that it rejects.
 */
export const compileExpression = (text: string): Compiled => {
  let parsed: ReturnType<typeof jsonata>;
  try {
    parsed = jsonata(text, BOUNDS);
  } catch (error) {
    const reason = isJsonataError(error) ? error.message : String(error);
    return { kind: 'refused', reason: `is not a JSONata expression: ${reason}` };
  }
  const forbidden = findForbidden(parsed.ast());
  if (forbidden !== undefined) return { kind: 'refused', reason: `uses ${forbidden}` };
  return {
    kind: 'compiled',
    // The bound is wall time: a process that stood still for a moment must not make a good record look bad, so a
    // time-out counts only when it comes twice.
    expression: {
      evaluate: async (record) => {
        try {
          return plain(await parsed.evaluate(record));
        } catch (error) {
          if (!isTimeout(error)) throw error;
          return plain(await parsed.evaluate(record));
        }
      },
    },
  };
};

/** JSONata's own code for an evaluation that took too long. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'D1012';

const isJsonataError = (error: unknown): error is { message: string } =>
  typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
