import { z } from 'zod';
import app from '../../src/zapier/index.ts';
import { OVERRIDE_PREFIX } from '../../src/zapier/contract-fields.ts';

// Live Zaps hold these names: they map them, and Zapier remembers records by the primary ones. Renaming or removing one
// breaks Zaps that nobody is looking at. A name may be added here; none may ever be changed or taken away.
const frozen = {
  authentication: { fields: ['store_url', 'api_key'] },
  triggers: {
    record_changed: {
      input: ['sync', 'stream', 'start', 'start_at'],
      choices: { start: ['now', 'beginning', 'date'] },
      primary: ['id'],
      output: [
        'id',
        'delivery_id',
        'sync',
        'stream',
        'external_id',
        'updated_at',
        'version',
        'attempt',
        'trace_id',
        'observed_at',
        'deadline_at',
        'route',
        'record_json',
      ],
      // `record` holds the fields of the contract, which the trigger states as `record__<field>`.
      sample: ['record'],
    },
    record_batch: {
      input: ['sync', 'stream', 'start', 'start_at'],
      choices: { start: ['now', 'beginning', 'date'] },
      primary: ['id'],
      output: [
        'id',
        'sync',
        'stream',
        'trace_id',
        'route',
        'count',
        'records',
        'records[]delivery_id',
        'records[]external_id',
        'records[]updated_at',
        'records[]version',
        'records[]attempt',
        'records[]deadline_at',
        'records[]record_json',
      ],
      sample: [],
    },
    sync_list: { input: [], choices: {}, primary: [], output: ['id', 'label'], sample: [] },
    stream_list: { input: ['sync'], choices: {}, primary: [], output: ['id', 'label'], sample: [] },
  },
  creates: {
    upsert_record: {
      input: ['sync', 'delivery_id', 'record_json', 'external_id', 'updated_at'],
      choices: {},
      primary: [],
      output: ['id', 'status', 'target_id', 'external_id', 'sync', 'delivery_id', 'written_at'],
      sample: [],
    },
    upsert_records: {
      input: [
        'sync',
        'records',
        'records[]delivery_id',
        'records[]record_json',
        'records[]external_id',
        'records[]updated_at',
      ],
      choices: {},
      primary: [],
      output: [
        'id',
        'sync',
        'count',
        'written_count',
        'rejected_count',
        'results',
        'results[]status',
        'results[]external_id',
        'results[]target_id',
        'results[]delivery_id',
        'results[]reason',
      ],
      sample: [],
    },
    acknowledge_delivery: {
      input: ['sync', 'delivery_id', 'outcome', 'target_id', 'reason'],
      choices: { outcome: ['applied', 'failed'] },
      primary: [],
      output: ['id', 'status', 'sync', 'external_id', 'target_id'],
      sample: [],
    },
    claim_once: {
      input: ['scope', 'key', 'claim_token', 'expires_in_days'],
      choices: {},
      primary: [],
      output: ['id', 'first', 'scope', 'claim_id', 'claimed_at', 'expires_at', 'claims'],
      sample: [],
    },
    dead_letter_record: {
      input: ['sync', 'delivery_id', 'error_class', 'reason'],
      choices: {},
      primary: [],
      output: [
        'id',
        'status',
        'dead_letter_id',
        'sync',
        'delivery_id',
        'external_id',
        'error_class',
        'reason',
        'owner',
      ],
      sample: [],
    },
    replay_dead_letters: {
      input: [
        'sync',
        'dead_letter_ids',
        'stream',
        'stage',
        'error_class',
        'external_id',
        'opened_after',
        'opened_before',
        'dry_run',
        'per_minute',
        'plan_digest',
      ],
      choices: { stage: ['read', 'deliver', 'write', 'acknowledge', 'zap', 'review'] },
      primary: [],
      output: [
        'id',
        'sync',
        'dry_run',
        'replayed_count',
        'skipped_count',
        'left_count',
        'replayed',
        'replayed[]dead_letter_id',
        'replayed[]external_id',
        'replayed[]updated_at',
        'replayed[]not_before_at',
        'skipped',
        'skipped[]dead_letter_id',
        'skipped[]external_id',
        'skipped[]obstacle',
        'skipped[]reason',
        'plan_digest',
        'contract_version',
        'evidence_id',
      ],
      sample: [],
    },
    resolve_dead_letter: {
      input: ['dead_letter_id', 'reason', 'waive', 'person', 'ticket'],
      choices: {},
      primary: [],
      output: [
        'id',
        'sync',
        'stream',
        'external_id',
        'updated_at',
        'stage',
        'error_class',
        'reason',
        'attempts',
        'attempts_total',
        'owner',
        'opened_at',
        'contract_version',
        'trace_id',
        'closed_at',
        'closed_as',
        'closed_reason',
        'closed_by',
        'waived_by',
        'ticket',
      ],
      sample: [],
    },
  },
  searches: {
    find_dead_letter: {
      input: [
        'sync',
        'dead_letter_id',
        'stream',
        'stage',
        'error_class',
        'external_id',
        'opened_after',
        'opened_before',
        'state',
      ],
      choices: {
        stage: ['read', 'deliver', 'write', 'acknowledge', 'zap', 'review'],
        state: ['open', 'closed', 'any'],
      },
      primary: [],
      output: [
        'id',
        'sync',
        'stream',
        'external_id',
        'updated_at',
        'stage',
        'error_class',
        'reason',
        'attempts',
        'attempts_total',
        'owner',
        'opened_at',
        'contract_version',
        'trace_id',
        'closed_at',
        'closed_as',
        'closed_reason',
        'closed_by',
        'waived_by',
        'ticket',
        'contract_version_now',
        'replay_possible',
        'replay_obstacle',
        'replay_reason',
        'context',
        'context[]field',
        'context[]pseudonym',
      ],
      sample: [],
    },
    reconcile: {
      input: ['sync', 'stream', 'window_hours', 'from', 'to', 'repair'],
      choices: {},
      primary: [],
      output: [
        'id',
        'sync',
        'stream',
        'verdict',
        'reason',
        'state',
        'coverage_percent',
        'window_from',
        'window_to',
        'source_count',
        'matched_count',
        'missing_count',
        'changed_count',
        'duplicated_count',
        'pending_count',
        'unusable_count',
        'differences',
        'differences[]external_id',
        'differences[]kind',
        'differences[]fields',
        'differences[]disposition',
        'differences_total',
        'missing',
        'changed',
        'evidence_id',
      ],
      sample: [],
    },
    find_target_record: {
      input: ['sync', 'external_id'],
      choices: {},
      primary: [],
      output: ['id', 'sync', 'external_id', 'target_id', 'system', 'entity', 'version_at', 'drifted'],
      sample: [],
    },
    find_record_history: {
      input: ['sync', 'external_id'],
      choices: {},
      primary: [],
      output: [
        'id',
        'sync',
        'external_id',
        'target_id',
        'state',
        'reason',
        'deadline_at',
        'owner',
        'summary',
        'events',
        'events[]at',
        'events[]event',
        'events[]detail',
        'events[]id',
        'is_cut',
      ],
      sample: [],
    },
  },
};

