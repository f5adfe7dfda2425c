import { instantFromMs, instantToMs, parseInstant } from '../instant.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;
const FORMS = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) ${TIME} (?:GMT|UTC)$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) ${TIME} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`),
];

// Two digits mean the most recent year that ends in them and is no more than 50 years ahead.
const fullYear = (digits: string, nowMs: number): number => {
  if (digits.length === 4) return Number(digits);
  const thisYear = Number(instantFromMs(nowMs).slice(0, 4));
  const year = thisYear - (thisYear % 100) + Number(digits);
  return year > thisYear + 50 ? year - 100 : year;
};

/**
 * Reads a date as HTTP writes it, in each of its three forms, as milliseconds since 1970; undefined for anything else.
 *
 * Not `Date.parse`, which takes "-5" and "foo 7" for dates.
 * Source: RFC 9110 section 5.6.7.
 */
export const parseHttpDate = (text: string, nowMs: number): number | undefined => {
  const groups = FORMS.map((form) => form.exec(text.trim())?.groups).find((found) => found !== undefined);
  if (groups === undefined) return undefined;
  const { day = '', month = '', year = '', hour = '', minute = '', second = '' } = groups;
  const date = `${fullYear(year, nowMs)}-${twoDigits(MONTHS.indexOf(month) + 1)}-${twoDigits(Number(day))}`;
  // 60 is a leap second.
  const at = parseInstant(`${date}T${hour}:${minute}:${second === '60' ? '59' : second}Z`);
  return at === undefined ? undefined : instantToMs(at);
};

const twoDigits = (number: number): string => String(number).padStart(2, '0');
