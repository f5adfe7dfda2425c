import { staticOutputFields, type ActionDefinition } from './definition.ts';
import { isRecord, type JsonRecord } from './record.ts';

/** One item of a trigger's answer with the key that Zapier remembers it by. */
export type PolledItem = { readonly key: string; readonly item: JsonRecord };

export type ItemsReport =
  | { readonly kind: 'items'; readonly items: readonly PolledItem[] }
  | { readonly kind: 'refused'; readonly message: string };

/** The fields marked `primary` in the static output fields, or `id` where none is. */
export const primaryKeysOf = (trigger: ActionDefinition): readonly string[] => {
  const marked = staticOutputFields(trigger)
    .filter((field) => field.primary === true)
    .map((field) => field.key);
  return marked.length > 0 ? marked : ['id'];
};

/**
 * Reads a poll's answer: a list of records, each with its whole primary key. What Zapier does with a record
 * without one is not documented; the stand-in is strict and refuses the poll.
 */
export const readPolledItems = (trigger: ActionDefinition, results: unknown): ItemsReport => {
  if (!Array.isArray(results)) {
    return { kind: 'refused', message: `Results must be an array, got: ${typeof results}` };
  }
  const primaryKeys = primaryKeysOf(trigger);
  const items: PolledItem[] = [];
  for (const [position, item] of results.entries()) {
    if (!isRecord(item)) return { kind: 'refused', message: `Result ${position} is not an object` };
    const keyless = primaryKeys.find((name) => !isKeyPart(item[name]));
    if (keyless !== undefined) {
      return { kind: 'refused', message: `Result ${position} has no "${keyless}" to dedupe on` };
    }
    items.push({ key: JSON.stringify(primaryKeys.map((name) => String(item[name]))), item });
  }
  return { kind: 'items', items };
};

const isKeyPart = (value: unknown): boolean =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean';
