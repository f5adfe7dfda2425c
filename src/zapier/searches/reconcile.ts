import type { Search } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { compareInstants } from '../../core/instant.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import { reconcile as runReconcile, type ReconcileRequest } from '../../engine/reconcile.ts';
import { InputError, optional, parseInput, withDefault } from '../input.ts';
import { type Report, reportFields, reportOf, reportSample } from '../reconcile-report.ts';
import { type Call, step } from '../step.ts';
import { syncField } from '../sync-field.ts';

const WINDOW_HOURS_MAX = 31 * 24;

const labels = {
  sync: syncField.label,
  stream: 'Stream',
  window_hours: 'Window in Hours',
  from: 'From',
  to: 'To',
  repair: 'Repair',
} as const;

const input = zod.object({
  sync: name,
  stream: withDefault(name, 'main'),
  window_hours: optional(zod.coerce.number().int().min(1).max(WINDOW_HOURS_MAX)),
  from: optional(instantText),
  to: optional(instantText),
  repair: optional(zod.union([zod.boolean(), zod.stringbool()])),
});
type Input = zod.output<typeof input>;

const windowOf = ({ window_hours: hours, from, to }: Input): ReconcileRequest['window'] => {
  if (from === undefined && to !== undefined) {
    throw new InputError(`the field "${labels.to}" is filled in and "${labels.from}" is not`);
  }
  if (from !== undefined && hours !== undefined) {
    throw new InputError(
      `the fields "${labels.from}" and "${labels.window_hours}" are both filled in`,
      'Leave one of them empty',
    );
  }
  if (from !== undefined && to !== undefined && compareInstants(from, to) >= 0) {
    throw new InputError(`the field "${labels.to}" is not after "${labels.from}"`);
  }
  if (from !== undefined) return { kind: 'between', from, to: to ?? null };
  return hours === undefined ? { kind: 'contract' } : { kind: 'hours', hours };
};

const perform = step({ action: 'reconcile {sync}' }, async ({ bundle, shell }: Call): Promise<Report[]> => {
  const given = parseInput(input, labels, bundle.inputData);
  const { sync, stream, repair } = given;
  const window = windowOf(given);
  return [reportOf(await runReconcile(shell, { sync, stream, window, repair: repair ?? null }))];
});

/** One reconciliation run as the step of a scheduled Zap. It always finds exactly one thing: its report. */
export const reconcile = {
  key: 'reconcile',
  noun: 'Reconciliation',
  display: {
    label: 'Reconcile Records',
    description:
      'Compares the records that changed in a window of time on both sides of a sync, and says whether they match.',
  },
  operation: {
    inputFields: [
      syncField,
      {
        key: 'stream',
        label: labels.stream,
        type: 'string',
        required: false,
        default: 'main',
        dynamic: 'stream_list.id.label',
        dependsOn: ['sync'],
        helpText: 'The stream that repairs are delivered through: the name that the Zap with the trigger has.',
      },
      {
        key: 'window_hours',
        label: labels.window_hours,
        type: 'integer',
        required: false,
        helpText: 'How many hours back to compare. Leave this and From empty to use the window of the contract.',
      },
      {
        key: 'from',
        label: labels.from,
        type: 'datetime',
        required: false,
        helpText: 'The beginning of the window, in the place of a number of hours.',
      },
      {
        key: 'to',
        label: labels.to,
        type: 'datetime',
        required: false,
        helpText:
          'The end of the window. Leave empty for now, less the time that the contract gives changes to arrive.',
      },
      {
        key: 'repair',
        label: labels.repair,
        type: 'boolean',
        required: false,
        helpText: 'Whether missing and changed records are delivered again. Leave empty to do as the contract says.',
      },
    ],
    perform,
    sample: reportSample,
    outputFields: [...reportFields],
  },
} satisfies Search;
