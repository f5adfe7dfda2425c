import { digestText } from '../digest.ts';
import type { Instant } from '../instant.ts';
import type { JsonObject } from '../json.ts';
import type { Circuit } from './circuit.ts';

/** The evidence of a change of state; undefined where the state is as it was. */
export const changeOf = (system: string, before: Circuit, after: Circuit, by?: JsonObject): JsonObject | undefined => {
  if (before.state === after.state) return undefined;
  const { openings, retryAt, notBefore, probe } = after;
  const body = { system, before: before.state, after: after.state, openings, retryAt, notBefore, probe };
  return by === undefined ? body : { ...body, by };
};

/**
 * A number in [0, 1) for the jitter of one system at one time: made of the two, so that whoever computes it again gets
 * the same, and different for each system, so that they are not all tried at once.
 */
export const jitterOf = (system: string, now: Instant): number =>
  Number.parseInt(digestText(`${system} ${now}`).slice(0, 8), 16) / 2 ** 32;