const children = z.array(z.object({ key: z.string() })).default([]);
const inputField = z.object({
  key: z.string(),
  choices: z.array(z.object({ value: z.string() })).optional(),
  children,
});
const outputField = z.object({
  key: z.string(),
  primary: z.boolean().default(false),
  children,
});
/** Computed fields are functions here, and follow the contract. */
const stated = <S extends z.ZodType>(field: S) =>
  z.array(z.unknown()).transform((all) => z.array(field).parse(all.filter((one) => typeof one !== 'function')));

const action = z.object({
  key: z.string(),
  operation: z.object({
    inputFields: stated(inputField).default([]),
    outputFields: stated(outputField),
    sample: z.record(z.string(), z.unknown()),
  }),
});

type Field = { readonly key: string; readonly children: readonly { readonly key: string }[] };

/** Each key, and below it those of its line items as Zapier writes them. */
const keysWithin = (fields: readonly Field[]): string[] =>
  fields.flatMap((field) => [field.key, ...field.children.map((child) => `${field.key}[]${child.key}`)]);

const keysOf = (raw: unknown) => {
  const { inputFields, outputFields, sample } = action.parse(raw).operation;
  const output = keysWithin(outputFields);
  return {
    input: keysWithin(inputFields),
    choices: Object.fromEntries(
      inputFields.flatMap(({ key, choices }) =>
        choices === undefined ? [] : [[key, choices.map(({ value }) => value)]],
      ),
    ),
    primary: outputFields.filter(({ primary }) => primary).map(({ key }) => key),
    output,
    sample: Object.keys(sample).filter((key) => !output.includes(key)),
  };
};

const keysOfAll = (actions: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(actions).map(([key, one]) => [key, keysOf(one)]));

test('no key that live Zaps hold was renamed or removed', () => {
  const { fields } = z.object({ fields: z.array(z.object({ key: z.string() })) }).parse(app.authentication);
  expect({
    authentication: { fields: fields.map(({ key }) => key) },
    triggers: keysOfAll(app.triggers),
    creates: keysOfAll(app.creates),
    searches: keysOfAll(app.searches),
  }).toEqual(frozen);
});

test('every action is filed under its own key', () => {
  const named = Object.entries({ ...app.triggers, ...app.creates, ...app.searches });
  expect(named.filter(([key, one]) => action.parse(one).key !== key)).toEqual([]);
});

test('the fields of the contract keep their prefix', () => {
  expect(OVERRIDE_PREFIX).toBe('field__');
});
