import { type RawBuilder, sql } from 'kysely';
import type { LetterSlice } from '../../core/protocol/dead-letter-routes.ts';

/** The conditions of a slice on the rows `d` of dead letters and `s` of streams. Its text is always the same. */
export const inSlice = (slice: LetterSlice): RawBuilder<unknown> => {
  const { stream = null, stage = null, errorClass = null, externalId = null } = slice;
  const { openedAfter = null, openedBefore = null } = slice;
  return sql`
    (${stream}::text is null or s.name = ${stream})
    and (${stage}::text is null or d.stage = ${stage})
    and (${errorClass}::text is null or d.error_class = ${errorClass})
    and (${externalId}::text is null or d.external_id = ${externalId})
    and (${openedAfter}::text is null or d.opened_at >= ${openedAfter})
    and (${openedBefore}::text is null or d.opened_at < ${openedBefore})`;
};
