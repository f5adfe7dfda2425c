import type { Create } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../../core/contract/name.ts';
import { REPLAY_MAX, type ReplayAnswer } from '../../core/protocol/dead-letter-routes.ts';
import { digest, uuid } from '../../core/protocol/cycle-routes.ts';
import { InputError, isBlank, optional, parseInput, withDefault } from '../input.ts';
import { sliceFields, sliceInput, sliceLabels, sliceOf } from '../letter-slice.ts';
import { type Call, step } from '../step.ts';
import { syncField } from '../sync-field.ts';

const labels = {
  sync: syncField.label,
  dead_letter_ids: 'Dead Letter IDs',
  ...sliceLabels,
  dry_run: 'Dry Run',
  per_minute: 'Records per Minute',
  plan_digest: 'Plan Digest',
} as const;

const PER_MINUTE_MAX = 6000;
const PER_MINUTE_DEFAULT = 60;

/** A list field, also one that a text with commas was mapped into. */
const ids = zod.preprocess(
  (value) =>
    (Array.isArray(value) ? value : [value])
      .flatMap((one: unknown) => (typeof one === 'string' ? one.split(/[\s,]+/) : one))
      .filter((one) => !isBlank(one)),
  zod.array(uuid).max(REPLAY_MAX),
);

const input = zod.object({
  sync: name,
  dead_letter_ids: ids,
  ...sliceInput,
  dry_run: withDefault(zod.union([zod.boolean(), zod.stringbool()]), true),
  per_minute: withDefault(zod.coerce.number().int().min(1).max(PER_MINUTE_MAX), PER_MINUTE_DEFAULT),
  plan_digest: optional(digest),
});
type Input = zod.output<typeof input>;

const selectionOf = (given: Input) => {
  const slice = sliceOf(given);
  if (given.dead_letter_ids.length === 0) return { kind: 'slice', slice } as const;
  if (Object.values(slice).some((value) => value !== undefined)) {
    throw new InputError(
      `the field "${labels.dead_letter_ids}" is filled in, and so are fields that choose dead letters`,
      'Fill in either IDs or the fields that choose',
    );
  }
  return { kind: 'ids', ids: given.dead_letter_ids } as const;
};

/** What later steps get. The keys are for ever. */
type Replayed = {
  readonly id: string;
  readonly sync: string;
  readonly dry_run: boolean;
  readonly replayed_count: number;
  readonly skipped_count: number;
  readonly left_count: number;
  readonly replayed: readonly {
    readonly dead_letter_id: string;
    readonly external_id: string;
    readonly updated_at: string;
    readonly not_before_at: string;
  }[];
  readonly skipped: readonly {
    readonly dead_letter_id: string;
    readonly external_id: string | null;
    readonly obstacle: string;
    readonly reason: string;
  }[];
  readonly plan_digest: string;
  readonly contract_version: string;
  readonly evidence_id: string | null;
};

const resultOf = (sync: string, answer: ReplayAnswer): Replayed => ({
  id: answer.replayId ?? answer.planDigest,
  sync,
  dry_run: answer.isDryRun,
  replayed_count: answer.replayed.length,
  skipped_count: answer.skipped.length,
  left_count: answer.left,
  replayed: answer.replayed.map((one) => ({
    dead_letter_id: one.id,
    external_id: one.externalId,
    updated_at: one.updatedAt,
    not_before_at: one.notBeforeAt,
  })),
  skipped: answer.skipped.map((one) => ({
    dead_letter_id: one.id,
    external_id: one.externalId,
    obstacle: one.obstacle,
    reason: one.reason,
  })),
  plan_digest: answer.planDigest,
  contract_version: answer.contractVersion,
  evidence_id: answer.evidenceId,
});

const perform = step(
  { action: 'replay dead letters of {sync}' },
  async ({ bundle, shell }: Call): Promise<Replayed> => {
    const given = parseInput(input, labels, bundle.inputData);
    const { sync } = given;
    const answer = await shell.store.replayDeadLetters(
      {},
      {
        requestId: shell.runtime.newId(),
        sync,
        selection: selectionOf(given),
        dryRun: given.dry_run,
        perMinute: given.per_minute,
        planDigest: given.plan_digest ?? null,
      },
    );
    return resultOf(sync, answer);
  },
);

