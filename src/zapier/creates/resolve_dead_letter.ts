import type { Create } from 'zapier-platform-core';
import * as zod from 'zod';
import { uuid } from '../../core/protocol/cycle-routes.ts';
import { REASON_CHARS_MAX } from '../../core/protocol/reason.ts';
import { type DeadLetterItem, deadLetterFields, deadLetterItem, deadLetterSample } from '../dead-letter-item.ts';
import { InputError, optional, parseInput, withDefault } from '../input.ts';
import { type Call, step } from '../step.ts';

const labels = {
  dead_letter_id: 'Dead Letter ID',
  reason: 'Reason',
  waive: 'Waive',
  person: 'Person',
  ticket: 'Ticket',
} as const;

const PERSON_CHARS_MAX = 200;
const TICKET_CHARS_MAX = 100;

const input = zod.object({
  dead_letter_id: uuid,
  reason: zod.string().trim().min(1).max(REASON_CHARS_MAX),
  waive: withDefault(zod.union([zod.boolean(), zod.stringbool()]), false),
  person: optional(zod.string().trim().max(PERSON_CHARS_MAX)),
  ticket: optional(zod.coerce.string().trim().max(TICKET_CHARS_MAX)),
});
type Input = zod.output<typeof input>;

const waiverOf = ({ waive, person, ticket }: Input) => {
  if (!waive && (person !== undefined || ticket !== undefined)) {
    throw new InputError(
      `"${labels.person}" and "${labels.ticket}" are those of a waiver, and "${labels.waive}" is not switched on`,
      `Switch "${labels.waive}" on, or leave both empty`,
    );
  }
  if (!waive) return null;
  if (person !== undefined && person !== '' && ticket !== undefined && ticket !== '') return { person, ticket };
  throw new InputError(
    'a record is waived by a person and under a ticket, and one of them is missing',
    `Fill in "${labels.person}" and "${labels.ticket}"`,
  );
};

const perform = step({ action: 'resolve a dead letter' }, async ({ bundle, shell }: Call): Promise<DeadLetterItem> => {
  const given = parseInput(input, labels, bundle.inputData);
  const { dead_letter_id: deadLetter, reason, waive } = given;
  const waiver = waiverOf(given);
  return deadLetterItem(await shell.store.resolveDeadLetter({ deadLetter }, { reason, waive, waiver }));
});

/** Closes a dead letter, with a reason and in the name of the connection's key. */
export const resolveDeadLetter = {
  key: 'resolve_dead_letter',
  noun: 'Dead Letter',
  display: {
    label: 'Resolve Dead Letter',
    description: 'Closes a dead letter with a reason, or waives its record in the name of a person.',
  },
  operation: {
    inputFields: [
      {
        key: 'dead_letter_id',
        label: labels.dead_letter_id,
        type: 'string',
        required: true,
        helpText: 'Map it from Find Dead Letter. Its payload is dropped when it is closed.',
      },
      {
        key: 'reason',
        label: labels.reason,
        type: 'text',
        required: true,
        helpText: 'Why nothing more has to be done. Leave values of the record out: it is kept with the dead letter.',
      },
      {
        key: 'waive',
        label: labels.waive,
        type: 'boolean',
        required: false,
        default: 'false',
        helpText:
          'Whether the record is left as it is for good. A waiver needs a person and a ticket, and is evidence.',
      },
      {
        key: 'person',
        label: labels.person,
        type: 'string',
        required: false,
        helpText: 'Who answers for the waiver, by name.',
      },
      {
        key: 'ticket',
        label: labels.ticket,
        type: 'string',
        required: false,
        helpText: 'The ticket under which the waiver was decided.',
      },
    ],
    perform,
    sample: {
      ...deadLetterSample,
      closed_at: '2026-03-02T11:02:41.000000000Z',
      closed_as: 'waived',
      closed_reason: 'A test record of the source',
      closed_by: 'zapier-operations',
      waived_by: 'Grace Example',
      ticket: 'OPS-77',
    },
    outputFields: [...deadLetterFields],
  },
} satisfies Create;
