/**
 * Reads a date or time as Zapier does and writes it as `2026-01-31T09:00:00+01:00` in the user's zone.
 * A date without a time is at 09:00. Unix timestamps count seconds up to 12 digits, then milliseconds.
 * Zapier also reads plain words ("next tuesday at 9"); the stand-in reads ISO 8601 and whatever JavaScript's
 * own Date reads, and like Zapier gives the present where it finds no time at all.
 */
export const coerceDatetime = (text: string, timezone: string, nowMs: number): string =>
  formatInZone(readInstant(text.trim(), timezone) ?? nowMs, timezone);

const isoText = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;

const readInstant = (text: string, timezone: string): number | null => {
  const iso = isoText.exec(text);
  if (iso !== null) {
    const [, date = '', time = '09:00', seconds = '00', zone] = iso;
    if (zone !== undefined) return finite(Date.parse(`${date}T${time}:${seconds}${withColon(zone)}`));
    return localInstant(`${date}T${time}:${seconds}`, timezone);
  }
  const digits = /-?\d{10,14}/.exec(text)?.[0];
  if (digits !== undefined) return Number(digits) * (digits.length <= 12 ? 1_000 : 1);
  return finite(Date.parse(text));
};

const withColon = (zone: string): string => (/^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone);

const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

/** The instant at which a wall clock of the zone shows this text. */
const localInstant = (text: string, timezone: string): number | null => {
  const asUtc = finite(Date.parse(`${text}Z`));
  if (asUtc === null) return null;
  const firstGuess = asUtc - offsetMs(asUtc, timezone);
  // Beside a change of summer time the offset at the guess is the right one.
  return asUtc - offsetMs(firstGuess, timezone);
};

const formatInZone = (ms: number, timezone: string): string => {
  const offset = offsetMs(ms, timezone);
  const local = new Date(ms + offset).toISOString().slice(0, 19);
  const minutes = Math.abs(offset) / 60_000;
  const pad = (part: number): string => String(Math.floor(part)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${pad(minutes / 60)}:${pad(minutes % 60)}`;
};

/** Milliseconds that the zone is ahead of UTC at an instant. */
const offsetMs = (ms: number, timezone: string): number => {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' }).formatToParts(ms);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours = '0', minutes = '0'] = /^GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
  const size = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? -size : size;
};
