import type { SyncContract } from '../contract/sync-contract.ts';
import { canonicalText } from '../digest.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { valueAt } from '../json.ts';
import type { Mapping } from '../mapping/mapping.ts';

/** How one source record stands on the target. */
export type Comparison =
  | { readonly kind: 'matched' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'changed'; readonly fields: readonly string[] }
  /** Two or more target records carry the same external ID. */
  | { readonly kind: 'duplicated'; readonly copies: number };

/** The fields of a target record that the sync maps, brought into the form in which they are compared. */
export const projectTarget = (sync: Pick<SyncContract, 'fields'>, mapping: Mapping, body: JsonObject): JsonObject => {
  const picked: Record<string, JsonValue> = {};
  for (const { target } of sync.fields) picked[target] = valueAt(body, target) ?? null;
  return mapping.normalize(picked).fields;
};

/** Most values are scalars, for which the canonical form would be far the slower way. */
const isSame = (a: JsonValue, b: JsonValue): boolean => {
  if (a === b) return true;
  const areObjects = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null;
  return areObjects && canonicalText(a) === canonicalText(b);
};

/**
 * Compares what the source says under the mapping with the target records that carry its external ID.
 *
 * @param wanted mapped fields of the source record
 * @param found  projections of every target record with that external ID
 */
export const compareRecord = (wanted: JsonObject, found: readonly JsonObject[]): Comparison => {
  const [only] = found;
  if (only === undefined) return { kind: 'missing' };
  if (found.length > 1) return { kind: 'duplicated', copies: found.length };
  const fields = Object.keys(wanted).filter((field) => !isSame(wanted[field] ?? null, only[field] ?? null));
  return fields.length === 0 ? { kind: 'matched' } : { kind: 'changed', fields };
};
