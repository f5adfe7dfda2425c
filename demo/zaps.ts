import { createScaledClock } from '../standin/scaled-clock.ts';
import { createSeededRandom } from '../standin/seeded-random.ts';
import type { Connection } from '../standin/connection.ts';
import type { JsonRecord } from '../standin/record.ts';
import type { PollingZap, ScheduledZap } from '../standin/zap.ts';
import { createZapier, type Zapier } from '../standin/zapier.ts';
import { z } from 'zod';

/** Zapier's minutes in this many times fewer: a wait of five minutes takes two and a half seconds. */
const CLOCK_FACTOR = 120;

/** Real time; a demo that needs more has lost its way. */
const PLAY_MAX_MS = 900_000;

export const SYNC = 'erp-customers';
export const STREAM = 'main';

const report = z.object({
  verdict: z.enum(['matched', 'mismatched', 'not_proven']),
  state: z.enum(['running', 'finished']),
  reason: z.string(),
  source_count: z.number(),
  matched_count: z.number(),
  missing_count: z.number(),
  changed_count: z.number(),
  evidence_id: z.string().nullable(),
});
export type ReconcileReport = z.output<typeof report>;

export type DemoZaps = {
  readonly zapier: Zapier;
  readonly sync: PollingZap;
  readonly nightly: ScheduledZap;
  /** Lets time pass, polls and runs as they fall due, until `isOver` says so. */
  readonly play: (isOver: () => boolean) => Promise<void>;
  /** Plays the scheduled Zap once and gives what its step found. */
  readonly reconcile: () => Promise<ReconcileReport>;
};

export type ZapsOptions = {
  readonly appDir: string;
  readonly storeUrl: string;
  readonly apiKey: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly containers: number;
  readonly seed: number;
  /** Up to a hundred records in one Zap run, or each in a run of its own. */
  readonly runs: 'batches' | 'records';
  /** How many times faster than the wall clock Zapier's time runs; 120 unless given. */
  readonly clockFactor?: number;
};

type Nightly = Pick<DemoZaps, 'nightly' | 'reconcile'>;

/** The scheduled Zap: reconcile, then tell somebody. */
const buildNightly = async (zapier: Zapier, connection: Connection): Promise<Nightly> => {
  let latest: JsonRecord | undefined;
  const nightly = await zapier.createScheduledZap({
    name: 'Nightly reconciliation',
    connection,
    everyMs: 24 * 3600 * 1000,
    steps: [
      { kind: 'search', key: 'reconcile', inputData: { sync: SYNC, stream: STREAM } },
      {
        kind: 'other_app',
        key: 'send_message',
        inputData: {
          verdict: '{{step1.verdict}}',
          state: '{{step1.state}}',
          reason: '{{step1.reason}}',
          source_count: '{{step1.source_count}}',
          matched_count: '{{step1.matched_count}}',
          missing_count: '{{step1.missing_count}}',
          changed_count: '{{step1.changed_count}}',
          evidence_id: '{{step1.evidence_id}}',
        },
        perform: (inputData) => {
          latest = inputData;
          return Promise.resolve({ kind: 'success', output: {} });
        },
      },
    ],
  });
  await nightly.turnOn();
  return {
    nightly,
    reconcile: async () => {
      latest = undefined;
      nightly.fire();
      await zapier.drain();
      return report.parse(latest);
    },
  };
};

type Moving = Pick<Parameters<Zapier['createZap']>[0], 'trigger' | 'steps'>;

/** What moves the records: a trigger, and the step that writes what it brings. */
const movingSteps = (runs: ZapsOptions['runs']): Moving => {
  const inputData = { sync: SYNC, stream: STREAM, start: 'beginning' };
  switch (runs) {
    case 'batches': {
      const records = {
        delivery_id: '{{trigger.records[]delivery_id}}',
        record_json: '{{trigger.records[]record_json}}',
      };
      return {
        trigger: { key: 'record_batch', inputData },
        steps: [{ kind: 'create', key: 'upsert_records', inputData: { sync: SYNC, records } }],
      };
    }
    case 'records': {
      const mapped = { delivery_id: '{{trigger.delivery_id}}', record_json: '{{trigger.record_json}}' };
      return {
        trigger: { key: 'record_changed', inputData },
        steps: [{ kind: 'create', key: 'upsert_record', inputData: { sync: SYNC, ...mapped } }],
      };
    }
  }
};

/** Connects an account and builds the two Zaps that a user would: one moves the records, one reconciles on a schedule. */
export const buildZaps = async (options: ZapsOptions): Promise<DemoZaps> => {
  const { appDir, environment, containers, clockFactor = CLOCK_FACTOR } = options;
  const clock = createScaledClock(clockFactor);
  const zapier = await createZapier({
    appDir,
    environment,
    clock,
    random: createSeededRandom(options.seed),
    maxContainers: containers,
  });
  const connected = await zapier.connect({ store_url: options.storeUrl, api_key: options.apiKey });
  if (connected.kind !== 'connected') throw new Error(`Cannot connect to the store: ${connected.message}`);
  const { connection } = connected;
  const sync = await zapier.createZap({
    name: 'Customers to CRM',
    connection,
    ...movingSteps(options.runs),
  });
  const nightly = await buildNightly(zapier, connection);
  return {
    zapier,
    sync,
    play: async (isOver) => {
      const untilMs = clock.now() + PLAY_MAX_MS * clockFactor;
      const { jobs } = await zapier.runUntil(untilMs, { concurrency: containers, isOver });
      if (isOver()) return;
      throw new Error(`Both sides were not brought together in ${PLAY_MAX_MS / 1000} s and ${jobs} jobs`);
    },
    ...nightly,
  };
};
