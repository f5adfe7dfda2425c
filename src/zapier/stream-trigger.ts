import type { Bundle, PlainInputField, PlainOutputField, ZObject } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../core/contract/name.ts';
import { digestText } from '../core/digest.ts';
import { instantFromMs, shiftInstant } from '../core/instant.ts';
import { instantText, type StreamStart } from '../core/read/checkpoint.ts';
import { poll } from '../engine/poll.ts';
import { sample } from '../engine/sample.ts';
import { recordFields } from './contract-fields.ts';
import { fromSystem, StepError } from './errors.ts';
import { InputError, optional, parseInput, withDefault } from './input.ts';
import { ITEMS_BYTES_MAX, type RecordItem, recordItem, requireOwnIds, thatFit } from './record-item.ts';
import { fetchContract, type Shell } from './shell.ts';
import { type Call, step } from './step.ts';
import { syncField } from './sync-field.ts';

const labels = { sync: syncField.label, stream: 'Stream', start: 'Start', start_at: 'Start At' } as const;

const input = zod.object({
  sync: name,
  stream: withDefault(name, 'main'),
  start: withDefault(zod.enum(['now', 'beginning', 'date']), 'now'),
  start_at: optional(instantText),
});
type Input = zod.output<typeof input>;

/** What a trigger on a stream asks its user. */
export const streamInputFields = [
  { ...syncField, altersDynamicFields: true },
  {
    key: 'stream',
    label: labels.stream,
    type: 'string',
    required: false,
    default: 'main',
    helpText:
      'The name under which this Zap keeps its place. Every Zap on the same sync needs a name of its own: two that share one share its records.',
  },
  {
    key: 'start',
    label: labels.start,
    type: 'string',
    required: false,
    default: 'now',
    choices: [
      { value: 'now', label: 'Changes from now on', sample: 'now' },
      { value: 'beginning', label: 'Every record, from the beginning', sample: 'beginning' },
      { value: 'date', label: 'Changes since a date', sample: 'date' },
    ],
    helpText: 'Where a new stream begins. One that exists goes on where it stopped, also after the Zap was off.',
  },
  {
    key: 'start_at',
    label: labels.start_at,
    type: 'datetime',
    required: false,
    helpText: 'Only for a start at a date: records changed before it are not read.',
  },
] as const satisfies PlainInputField[];

const startOf = ({ start, start_at: at }: Input): StreamStart => {
  switch (start) {
    case 'now':
    case 'beginning':
      return { kind: start };
    case 'date':
      if (at === undefined) {
        throw new InputError(`the field "${labels.start_at}" must be filled in when Start is a date`);
      }
      return { kind: 'at', at };
  }
};

/** Switching the Zap on creates the stream. One that exists keeps its checkpoint, so what changed meanwhile is not lost. */
const turnOn = async (shell: Shell, chosen: Input): Promise<void> => {
  const { sync, stream } = chosen;
  await shell.store.openStream({ sync, stream }, { start: startOf(chosen) });
};

/** Three records for the editor, in the true shape: nothing is recorded, and no delivery stands behind them. */
const load = async (shell: Shell, { sync, stream }: Input): Promise<RecordItem[]> => {
  const { driver, runtime } = shell;
  const result = await sample(await fetchContract(shell, sync), driver, runtime);
  if (result.kind === 'failed') {
    throw new StepError(fromSystem(result.failure, `load samples of sync "${sync}"`, runtime.random()));
  }
  const contract = result.prepared.bundle.sync;
  const openedAt = instantFromMs(runtime.now());
  const deadlineAt = shiftInstant(openedAt, contract.sla.freshnessMinutes * 60_000);
  const traceId = runtime.newId();
  return result.records.map(({ record, fields }, index) =>
    recordItem(contract, {
      deliveryId: `sample-${index + 1}-${digestText(record.id).slice(0, 16)}`,
      externalId: record.id,
      updatedAt: record.updatedAt,
      // Keyed digests come from the store; a sample's tells its version and nothing of its values.
      digest: digestText(`${record.id}/${record.updatedAt}`),
      attempt: 1,
      stream,
      traceId,
      openedAt,
      deadlineAt,
      fields,
    }),
  );
};

/** How a trigger turns records into items for Zapier. */
type Shape<Item> = {
  /** Most records of one poll; the contract's `delivery.emitMax` when it is left out. */
  readonly limit?: number;
  /** Given the records most urgent first; gives the items in the same order. */
  readonly itemsOf: (records: readonly RecordItem[]) => readonly Item[];
  /** Newest first, as Zapier wants a poll: it plays the items from the end. */
  readonly newestFirst: (items: readonly Item[]) => Item[];
};

const live = async <Item extends { readonly id: string }>(
  { z, shell }: Call,
  { sync, stream }: Input,
  { limit, itemsOf, newestFirst }: Shape<Item>,
): Promise<Item[]> => {
  const result = await poll(shell, { sync, stream, ...(limit === undefined ? {} : { limit }) });
  // The other poll hands out what there is.
  if (result.kind === 'busy') return [];
  const { failure, traceId } = result;
  if (failure !== null && result.items.length === 0) {
    throw new StepError(fromSystem(failure, `poll sync "${sync}"`, shell.runtime.random()));
  }
  const contract = result.prepared.bundle.sync;
  const items = itemsOf(
    result.items.map(({ payload, ...delivery }) =>
      recordItem(contract, { ...delivery, stream, traceId, fields: payload }),
    ),
  );
  requireOwnIds(items);
  const fitting = thatFit(items, ITEMS_BYTES_MAX);
  const cutOff = items.length - fitting.length;
  // Only counts go to the console: Zapier keeps its lines.
  if (failure !== null || cutOff > 0) {
    z.console.log(
      `Poll ${traceId}: ${result.pages} pages, ${fitting.length} items, ${cutOff} left for later${failure === null ? '' : `, reading ended early (${failure.kind})`}`,
    );
  }
  return newestFirst(fitting);
};

// The editor's and the test tools' bundles lack what does not concern them.
const mode = zod
  .object({ isPopulatingDedupe: zod.boolean().default(false), isLoadingSample: zod.boolean().default(false) })
  .prefault({});

/** What a trigger on a stream does: nothing but the stream when the Zap is switched on, samples in the editor, else a poll. */
export const streamPerform = <Item extends { readonly id: string }>(shape: Shape<Item>) =>
  step({ action: 'poll {sync}' }, async (call: Call): Promise<Item[]> => {
    const { bundle, shell } = call;
    const chosen = parseInput(input, labels, bundle.inputData);
    const { isPopulatingDedupe, isLoadingSample } = mode.parse(bundle.meta);
    if (isPopulatingDedupe) {
      await turnOn(shell, chosen);
      return [];
    }
    return isLoadingSample ? [...shape.itemsOf(await load(shell, chosen))] : live(call, chosen, shape);
  });

/** The fields of the sync's records, each under the given prefix. */
export const streamFields = (prefix: string): ((z: ZObject, bundle: Bundle) => Promise<PlainOutputField[]>) =>
  step({ action: 'read the fields of {sync}' }, async ({ bundle, shell }) => {
    const { sync } = parseInput(zod.object({ sync: optional(name) }), labels, bundle.inputData);
    return sync === undefined ? [] : recordFields((await fetchContract(shell, sync)).sync, prefix);
  });
