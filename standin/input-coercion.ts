import { coerceDatetime } from './datetime-coercion.ts';
import { textOf } from './template.ts';

export type CoercionContext = {
  /** IANA name of the zone in which a time without one is read. */
  readonly timezone: string;
  readonly nowMs: number;
};

/**
 * Turns what was mapped into the type its field asks for. An empty value stays empty: there is nothing to read
 * in it, and whether it reaches the app is up to `cleanInputData`.
 * JSON fields stay as they were mapped, text or structure, because Zapier passes either.
 * Source: zapier-platform-cli 19.1.0, src/oclif/commands/invoke/input-types.js, "like how Zapier production does".
 */
export const coerceInput = (type: string | undefined, value: unknown, context: CoercionContext): unknown => {
  if (value === null || value === undefined || value === '') return value;
  switch (type ?? 'string') {
    case 'integer':
      return typeof value === 'number' ? Math.floor(value) : readInteger(textOf(value));
    case 'number':
      return typeof value === 'number' ? value : readDecimal(textOf(value));
    case 'boolean':
      return typeof value === 'boolean' ? value : readBoolean(textOf(value));
    case 'datetime':
      return coerceDatetime(textOf(value), context.timezone, context.nowMs);
    case 'json':
      return typeof value === 'object' ? value : textOf(value);
    default:
      return textOf(value);
  }
};

const falseTexts: ReadonlySet<string> = new Set([
  'noo',
  'no',
  'n',
  'false',
  'nope',
  'f',
  'never',
  'no thanks',
  'no thank you',
  'nul',
  '0',
  'none',
  'nil',
  'nill',
  'null',
]);

const readBoolean = (text: string): boolean => !falseTexts.has(text.toLowerCase());

const readInteger = (text: string): number => {
  const leading = Number.parseInt(text, 10);
  return Number.isNaN(leading) ? Math.floor(readDecimal(text)) : leading;
};

/** Reads the digits out of any text: "EUR 12.50" is 12.5, and a text without digits is 0. */
const readDecimal = (text: string): number => {
  const digits = text.replace(/[^0-9.,-]/g, '').replace(/[.,-]$/, '');
  const number = Number.parseFloat(digits);
  return Number.isNaN(number) ? 0 : number;
};
