import type { Create } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { storableReason } from '../../core/protocol/reason.ts';
import type { StorePort } from '../../core/protocol/store-port.ts';
import { fromUpsert, StepError } from '../errors.ts';
import { InputError, optional, parseInput } from '../input.ts';
import { type Call, step } from '../step.ts';
import { syncField } from '../sync-field.ts';
import { deliveryId, isSampleId } from '../write-subject.ts';

const labels = {
  sync: syncField.label,
  delivery_id: 'Delivery ID',
  outcome: 'Outcome',
  target_id: 'Target ID',
  reason: 'Reason',
} as const;

// A longer one the store would refuse.
const TARGET_ID_CHARS_MAX = 500;

const input = zod.object({
  sync: name,
  delivery_id: deliveryId,
  outcome: zod.enum(['applied', 'failed']),
  target_id: optional(zod.coerce.string().max(TARGET_ID_CHARS_MAX)),
  reason: optional(zod.string()),
});
type Input = zod.output<typeof input>;

type Acknowledgement = Awaited<ReturnType<StorePort['acknowledgeDelivery']>>;
type Outcome = Parameters<StorePort['acknowledgeDelivery']>[1]['outcome'];

/** What later steps get. The keys are for ever. */
type Acknowledged = {
  readonly id: string;
  readonly status: Extract<Acknowledgement, { kind: 'settled' }>['status'];
  readonly sync: string;
  readonly external_id: string;
  readonly target_id: string | null;
};

const outcomeOf = ({ outcome, target_id: targetId, reason }: Input): Outcome => {
  if (outcome === 'applied') return { kind: 'applied', targetId: targetId ?? null };
  if (reason === undefined) {
    throw new InputError(`the field "${labels.reason}" must be filled in when the outcome is failed`);
  }
  return { kind: 'failed', reason: storableReason(reason) };
};

const perform = step(
  { action: 'acknowledge a delivery of {sync}' },
  async ({ bundle, shell }: Call): Promise<Acknowledged> => {
    const given = parseInput(input, labels, bundle.inputData);
    const { sync, delivery_id: id } = given;
    if (isSampleId(id)) {
      throw new InputError(
        'its Delivery ID is that of a sample, which nobody waits for',
        'Skip this test and turn the Zap on',
      );
    }
    const reply = await shell.store.acknowledgeDelivery({}, { sync, deliveryId: id, outcome: outcomeOf(given) });
    if (reply.kind === 'in_progress') {
      const retry = {
        kind: 'retry',
        afterMs: reply.retryAfterMs,
        reason: 'Another run is writing this record',
      } as const;
      throw new StepError(fromUpsert(retry, `acknowledge a delivery of sync "${sync}"`, shell.runtime.random()));
    }
    return { id, status: reply.status, sync, external_id: reply.externalId, target_id: reply.targetId };
  },
);

/** Settles a delivery that the Zap wrote with an action of another app. */
export const acknowledgeDelivery = {
  key: 'acknowledge_delivery',
  noun: 'Delivery',
  display: {
    label: 'Acknowledge Delivery',
    description: 'Tells what became of a record that the Zap wrote with an action of another app.',
  },
  operation: {
    inputFields: [
      syncField,
      {
        key: 'delivery_id',
        label: labels.delivery_id,
        type: 'string',
        required: true,
        helpText:
          'Map it from a Tidemark trigger of the same sync. A sample has none that counts: skip the test of this step.',
      },
      {
        key: 'outcome',
        label: labels.outcome,
        type: 'string',
        required: true,
        choices: [
          { value: 'applied', label: 'Applied: the record is on the target', sample: 'applied' },
          { value: 'failed', label: 'Failed: the record was given up on', sample: 'failed' },
        ],
        helpText:
          'Applied only after the step that wrote it. There is no skipping: a record that must not move is kept out where it is read. One that a filter or path leaves out is acknowledged as Failed, with the rule as its reason, for its owner to decide on.',
      },
      {
        key: 'target_id',
        label: labels.target_id,
        type: 'string',
        required: false,
        helpText:
          'The ID that the record has on the target, from the step that wrote it. Kept beside the External ID, so that both can be found.',
      },
      {
        key: 'reason',
        label: labels.reason,
        type: 'text',
        required: false,
        helpText:
          'Needed when the outcome is Failed: why, for the owner of the dead letter. It is shown to everyone with a key, so map no value of the record.',
      },
    ],
    perform,
    sample: {
      id: '0d5b7c5e-4f0a-4d2e-8a55-0c8d8a3f6f10',
      status: 'applied',
      sync: 'customers',
      external_id: 'C-10042',
      target_id: '003-58211',
    },
    outputFields: [
      { key: 'id', label: 'Delivery ID', type: 'string' },
      { key: 'status', label: 'Status', type: 'string' },
      { key: 'sync', label: 'Sync', type: 'string' },
      { key: 'external_id', label: 'External ID', type: 'string' },
      { key: 'target_id', label: 'Target ID', type: 'string' },
    ],
  },
} satisfies Create;
