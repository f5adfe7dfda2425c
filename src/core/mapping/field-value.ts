import type { FieldType } from '../contract/sync-contract.ts';
import { parseInstant } from '../instant.ts';
import type { JsonValue } from '../json.ts';

/** A value in the one form its field type has, or why it has none. */
export type FieldValue =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'wrong'; readonly expected: string };

const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;

const ok = (value: JsonValue): FieldValue => ({ kind: 'value', value });
const wrong = (expected: string): FieldValue => ({ kind: 'wrong', expected });

const asString = (value: JsonValue): FieldValue => {
  if (typeof value === 'string') return ok(value);
  return typeof value === 'number' || typeof value === 'boolean' ? ok(String(value)) : wrong('text');
};

/** An integer too long for a double stays text, digit for digit, without a plus sign or leading zeros. */
const asInteger = (value: JsonValue): FieldValue => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? ok(value) : wrong('a whole number');
  if (typeof value !== 'string' || !INTEGER.test(value)) return wrong('a whole number');
  const number = Number(value);
  return ok(Number.isSafeInteger(number) ? number : value.replace(/^\+?(-?)0*/, '$1'));
};

const asNumber = (value: JsonValue): FieldValue => {
  if (typeof value === 'number') return ok(value);
  if (typeof value !== 'string' || !DECIMAL.test(value)) return wrong('a number');
  const number = Number(value);
  return Number.isFinite(number) ? ok(number) : wrong('a number');
};

const asBoolean = (value: JsonValue): FieldValue => {
  if (typeof value === 'boolean') return ok(value);
  if (value === 'true' || value === 1) return ok(true);
  return value === 'false' || value === 0 ? ok(false) : wrong('true or false');
};

/** Cut to milliseconds, the finest that common targets keep: otherwise no read-back would ever be equal. */
const asDatetime = (value: JsonValue): FieldValue => {
  const instant = parseInstant(value);
  return instant === undefined ? wrong('a date and time in ISO 8601') : ok(`${instant.slice(0, 23)}Z`);
};

const asDate = (value: JsonValue): FieldValue => {
  const instant = parseInstant(value);
  return instant === undefined ? wrong('a date in ISO 8601') : ok(instant.slice(0, 10));
};

/**
 * Brings a value into the one form of its field type, so that equal values are equal: `"12.50"` and `12.5` are the
 * same number, `2026-01-01T00:00:00+01:00` and `2025-12-31T23:00:00Z` the same time.
 *
 * @param value anything but null and undefined: an absent value has no type
 */
export const fieldValue = (type: FieldType, value: JsonValue): FieldValue => {
  switch (type) {
    case 'string':
      return asString(value);
    case 'integer':
      return asInteger(value);
    case 'number':
      return asNumber(value);
    case 'boolean':
      return asBoolean(value);
    case 'date':
      return asDate(value);
    case 'datetime':
      return asDatetime(value);
    case 'json':
      return ok(value);
  }
};
