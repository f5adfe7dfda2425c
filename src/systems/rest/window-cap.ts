import { canFilterSince } from '../../core/contract/rest/entity.ts';
import type { JsonValue } from '../../core/json.ts';
import type { PageReply } from '../../core/system/entity-driver.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { holds } from './dialect.ts';
import { malformed, type RestReading, totalIn } from './rest-reading.ts';

/** True when a window has given all that the API lets it give, or the answer says that it was cut. */
export const capIn = (reading: RestReading, rows: number, json: JsonValue): boolean => {
  const { windowCap } = reading.entity;
  if (windowCap === undefined) return false;
  return rows >= windowCap.rows || (typeof windowCap.signal === 'object' && holds(windowCap.signal, json));
};

/** True when a request that was refused asked for rows beyond the cap. */
export const isCapError = ({ entity }: RestReading, rowsAsked: number, { kind }: SystemFailure): boolean =>
  entity.windowCap?.signal === 'error' && kind === 'rejected' && rowsAsked > entity.windowCap.rows;

/** Where no new window can begin, a scan at the cap is no scan. */
export const capFailure = (reading: RestReading, rows: number): PageReply => {
  const { entity, subject } = reading;
  const why = canFilterSince(entity)
    ? 'and all of them share one update time'
    : 'and without {since} in its list no other window can begin';
  const reason = `Cannot read on ${subject}: the scan is cut at ${rows} rows by its windowCap of ${entity.windowCap?.rows ?? 0}, ${why}`;
  return { ...malformed(reason), scan: { kind: 'truncated', because: 'cap' } };
};

/** True where the count of the API cannot be taken at its word: it stands still at the cap. */
export const isPlateau = (reading: RestReading, json: JsonValue): boolean => {
  const { windowCap } = reading.entity;
  const total = totalIn(reading, json);
  return windowCap !== undefined && total !== undefined && total >= windowCap.rows;
};
