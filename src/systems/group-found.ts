import { isJsonObject, type JsonObject, type JsonValue, valueAt } from '../core/json.ts';
import type { FoundRecord } from '../core/system/entity-driver.ts';
import { type RowReader, scalarText } from './row-reader.ts';

export type Lookup = {
  readonly field: string;
  readonly values: readonly string[];
  readonly reader: Pick<RowReader, 'idOf'>;
  /** Brings a value to the form in which the system compares it; exact text when left out. */
  readonly normalize?: (value: string) => string;
  /** Where the field stands in a row, and what is given back of it; the row itself when left out. */
  readonly fieldsOf?: (row: JsonObject) => JsonObject;
  /** Reads the value out of a row, where it is not the field of that name. */
  readonly keyIn?: (row: JsonObject) => JsonValue | undefined;
  /** What the system takes to write a row only if nobody else did. */
  readonly versionOf?: (row: JsonObject) => string | undefined;
};

export type Grouped = {
  readonly byValue: ReadonlyMap<string, readonly FoundRecord[]>;
  /** Rows with a value that nobody asked for: the system did not filter. */
  readonly foreign: number;
  /** Rows whose value differs from one asked for in case or spaces only. */
  readonly loose: number;
  /** Rows with a value that was asked for, but without an ID. */
  readonly withoutId: number;
};

/**
 * Sorts the rows of a lookup by the values asked for, as the rows themselves give them: what a filter let through is
 * not taken for what it should have let through.
 *
 * A row whose value differs in case or spaces only is dropped without counting as foreign: the system compares more
 * loosely than we do, and does filter.
 */
export const groupFound = (rows: readonly JsonValue[], lookup: Lookup): Grouped => {
  const normalize = lookup.normalize ?? ((value: string): string => value);
  const asked = new Map(lookup.values.map((value) => [normalize(value), value]));
  const loose = new Set(lookup.values.map(loosely));
  const byValue = new Map<string, FoundRecord[]>();
  let foreign = 0;
  let alike = 0;
  let withoutId = 0;
  for (const row of rows) {
    const body = isJsonObject(row) ? (lookup.fieldsOf?.(row) ?? row) : undefined;
    const found = isJsonObject(row) && body !== undefined ? scalarText(valueIn(lookup, row, body)) : undefined;
    const value = found === undefined ? undefined : asked.get(normalize(found));
    if (!isJsonObject(row) || body === undefined || value === undefined) {
      if (found === undefined || !loose.has(loosely(found))) foreign += 1;
      else alike += 1;
      continue;
    }
    const id = lookup.reader.idOf(row);
    if (id === undefined) withoutId += 1;
    else {
      const version = lookup.versionOf?.(row);
      const record = { id, body, ...(version === undefined ? {} : { version }) };
      byValue.set(value, [...(byValue.get(value) ?? []), record]);
    }
  }
  return { byValue, foreign, loose: alike, withoutId };
};

const valueIn = ({ keyIn, field }: Lookup, row: JsonObject, body: JsonObject): JsonValue | undefined =>
  keyIn === undefined ? valueAt(body, field) : keyIn(row);

const loosely = (value: string): string => value.normalize('NFKC').trim().toLowerCase();
