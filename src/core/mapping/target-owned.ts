import type { SyncContract } from '../contract/sync-contract.ts';
import { canonicalText } from '../digest.ts';
import type { JsonObject } from '../json.ts';

type Fields = Pick<SyncContract, 'fields'>;

/** The fields of a record that its target owns: written when the record is created, and never over what is there. */
export const targetOwned = ({ fields }: Fields, record: JsonObject): readonly string[] =>
  fields.filter(({ owner, target }) => owner === 'target' && Object.hasOwn(record, target)).map(({ target }) => target);

/** A record without the fields that its target owns: what Tidemark changes on a record that exists, and compares. */
export const sourceOwned = (sync: Fields, record: JsonObject): JsonObject => {
  const owned = new Set(targetOwned(sync, record));
  return owned.size === 0 ? record : Object.fromEntries(Object.entries(record).filter(([field]) => !owned.has(field)));
};

/**
 * The fields that the target owns and where the source says otherwise: a conflict for a person to decide.
 *
 * @param found the record as the target holds it, in the form in which it is compared
 */
export const conflictsOf = (sync: Fields, record: JsonObject, found: JsonObject): readonly string[] =>
  targetOwned(sync, record).filter(
    (field) => canonicalText(record[field] ?? null) !== canonicalText(found[field] ?? null),
  );
