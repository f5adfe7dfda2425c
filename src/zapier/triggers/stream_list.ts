import type { Trigger } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { optional, parseInput } from '../input.ts';
import { step } from '../step.ts';
import { syncField } from '../sync-field.ts';

type StreamChoice = { readonly id: string; readonly label: string };

const input = zod.object({ sync: optional(name) });

const perform = step({ action: 'list the streams' }, async ({ bundle, shell }): Promise<StreamChoice[]> => {
  const { sync } = parseInput(input, { sync: syncField.label }, bundle.inputData);
  if (sync === undefined) return [];
  const { syncs } = await shell.store.listSyncs({}, {});
  const chosen = syncs.find((one) => one.name === sync);
  return (chosen?.streams ?? []).map((stream) => ({ id: stream, label: stream }));
});

/** Fills the dropdown of the streams of the sync that is chosen. */
export const streamList = {
  key: 'stream_list',
  noun: 'Stream',
  display: {
    label: 'List of Streams',
    description: 'Triggers when a stream is added; it fills the dropdown of streams and is not for use in a Zap.',
    hidden: true,
  },
  operation: {
    type: 'polling',
    inputFields: [{ ...syncField, required: false }],
    perform,
    sample: { id: 'main', label: 'main' },
    outputFields: [
      { key: 'id', label: 'Name', type: 'string' },
      { key: 'label', label: 'Label', type: 'string' },
    ],
  },
} satisfies Trigger;
