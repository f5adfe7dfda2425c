import type { z } from 'zod';
import type { PageReply, Scan } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';

/** What the store keeps of a position in a source. */
const TOKEN_CHARS_MAX = 3999;

export type TokenState<T> =
  | { readonly kind: 'state'; readonly state: T }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/**
 * Reads a token of this driver back.
 *
 * A token that is not one, such as one made before the contract changed its paging, is `rejected`: that is how a
 * system refuses an expired token too, and the reader starts again from its mark.
 */
export const readToken = <T>(schema: z.ZodType<T>, token: string, subject: string): TokenState<T> => {
  const parsed = schema.safeParse(parse(token));
  return parsed.success
    ? { kind: 'state', state: parsed.data }
    : {
        kind: 'failed',
        failure: {
          kind: 'rejected',
          status: 0,
          reason: `Cannot go on reading ${subject}: the page token is of another paging style`,
        },
      };
};

/** Ends a page with the state to go on from, null when the source says there is no more, and how the scan stands. */
export const pageWith = (
  page: Pick<Extract<PageReply, { kind: 'page' }>, 'records' | 'unusable'>,
  state: object | null,
  subject: string,
  scan?: Scan,
): PageReply => {
  const nextToken = state === null ? null : JSON.stringify(state);
  if (nextToken !== null && nextToken.length > TOKEN_CHARS_MAX) {
    const reason = `Cannot go on reading ${subject}: the position takes ${nextToken.length} characters; at most ${TOKEN_CHARS_MAX} are kept`;
    return { kind: 'failed', failure: { kind: 'malformed', reason } };
  }
  const { records, unusable } = page;
  return { kind: 'page', records, unusable, nextToken, ...(scan === undefined ? {} : { scan }) };
};

const parse = (token: string): unknown => {
  try {
    return JSON.parse(token);
  } catch {
    // Not even JSON: no schema takes undefined, so that the caller hears of it as of any other foreign token.
    return undefined;
  }
};
