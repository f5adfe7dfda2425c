import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { type Instant, instantFromMs, parseInstant } from '../core/instant.ts';

const PORT_MAX = 65_535;
const HOUR_MS = 3_600_000;
const HOURS: Readonly<Record<string, number>> = { h: 1, d: 24, w: 7 * 24 };
const YEARS_MAX_MS = 10 * 365 * 24 * HOUR_MS;

/** A whole number of a range, for commander, which shows the message beside the option. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };

export const port = wholeNumber(0, PORT_MAX);

/** A length of time such as 12h, 90d or 4w, in milliseconds. */
export const duration = (text: string): number => {
  const [, count = '', unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const ms = Number(count) * (HOURS[unit] ?? 0) * HOUR_MS;
  if (ms > 0 && ms <= YEARS_MAX_MS) return ms;
  throw new InvalidArgumentError('Give a length of time such as 12h, 90d or 4w, at most ten years.');
};

/** When a length of time from now is over; null for none. */
export const instantAfter = (ms: number | undefined, nowMs: number): Instant | null =>
  ms === undefined ? null : instantFromMs(nowMs + ms);

/** A point in time in ISO 8601; one without a zone is taken as UTC. */
export const instant = (text: string): Instant => {
  const parsed = parseInstant(text);
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError('Give a date and time in ISO 8601, such as 2026-11-21T09:00:00Z.');
};

/** The ID of a thing that the store has made. */
export const uuid = (text: string): string => {
  const parsed = z.uuid().safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('Give an ID as the list shows it.');
};
