import type { RestEntity } from '../../core/contract/rest/entity.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { holds } from './dialect.ts';
import { type Expanded, expandRows } from './expand-rows.ts';
import type { RestReading } from './rest-reading.ts';

/** True for a row that says its record was deleted: it is no version of it. */
export const isDeletion = ({ deletedWhen }: Pick<RestEntity, 'deletedWhen'>, row: JsonObject): boolean =>
  deletedWhen !== undefined && holds(deletedWhen, row);

/** The rows of a page of a feed: records, read one by one where the feed only names them, and deletions. */
export const rowsOf = (reading: RestReading, rows: readonly JsonValue[]): Promise<Expanded> => {
  const { entity, reader } = reading;
  const { records, unusable } = reader.read(rows);
  const { gone = [], there = [] } = Object.groupBy(records, ({ body }) =>
    isDeletion(entity, body) ? 'gone' : 'there',
  );
  const deleted = gone.map(({ id, updatedAt }) => ({ id, updatedAt }));
  return expandRows(reading, { records: there, deleted, unusable });
};
