import { isJsonObject, type JsonValue, valueAt } from '../core/json.ts';
import type { FoundRecord } from '../core/system/entity-driver.ts';
import { type RowReader, scalarText } from './row-reader.ts';

export type Lookup = {
  readonly field: string;
  readonly values: readonly string[];
  readonly reader: Pick<RowReader, 'idOf'>;
  /** Brings a value to the form in which the system compares it; exact text when left out. */
  readonly normalize?: (value: string) => string;
};

export type Grouped = {
  readonly byValue: ReadonlyMap<string, readonly FoundRecord[]>;
  /** Rows with a value that nobody asked for: the system did not filter. */
  readonly foreign: number;
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
  let withoutId = 0;
  for (const row of rows) {
    const found = isJsonObject(row) ? scalarText(valueAt(row, lookup.field)) : undefined;
    const value = found === undefined ? undefined : asked.get(normalize(found));
    if (!isJsonObject(row) || value === undefined) {
      if (found === undefined || !loose.has(loosely(found))) foreign += 1;
      continue;
    }
    const id = lookup.reader.idOf(row);
    if (id === undefined) withoutId += 1;
    else byValue.set(value, [...(byValue.get(value) ?? []), { id, body: row }]);
  }
  return { byValue, foreign, withoutId };
};

const loosely = (value: string): string => value.normalize('NFKC').trim().toLowerCase();
