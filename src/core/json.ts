/** Any JSON value. Integers beyond 2^53 arrive as strings of their digits (see `parseJson`). */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

// Sixteen digits are the shortest integer that a double may not hold. What stands around them keeps the digits inside of
// texts out: of a thousand digests in hexadecimal, several hold sixteen in a row.
const LONG_INTEGER = /(?:^|[\s,:[])-?\d{16,}(?:$|[\s,\]}])/;

type ReviverContext = { readonly source?: string };

const keepLongInteger = (_key: string, value: unknown, context?: ReviverContext): unknown => {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined) return value;
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? source : value;
};

/**
 * Parses JSON text without losing integers beyond 2^53: those become strings of their exact digits.
 *
 * The slow path (a reviver that sees each number's source text) runs only when the text holds an
 * integer of sixteen digits or more: it takes some fifteen times as long.
 *
 * @throws SyntaxError when the text is not JSON
 * Source: ECMAScript "JSON.parse source text access" (in Node since 21).
 */
export const parseJson = (text: string): JsonValue =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly these, typed as any
  (LONG_INTEGER.test(text) ? JSON.parse(text, keepLongInteger) : JSON.parse(text)) as JsonValue;

/** True for a JSON object, false for arrays, null and scalars. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of the object itself: one may be named `constructor`, which every object has. */
export const ownValue = (object: JsonObject, name: string): JsonValue | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

const INDEX = /^(?:0|[1-9]\d*)$/;

/**
 * Reads the value at a dotted path (`address.city`, `items.0.id`); the empty path is the value itself.
 *
 * @returns undefined when any step of the path is absent
 */
export const valueAt = (value: JsonValue, path: string): JsonValue | undefined => {
  if (path === '') return value;
  let current: JsonValue | undefined = value;
  for (const step of path.split('.')) {
    if (Array.isArray(current)) {
      current = INDEX.test(step) ? (current as readonly JsonValue[])[Number(step)] : undefined;
    } else if (isJsonObject(current)) current = ownValue(current, step);
    else return undefined;
  }
  return current;
};
