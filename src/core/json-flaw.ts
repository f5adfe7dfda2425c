import { isJsonObject, type JsonValue } from './json.ts';

/** Deeper values exhaust the stack of whatever walks them later. */
const DEPTH_MAX = 100;

const HALF_A_CHARACTER = 'text with half a surrogate pair, which has no Unicode form';

/**
 * Why a value has no canonical form and could be neither digested nor stored, in words that hold none of it; undefined
 * when nothing is wrong.
 *
 * JSON text can carry all of these: `"\ud800"`, `1e999` (which parses to Infinity) and a thousand brackets.
 */
export const jsonFlaw = (value: JsonValue): string | undefined => flawAt(value, 0);

const flawAt = (value: JsonValue, depth: number): string | undefined => {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : HALF_A_CHARACTER;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number beyond those of JSON';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= DEPTH_MAX) return `values nested deeper than ${DEPTH_MAX}`;
  if (isJsonObject(value) && !Object.keys(value).every((key) => key.isWellFormed())) return HALF_A_CHARACTER;
  for (const member of Object.values<JsonValue>(value)) {
    const flaw = flawAt(member, depth + 1);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
};
