import { z } from 'zod';
import { assemble, type Assembly, type ZapierOptions } from './assemble.ts';
import { connectAccount, reconnectAccount, type ConnectOptions, type ConnectReport } from './connect.ts';
import type { Connection } from './connection.ts';
import type { Counters } from './counters.ts';
import type { ActionKind, AppDefinition } from './definition.ts';
import { drainWork, type DrainReport } from './drain.ts';
import { fetchChoices, type ChoicesPage, type ChoicesReport } from './dropdown.ts';
import {
  fetchFields,
  fetchSamples,
  tryAction,
  type EditorStep,
  type FieldsReport,
  type SampleReport,
} from './editor.ts';
import type { Mapping } from './input-data.ts';
import type { Invoke } from './invocation.ts';
import type { LogLine } from './log-sink.ts';
import { describeFailure, type Outcome } from './outcome.ts';
import type { JsonRecord } from './record.ts';
import {
  saveHookZap,
  saveScheduledZap,
  saveZap,
  type HookZapSpec,
  type ScheduledZapSpec,
  type ZapSpec,
} from './save-zap.ts';
import type { HookZap, PollingZap, ScheduledZap } from './zap.ts';

/** A step open in the editor, as a caller names it. */
export type StepQuery = {
  readonly key: string;
  readonly inputData?: Mapping;
  readonly connection?: Connection;
};

export type ActionQuery = StepQuery & { readonly kind: ActionKind };

export type DrainSettings = {
  /** Runs played at once. Default: 1, in the order they were started. */
  readonly concurrency?: number;
  /** Real milliseconds to wait for callbacks once nothing else is left. Default: 0. */
  readonly callbackWaitMs?: number;
  /** Asked before each job: once true nothing more is begun. Default: never. */
  readonly isOver?: () => boolean;
};

export type Zapier = {
  /** The app as its handler describes it. */
  readonly definition: () => AppDefinition;
  /** Zapier's schema check. No problems is an empty list. */
  readonly validate: () => Promise<readonly SchemaProblem[]>;
  readonly connect: (authData: JsonRecord, options?: ConnectOptions) => Promise<ConnectReport>;
  /** Tests a connection that expired; once it passes, its held runs can be replayed. */
  readonly reconnect: (connection: Connection) => Promise<ConnectReport>;
  readonly fields: (query: ActionQuery) => Promise<FieldsReport>;
  readonly choices: (query: ActionQuery, fieldKey: string, page?: ChoicesPage) => Promise<ChoicesReport>;
  /** The records that "Test trigger" shows. */
  readonly sample: (query: StepQuery) => Promise<SampleReport>;
  /** "Test step" of an action: its effect is real. */
  readonly tryStep: (query: ActionQuery) => Promise<Outcome>;
  readonly createZap: (spec: ZapSpec) => Promise<PollingZap>;
  readonly createHookZap: (spec: HookZapSpec) => Promise<HookZap>;
  readonly createScheduledZap: (spec: ScheduledZapSpec) => Promise<ScheduledZap>;
  /** Plays all runs to their end, waiting for throttles and replays; polls and schedules stay still. */
  readonly drain: (settings?: DrainSettings) => Promise<DrainReport>;
  /** Lets time pass up to an instant: polls, schedules and runs as they fall due. */
  readonly runUntil: (untilMs: number, settings?: DrainSettings) => Promise<DrainReport>;
  readonly counters: () => Counters;
  /** Every line that left a container, oldest first. */
  readonly logs: () => readonly LogLine[];
  /** Lines lost to the limit; while it is 0, what is not in `logs` was never logged. */
  readonly logsDropped: () => number;
  /** Calls any method of the app, for what has no verb here. */
  readonly invoke: Invoke;
  /** Ends every idle container, so that the next invocation starts cold. */
  readonly recycleContainers: () => Promise<void>;
  /** Processes alive now. */
  readonly containers: () => number;
  /** Kills every container and closes the port. */
  readonly close: () => Promise<void>;
};

/**
 * Zapier, as far as an app can tell: drives a built app through its Lambda handler in processes of its own, and
 * does around it what Zapier's backend does. Rejects where the app cannot be loaded.
 */
export const createZapier = async (options: ZapierOptions): Promise<Zapier> => {
  const assembly = await assemble(options);
  const { platform, pool, logs, tokens } = assembly;
  return {
    definition: () => platform.definition,
    validate: () => validateApp(platform.invoke),
    connect: (authData, settings = {}) => connectAccount(platform, tokens, authData, settings),
    reconnect: (connection) => reconnectAccount(platform, connection),
    fields: (query) => fetchFields(platform, editorStep(query)),
    choices: (query, fieldKey, page = {}) => fetchChoices(platform, editorStep(query), fieldKey, page),
    sample: (query) => fetchSamples(platform, editorStep({ ...query, kind: 'trigger' })),
    tryStep: (query) => tryAction(platform, editorStep(query)),
    createZap: (spec) => saveZap(platform, spec),
    createHookZap: (spec) => saveHookZap(platform, spec),
    createScheduledZap: (spec) => saveScheduledZap(platform, spec),
    drain: (settings = {}) => letPass(assembly, Number.POSITIVE_INFINITY, settings),
    runUntil: (untilMs, settings = {}) => letPass(assembly, untilMs, settings),
    counters: platform.counters.read,
    logs: logs.lines,
    logsDropped: logs.dropped,
    invoke: platform.invoke,
    recycleContainers: pool.recycle,
    containers: pool.size,
    close: assembly.close,
  };
};

const editorStep = ({ kind, key, inputData, connection }: ActionQuery): EditorStep => ({
  kind,
  key,
  inputData: inputData ?? {},
  connection: connection ?? null,
});

/** Without an instant to end at, polls would come round for ever: they are left out. */
const letPass = ({ platform }: Assembly, untilMs: number, settings: DrainSettings): Promise<DrainReport> =>
  drainWork(platform, {
    concurrency: settings.concurrency ?? 1,
    untilMs,
    withTicks: Number.isFinite(untilMs),
    callbackWaitMs: settings.callbackWaitMs ?? 0,
    isOver: settings.isOver ?? (() => false),
  });

const schemaProblem = z.looseObject({ property: z.string().optional(), message: z.string().optional() });

export type SchemaProblem = z.infer<typeof schemaProblem>;

const validateApp = async (invoke: Invoke): Promise<readonly SchemaProblem[]> => {
  const outcome = await invoke({ command: 'validate', method: '', bundle: null, connection: null, zapId: null });
  if (outcome.kind === 'success') return z.array(schemaProblem).parse(outcome.results ?? []);
  const reason = outcome.kind === 'callback' ? 'it asked for a callback' : describeFailure(outcome);
  throw new Error(`The app cannot be validated: ${reason}`);
};