/** Delivers dead letters again through the Zap that moves records. A dry run unless it is told otherwise. */
export const replayDeadLetters = {
  key: 'replay_dead_letters',
  noun: 'Replay',
  display: {
    label: 'Replay Dead Letters',
    description: 'Delivers dead letters again, in order and at a limited rate; a dry run only says which.',
  },
  operation: {
    inputFields: [
      syncField,
      {
        key: 'dead_letter_ids',
        label: labels.dead_letter_ids,
        type: 'string',
        list: true,
        required: false,
        helpText: 'Exactly these. Leave empty to take all open dead letters that the fields below choose.',
      },
      ...sliceFields,
      {
        key: 'dry_run',
        label: labels.dry_run,
        type: 'boolean',
        required: false,
        default: 'true',
        helpText: 'Whether to say only what would be replayed, in which order, and what not and why. Nothing is done.',
      },
      {
        key: 'per_minute',
        label: labels.per_minute,
        type: 'integer',
        required: false,
        default: String(PER_MINUTE_DEFAULT),
        helpText: 'At most so many records a minute, so that the live flow keeps its place.',
      },
      {
        key: 'plan_digest',
        label: labels.plan_digest,
        type: 'string',
        required: false,
        helpText:
          'Map it from the dry run that was agreed to: the replay is then refused when the list is another by now.',
      },
    ],
    perform,
    sample: {
      id: '3d6a1f0c-52b7-4a0e-9a3b-7e1f0d2c4b5a',
      sync: 'customers',
      dry_run: false,
      replayed_count: 1,
      skipped_count: 1,
      left_count: 0,
      replayed: [
        {
          dead_letter_id: '7c0f3a52-9b1e-4a67-8f4d-0a1b2c3d4e5f',
          external_id: 'C-10042',
          updated_at: '2026-03-02T09:15:27.123456700Z',
          not_before_at: '2026-03-02T10:00:00.000000000Z',
        },
      ],
      skipped: [
        {
          dead_letter_id: '1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b',
          external_id: 'C-10077',
          obstacle: 'newer_version',
          reason: 'A newer version is on the target',
        },
      ],
      plan_digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      contract_version: '4.1.2-5f2b8c1d9e0a',
      evidence_id: '9a2f7c1e-6d0b-4f5a-8f3c-2b7de1c5a904',
    },
    outputFields: [
      { key: 'id', label: 'Replay ID', type: 'string' },
      { key: 'sync', label: 'Sync', type: 'string' },
      { key: 'dry_run', label: 'Dry Run', type: 'boolean' },
      { key: 'replayed_count', label: 'Replayed Count', type: 'integer' },
      { key: 'skipped_count', label: 'Skipped Count', type: 'integer' },
      { key: 'left_count', label: 'Left Count', type: 'integer' },
      {
        key: 'replayed',
        label: 'Replayed',
        children: [
          { key: 'dead_letter_id', label: 'Dead Letter ID', type: 'string' },
          { key: 'external_id', label: 'External ID', type: 'string' },
          { key: 'updated_at', label: 'Updated At', type: 'datetime' },
          { key: 'not_before_at', label: 'Not Before', type: 'datetime' },
        ],
      },
      {
        key: 'skipped',
        label: 'Skipped',
        children: [
          { key: 'dead_letter_id', label: 'Dead Letter ID', type: 'string' },
          { key: 'external_id', label: 'External ID', type: 'string' },
          { key: 'obstacle', label: 'Obstacle', type: 'string' },
          { key: 'reason', label: 'Reason', type: 'string' },
        ],
      },
      { key: 'plan_digest', label: 'Plan Digest', type: 'string' },
      { key: 'contract_version', label: 'Contract Version', type: 'string' },
      { key: 'evidence_id', label: 'Evidence ID', type: 'string' },
    ],
  },
} satisfies Create;
