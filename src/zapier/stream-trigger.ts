import type { Bundle, PlainInputField, PlainOutputField, ZObject } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../core/contract/name.ts';
import { digestText } from '../core/digest.ts';
import { instantFromMs, shiftInstant } from '../core/instant.ts';
import { instantText, type StreamStart } from '../core/read/checkpoint.ts';
import { poll, type PollResult } from '../engine/poll.ts';
import { sample } from '../engine/sample.ts';
import { recordFields } from './contract-fields.ts';
import { fromSystem, StepError } from './errors.ts';
import { InputError, optional, parseInput, withDefault } from './input.ts';
import { errorMessage } from './message.ts';
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
      'The name under which this Zap keeps its place. Every Zap on the same sync needs a name of its own: of two that share one, one is refused.',
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

type ZapId = string | undefined;

/** Switching the Zap on creates the stream. One that exists keeps its checkpoint, so what changed meanwhile is not lost. */
const turnOn = async (shell: Shell, chosen: Input, zapId: ZapId): Promise<void> => {
  const { sync, stream } = chosen;
  await shell.store.openStream({ sync, stream }, { start: startOf(chosen), zapId: zapId ?? null });
};

/** Two Zaps poll one stream: each would get some of its records, so each is told which the other is. */
const contested = ({ sync, stream }: Input, { as, zapId }: Extract<PollResult, { kind: 'contested' }>): StepError => {
  const [reason, nextStep] =
    as === 'rival'
      ? [
          `Zap ${zapId} polls stream "${stream}" already`,
          'Give this Zap a stream name of its own, or switch that one off. Nothing is lost',
        ]
      : [
          `Zap ${zapId} wants stream "${stream}" too, and was refused`,
          'Give it a stream name of its own, or switch it off. Nothing is lost: this Zap goes on with its next poll',
        ];
  const message = errorMessage(`poll sync "${sync}"`, reason, nextStep);
  return new StepError({ kind: 'error', message, code: 'conflict', status: 409 });
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
  chosen: Input & { readonly zapId: ZapId },
  { limit, itemsOf, newestFirst }: Shape<Item>,
): Promise<Item[]> => {
  const { sync, stream, zapId } = chosen;
  const result = await poll(shell, { sync, stream, zapId, ...(limit === undefined ? {} : { limit }) });
  // The other poll hands out what there is.
  if (result.kind === 'busy') return [];
  if (result.kind === 'contested') throw contested(chosen, result);
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

const ZAP_ID_CHARS_MAX = 100;

/** Zapier's number of the Zap. It is deprecated and not always there; without it two Zaps on one stream go unnoticed. */
const zap = zod
  .object({ id: zod.union([zod.string().min(1).max(ZAP_ID_CHARS_MAX), zod.int().transform(String)]) })
  .optional()
  .catch(undefined);

// The editor's and the test tools' bundles lack what does not concern them.
const mode = zod
  .object({ isPopulatingDedupe: zod.boolean().default(false), isLoadingSample: zod.boolean().default(false), zap })
  .prefault({});

/** What a trigger on a stream does: nothing but the stream when the Zap is switched on, samples in the editor, else a poll. */
export const streamPerform = <Item extends { readonly id: string }>(shape: Shape<Item>) =>
  step({ action: 'poll {sync}' }, async (call: Call): Promise<Item[]> => {
    const { bundle, shell } = call;
    const chosen = parseInput(input, labels, bundle.inputData);
    const meta = mode.parse(bundle.meta);
    const zapId = meta.zap?.id;
    if (meta.isPopulatingDedupe) {
      await turnOn(shell, chosen, zapId);
      return [];
    }
    if (meta.isLoadingSample) return [...shape.itemsOf(await load(shell, chosen))];
    return live(call, { ...chosen, zapId }, shape);
  });

/** The fields of the sync's records, each under the given prefix. */
export const streamFields = (prefix: string): ((z: ZObject, bundle: Bundle) => Promise<PlainOutputField[]>) =>
  step({ action: 'read the fields of {sync}' }, async ({ bundle, shell }) => {
    const { sync } = parseInput(zod.object({ sync: optional(name) }), labels, bundle.inputData);
    return sync === undefined ? [] : recordFields((await fetchContract(shell, sync)).sync, prefix);
  });
