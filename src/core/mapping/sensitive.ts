import type { SyncContract } from '../contract/sync-contract.ts';
import { type JsonObject, type JsonValue, ownValue } from '../json.ts';

/** What a Zap shows in the place of a sensitive value. The value itself stays sealed in the store until the write. */
export const SEALED = '[sealed by Tidemark]';

const sensitiveNames = (sync: Pick<SyncContract, 'fields'>): ReadonlySet<string> =>
  new Set(sync.fields.filter((field) => field.sensitive).map((field) => field.target));

/** The fields as a Zap may show them: sensitive values replaced by `SEALED`, absent ones left null. */
export const hideSensitive = (sync: Pick<SyncContract, 'fields'>, fields: JsonObject): JsonObject => {
  const names = sensitiveNames(sync);
  const shown: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(fields)) {
    shown[field] = names.has(field) && value !== null ? SEALED : value;
  }
  return shown;
};

/** Fields whole again, or the names of those whose mark nothing stands behind. */
export type Restored =
  | { readonly kind: 'whole'; readonly fields: JsonObject }
  | { readonly kind: 'not_sealed'; readonly names: readonly string[] };

/**
 * The fields that the sync maps, with the sealed values put back where the Zap left the mark; a value that the Zap
 * changed stays as the Zap has it.
 *
 * A mark in another field (mapped there by the Zap, or sealed under an older contract) has no value: written as null it
 * would clear the field on the target.
 */
export const restoreSensitive = (
  sync: Pick<SyncContract, 'fields'>,
  fields: JsonObject,
  sealed: JsonObject,
): Restored => {
  const whole: Record<string, JsonValue> = {};
  const names: string[] = [];
  for (const { target } of sync.fields) {
    const value = ownValue(fields, target);
    const restored = value === SEALED ? ownValue(sealed, target) : value;
    if (restored !== undefined) whole[target] = restored;
    else if (value === SEALED) names.push(target);
  }
  return names.length > 0 ? { kind: 'not_sealed', names } : { kind: 'whole', fields: whole };
};

/** Only the sensitive fields. */
export const sensitiveOnly = (sync: Pick<SyncContract, 'fields'>, fields: JsonObject): JsonObject => {
  const names = sensitiveNames(sync);
  return Object.fromEntries(Object.entries(fields).filter(([field]) => names.has(field)));
};
