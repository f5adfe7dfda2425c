/**
 * A point in time as text, always `YYYY-MM-DDTHH:MM:SS.fffffffffZ`: UTC, nine fractional digits, so that
 * comparing two of them as text (or by SQL's "C" collation) compares them in time.
 *
 * Sources give seconds here and 100 ns there; a JavaScript Date would round both to the millisecond and make
 * two versions equal that are not.
 */
export type Instant = string & { readonly __instant: unique symbol };

/**
 * How a source writes its timestamps. `iso-s` and `sql-s` (`2026-01-31 23:59:59`) are in UTC and whole seconds. A
 * `sequence` is no time: a whole number that grows with each change. It is kept as the instant so many seconds after
 * 1970 began, which sorts, compares and shifts as the number does.
 */
export type TimestampFormat = 'iso' | 'iso-s' | 'sql-s' | 'epoch-ms' | 'epoch-s' | 'sequence';

/** The greatest sequence. Its instant lies in 2001, before every time of a clock. */
export const SEQUENCE_MAX = 999_999_999;

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9})\d*)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;
// What most texts are: in UTC, and of a day that every month has.
const PLAIN = /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?Z$/;
const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400n;
const MS_DIGITS = /^-?\d{1,15}$/;
// 0000-01-01 and the end of 9999: beyond them a year has no four digits, and text would not sort in time any more.
const NANOS_MIN = -62_167_219_200n * NANOS_PER_SECOND;
const NANOS_MAX = 253_402_300_800n * NANOS_PER_SECOND - 1n;

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar. Source: H. Hinnant, days_from_civil. */
const daysFromCivil = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/** The inverse of `daysFromCivil`. Source: H. Hinnant, civil_from_days. */
const civilFromDays = (days: number): { year: number; month: number; day: number } => {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
};

const pad = (value: number | bigint, width: number): string => String(value).padStart(width, '0');

const fromNanos = (nanos: bigint): Instant => {
  const seconds = nanos >= 0n ? nanos / NANOS_PER_SECOND : -((-nanos + NANOS_PER_SECOND - 1n) / NANOS_PER_SECOND);
  const fraction = nanos - seconds * NANOS_PER_SECOND;
  const days = seconds >= 0n ? seconds / SECONDS_PER_DAY : -((-seconds + SECONDS_PER_DAY - 1n) / SECONDS_PER_DAY);
  const ofDay = Number(seconds - days * SECONDS_PER_DAY);
  const { year, month, day } = civilFromDays(Number(days));
  const time = `${pad(Math.floor(ofDay / 3600), 2)}:${pad(Math.floor(ofDay / 60) % 60, 2)}:${pad(ofDay % 60, 2)}`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the branded text is made here
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${time}.${pad(fraction, 9)}Z` as Instant;
};

const inRange = (nanos: bigint): Instant | undefined =>
  nanos < NANOS_MIN || nanos > NANOS_MAX ? undefined : fromNanos(nanos);

const clamped = (nanos: bigint): Instant =>
  fromNanos(nanos < NANOS_MIN ? NANOS_MIN : nanos > NANOS_MAX ? NANOS_MAX : nanos);

const isDate = (year: number, month: number, day: number): boolean => {
  if (month < 1 || month > 12 || day < 1) return false;
  const back = civilFromDays(daysFromCivil(year, month, day));
  return back.month === month && back.day === day;
};

/** Undefined for what no offset can be. */
const offsetSeconds = (zone: string | undefined): number | undefined => {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const digits = zone.replace(':', '');
  const [hours, minutes] = [Number(digits.slice(1, 3)), Number(digits.slice(3, 5))];
  if (hours > 23 || minutes > 59) return undefined;
  return (digits.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
};

const parseIso = (text: string): Instant | undefined => {
  const plain = PLAIN.exec(text);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the branded text, as `fromNanos` would make it
  if (plain !== null) return `${plain[1]}.${(plain[2] ?? '').padEnd(9, '0')}Z` as Instant;
  const match = ISO.exec(text.trim());
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const offset = offsetSeconds(match[8]);
  if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 60 || offset === undefined) return undefined;
  const seconds = daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
  return inRange(BigInt(seconds) * NANOS_PER_SECOND + BigInt((match[7] ?? '').padEnd(9, '0')));
};

/**
 * Reads a source's timestamp. A time without a zone is taken as UTC.
 *
 * @param value  ISO 8601 text, or a count of (milli)seconds since 1970, or a sequence, as number or digits
 * @returns undefined when the value is not a timestamp of that format, or one outside the years 0000 to 9999, or a
 *   sequence above 999,999,999
 */
export const parseInstant = (value: unknown, format: TimestampFormat = 'iso'): Instant | undefined => {
  if (format === 'iso' || format === 'iso-s' || format === 'sql-s') {
    return typeof value === 'string' ? parseIso(value) : undefined;
  }
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof digits !== 'string' || !MS_DIGITS.test(digits)) return undefined;
  if (format === 'sequence' && (Number(digits) < 0 || Number(digits) > SEQUENCE_MAX)) return undefined;
  return inRange(BigInt(digits) * (format === 'epoch-ms' ? NANOS_PER_MS : NANOS_PER_SECOND));
};

const toNanos = (instant: Instant): bigint => {
  const days = daysFromCivil(Number(instant.slice(0, 4)), Number(instant.slice(5, 7)), Number(instant.slice(8, 10)));
  const ofDay =
    Number(instant.slice(11, 13)) * 3600 + Number(instant.slice(14, 16)) * 60 + Number(instant.slice(17, 19));
  return BigInt(days * 86_400 + ofDay) * NANOS_PER_SECOND + BigInt(instant.slice(20, 29));
};

/** The instant of a count of milliseconds since 1970 (what a clock port gives), or the first or last there is. */
export const instantFromMs = (ms: number): Instant => clamped(BigInt(Math.trunc(ms)) * NANOS_PER_MS);

/** Milliseconds since 1970, the rest cut off towards the past. */
export const instantToMs = (instant: Instant): number => {
  const nanos = toNanos(instant);
  return Number(nanos >= 0n ? nanos / NANOS_PER_MS : -((-nanos + NANOS_PER_MS - 1n) / NANOS_PER_MS));
};

/** The instant `ms` milliseconds later (earlier when negative), or the first or last there is. */
export const shiftInstant = (instant: Instant, ms: number): Instant =>
  clamped(toNanos(instant) + BigInt(Math.trunc(ms)) * NANOS_PER_MS);

/**
 * Writes an instant as a source's filter wants it, cut to milliseconds (or seconds) towards the past, so that a
 * `>=` filter made with it never starts too late.
 */
export const formatInstant = (instant: Instant, format: TimestampFormat): string => {
  switch (format) {
    case 'iso':
      return `${instant.slice(0, 23)}Z`;
    case 'iso-s':
      return `${instant.slice(0, 19)}Z`;
    case 'sql-s':
      return instant.slice(0, 19).replace('T', ' ');
    case 'epoch-ms':
      return String(instantToMs(instant));
    case 'epoch-s':
      return String(Math.floor(instantToMs(instant) / 1000));
    case 'sequence':
      return String(sequenceOf(instant));
  }
};

/** The sequence that an instant stands for; 0 for what lies before it. */
export const sequenceOf = (instant: Instant): number => Math.max(0, Math.floor(instantToMs(instant) / 1000));

/** -1, 0 or 1 as `a` is before, at or after `b`. */
export const compareInstants = (a: Instant, b: Instant): -1 | 0 | 1 => (a < b ? -1 : a > b ? 1 : 0);
