import pg from 'pg';

type ParseValue = (text: string) => unknown;

const oid = {
  int8: 20,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  int8Array: 1016,
  timestampArray: 1115,
  dateArray: 1182,
  timestamptzArray: 1185,
  intervalArray: 1187,
} as const;

/**
 * How column values become JavaScript values, the same on both engines:
 * int8 a number (thrown if not exact), timestamptz an ISO 8601 string in UTC, date and interval their text, json and
 * jsonb parsed, numeric a string, bytea a Buffer, int4 and float8 numbers. `timestamp` has no place on the time line
 * and is refused.
 */
export const valueParsers = {
  getTypeParser(typeOid: number, format?: 'text' | 'binary'): unknown {
    const own = parserOf.get(typeOid);
    if (own !== undefined && format !== 'binary') return own;
    return pg.types.getTypeParser(typeOid, format);
  },
};

const parseInt8 = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `Cannot read int8 "${text}": a number holds integers exactly only up to 2^53 - 1; select it as text`,
    );
  }
  return value;
};

const timestamptzShape = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?([+-]\d{2})(?::?(\d{2}))?$/;

/**
 * PostgreSQL's `2026-11-21 09:32:00.123+00` as `2026-11-21T09:32:00.123Z`: three decimals, as `toISOString` writes
 * them, so that what was written reads back equal; six only if there are microseconds, which a Date would drop.
 */
const parseTimestamptz = (text: string): string => {
  const [, day, time, fraction = '', hours, minutes = '00'] = timestamptzShape.exec(text) ?? [];
  if (day === undefined || time === undefined || hours === undefined) {
    throw new RangeError(
      `Cannot read timestamptz "${text}": only instants of the years 1 to 9999 have an ISO 8601 form here`,
    );
  }
  const second = new Date(`${day}T${time}${hours}:${minutes}`).toISOString().slice(0, 19);
  const micros = fraction.padEnd(6, '0');
  return `${second}.${micros.endsWith('000') ? micros.slice(0, 3) : micros}Z`;
};

const refuseTimestamp = (text: string): never => {
  throw new TypeError(`Cannot read timestamp "${text}": it names no instant; use timestamptz`);
};

const keepText = (text: string): string => text;

/** text[]: splits any array into the texts of its elements. Typed as number because pg's list of types lacks arrays. */
const textArrayOid: number = 1009;

const parseArray =
  (parseElement: ParseValue): ParseValue =>
  (text) => {
    const parseTexts: unknown = pg.types.getTypeParser(textArrayOid);
    if (typeof parseTexts !== 'function') throw new Error('Cannot read an array: pg has no parser for text[]');
    const texts: unknown = Reflect.apply(parseTexts, undefined, [text]);
    return mapNested(texts, parseElement);
  };

const mapNested = (value: unknown, parseElement: ParseValue): unknown => {
  if (Array.isArray(value)) return value.map((element: unknown) => mapNested(element, parseElement));
  return typeof value === 'string' ? parseElement(value) : value;
};

const parserOf: ReadonlyMap<number, ParseValue> = new Map<number, ParseValue>([
  [oid.int8, parseInt8],
  [oid.date, keepText],
  [oid.timestamp, refuseTimestamp],
  [oid.timestamptz, parseTimestamptz],
  [oid.interval, keepText],
  [oid.int8Array, parseArray(parseInt8)],
  [oid.dateArray, parseArray(keepText)],
  [oid.timestampArray, parseArray(refuseTimestamp)],
  [oid.timestamptzArray, parseArray(parseTimestamptz)],
  [oid.intervalArray, parseArray(keepText)],
]);
