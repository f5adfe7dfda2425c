import { sql } from 'kysely';
import { storableReason } from '../../core/protocol/reason.ts';
import { fileDeadLetter, findOrigin, type NewDeadLetter } from './dead-letters-table.ts';
import type { ContextField } from './schema.ts';
import type { Work } from './work.ts';

type Reviewed = Omit<NewDeadLetter, 'stage' | 'errorClass' | 'reason'>;

const valuesOf = (context: readonly ContextField[], fields: readonly string[]): string =>
  JSON.stringify(fields.map((name) => context.find(({ field }) => field === name)?.pseudonym ?? null));

/** True where a person has closed the last review of the record, and the source says of these fields what it said then. */
const isDecided = async (work: Work, { sync, externalId, ...letter }: Reviewed, kept: readonly string[]) => {
  const found = await sql<{ context: ContextField[] }>`
    select context from dead_letters
    where environment = ${work.caller.environment} and sync = ${sync} and external_id = ${externalId}
      and stage = 'review' and closed_as in ('resolved', 'waived')
    order by number desc limit 1
  `.execute(work.tx);
  const [last] = found.rows;
  // Of a record that a Zap brought itself no values are known: it is asked about again.
  if (last === undefined || letter.obligationId === null) return false;
  const { context } = await findOrigin(work, letter);
  return valuesOf(last.context, kept) === valuesOf(context, kept);
};

/**
 * Leaves to a person the fields that the target owns and where it holds another value than the source: a dead letter
 * of a version that was written but for them. What a person has decided on is not asked again while the source says
 * the same. Two statements and those of the dead letter.
 */
export const fileReview = async (work: Work, letter: Reviewed, kept: readonly string[]): Promise<void> => {
  if (await isDecided(work, letter, kept)) return;
  const reason = storableReason(`The target owns ${kept.join(', ')} and holds another value than the source`);
  await fileDeadLetter(work, { ...letter, stage: 'review', errorClass: 'conflict', reason });
};
