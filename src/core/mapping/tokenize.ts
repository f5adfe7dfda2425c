import type { SyncContract } from '../contract/sync-contract.ts';
import { canonicalText } from '../digest.ts';
import type { JsonObject, JsonValue } from '../json.ts';

/** Gives a text that stands for another: the same for the same, and not to be turned back. */
export type Pseudonym = (subject: string) => string;

const PSEUDONYM_CHARS = 16;
/** A shorter value is replaced only where it stands by itself: letters of other words are none of it. */
const WHOLE_WORD_BELOW = 4;

const pseudonymOf = (pseudonym: Pseudonym, field: string, text: string): string =>
  pseudonym(`${field}/${text}`).slice(0, PSEUDONYM_CHARS);

/** The fields of a record with pseudonyms of their values: bound to the field, so that they tell equal values of one. */
export const tokenizeFields = (
  fields: JsonObject,
  pseudonym: Pseudonym,
): { readonly field: string; readonly pseudonym: string | null }[] =>
  Object.entries(fields).map(([field, value]) => ({
    field,
    pseudonym: value === null ? null : pseudonymOf(pseudonym, field, canonicalText(value)),
  }));

/** Every scalar in a value but true, false and null, as text that a message may quote. */
const textsIn = (value: JsonValue): string[] => {
  if (value === null || typeof value === 'boolean') return [];
  if (typeof value !== 'object') return [String(value)];
  return Object.values(value).flatMap(textsIn);
};

const occurrences = (value: string): string => {
  const literal = value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return value.length < WHOLE_WORD_BELOW ? String.raw`(?<![\p{L}\p{N}])${literal}(?![\p{L}\p{N}])` : literal;
};

/**
 * Takes the values of sensitive fields out of a text that somebody else wrote, in whatever case, and puts
 * `[field pseudonym]` in their place.
 */
export const tokenizeText = (
  sync: Pick<SyncContract, 'fields'>,
  fields: JsonObject,
  pseudonym: Pseudonym,
  text: string,
): string => {
  const tokens = new Map<string, string>();
  for (const { sensitive, target } of sync.fields) {
    const values = sensitive && Object.hasOwn(fields, target) ? textsIn(fields[target] ?? null) : [];
    for (const value of values.map((one) => one.trim())) {
      // What is longer than the text cannot stand in it, and could be longer than an expression may be.
      if (value === '' || value.length > text.length) continue;
      tokens.set(value.toLowerCase(), `[${target} ${pseudonymOf(pseudonym, target, canonicalText(value))}]`);
    }
  }
  if (tokens.size === 0) return text;
  // The longer one first: a value may be a part of another.
  const all = [...tokens.keys()].toSorted((a, b) => b.length - a.length).map(occurrences);
  const anyOfThem = new RegExp(all.join('|'), 'giu');
  return text.replaceAll(anyOfThem, (found) => tokens.get(found.toLowerCase()) ?? '[sensitive]');
};
