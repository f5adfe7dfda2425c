import type { RestEntity } from '../core/contract/rest/entity.ts';
import { digestText } from '../core/digest.ts';
import { type Instant, parseInstant } from '../core/instant.ts';
import { isJsonObject, type JsonObject, type JsonValue, valueAt } from '../core/json.ts';
import type { SystemRecord, UnusableRow } from '../core/system/entity-driver.ts';

export type RowRules = Pick<RestEntity, 'idField' | 'updatedAtField' | 'createdAtField' | 'timestamp'>;

export type Rows = { readonly records: readonly SystemRecord[]; readonly unusable: readonly UnusableRow[] };

export type RowReader = {
  /** The ID in a body; undefined when there is none. */
  readonly idOf: (body: JsonObject) => string | undefined;
  /** Undefined when ID or update time is missing. */
  readonly toRecord: (body: JsonObject) => SystemRecord | undefined;
  readonly read: (rows: readonly JsonValue[]) => Rows;
};

/** Reads rows by the rules of an entity: where the ID and the time of the last change are, and how times are written. */
export const createRowReader = (rules: RowRules): RowReader => {
  const idOf = (body: JsonObject): string | undefined => scalarText(valueAt(body, rules.idField));

  const toRecord = (body: JsonObject): SystemRecord | undefined => {
    const id = idOf(body);
    const updatedAt = timeOf(rules, body);
    return id === undefined || updatedAt === undefined ? undefined : { id, updatedAt, body };
  };

  const read = (rows: readonly JsonValue[]): Rows => {
    const records: SystemRecord[] = [];
    const unusable: UnusableRow[] = [];
    for (const [position, row] of rows.entries()) {
      const record = isJsonObject(row) ? toRecord(row) : undefined;
      if (record !== undefined) records.push(record);
      else unusable.push({ reason: lackOf(row, idOf), position, digest: rowDigest(row) });
    }
    return { records, unusable };
  };
  return { idOf, toRecord, read };
};

/** Text of a scalar that can be a key; numbers become their digits. Undefined for anything else, and for text that
 * is empty or cannot be kept. */
export const scalarText = (value: JsonValue | undefined): string | undefined => {
  if (typeof value === 'number') return String(value);
  // PostgreSQL keeps no NUL, and half a surrogate pair has no UTF-8 form: such text cannot be a key.
  return typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\0') ? value : undefined;
};

/**
 * SHA-256 of a row as it came. Not of its canonical form, which does not exist for text with broken Unicode, and a row
 * must not escape by holding some.
 */
export const rowDigest = (row: JsonValue): string => digestText(JSON.stringify(row));

const timeOf = (rules: RowRules, body: JsonObject): Instant | undefined => {
  const updated = valueAt(body, rules.updatedAtField);
  // Many systems leave the update time empty until the first update.
  const isEmpty = updated === undefined || updated === null || updated === '';
  const value = isEmpty && rules.createdAtField !== undefined ? valueAt(body, rules.createdAtField) : updated;
  return parseInstant(value, rules.timestamp);
};

const lackOf = (row: JsonValue, idOf: RowReader['idOf']): UnusableRow['reason'] => {
  if (!isJsonObject(row)) return 'not an object';
  return idOf(row) === undefined ? 'no usable ID' : 'no update time';
};
