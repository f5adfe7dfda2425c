import { buildMeta, type Bundle } from './bundle.ts';
import { findAction, pluralOf } from './definition.ts';
import { drawAnswerFate } from './faults.ts';
import { buildInputData } from './input-data.ts';
import { describeFailure, type ErrorOutcome, type Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';
import { isRecord, type JsonRecord } from './record.ts';
import type { AppStep, OtherAppOutcome, SavedStep } from './step.ts';
import type { StepOutcome } from './step-outcome.ts';
import { renderTemplate } from './template.ts';

export type StepContext = {
  readonly zapId: string;
  /** Output of earlier steps, by name. */
  readonly outputs: JsonRecord;
};

/** A callback that came in: what the step had put out before it paused, and what was posted. */
export type Resumption = { readonly outputData: unknown; readonly body: unknown };

/** Executes one step once. */
export const executeStep = async (platform: Platform, step: SavedStep, context: StepContext): Promise<StepOutcome> => {
  switch (step.kind) {
    case 'create':
    case 'search':
      return await executeAppStep(platform, step, context);
    case 'other_app':
      return await executeOtherApp(step, context.outputs);
    case 'filter':
      return step.passes(context.outputs) ? { kind: 'success', output: {}, isTask: false } : { kind: 'filtered' };
  }
};

/**
 * Ends a step that paused for a callback. An app without performResume gets what was posted, on top of what
 * the step had put out.
 */
export const resumeStep = async (
  platform: Platform,
  step: AppStep,
  context: StepContext & { readonly resumption: Resumption },
): Promise<StepOutcome> => {
  const { outputData, body } = context.resumption;
  const { operation } = findAction(platform.definition, step.kind, step.key);
  if (operation.performResume === undefined) {
    return { kind: 'success', output: { ...asRecord(outputData), ...asRecord(body) }, isTask: true };
  }
  const prepared = prepareBundle(platform, step, context);
  if (prepared.kind === 'missing') return { kind: 'errored', message: prepared.message, effect: 'none_known' };
  const outcome = await platform.invoke({
    method: `${pluralOf[step.kind]}.${step.key}.operation.performResume`,
    bundle: { ...prepared.bundle, outputData, cleanedRequest: body },
    connection: step.connection,
    zapId: context.zapId,
  });
  return readOutcome(platform, step, outcome, null);
};

const executeAppStep = async (platform: Platform, step: AppStep, context: StepContext): Promise<StepOutcome> => {
  const prepared = prepareBundle(platform, step, context);
  if (prepared.kind === 'missing') return { kind: 'errored', message: prepared.message, effect: 'none_known' };
  const { callbacks, faults, random, server } = platform;
  const callbackId = callbacks.open();
  const outcome = await platform.invoke({
    method: `${pluralOf[step.kind]}.${step.key}.operation.perform`,
    bundle: prepared.bundle,
    connection: step.connection,
    zapId: context.zapId,
    callbackUrl: server.callbackUrl(callbackId),
    drawFate: () => drawAnswerFate(random, faults.killAfterEffect, faults.timeoutAfterEffect),
  });
  if (outcome.kind !== 'callback') callbacks.close(callbackId);
  return readOutcome(platform, step, outcome, callbackId);
};

type PreparedBundle =
  | { readonly kind: 'ready'; readonly bundle: Bundle }
  | { readonly kind: 'missing'; readonly message: string };

const prepareBundle = (platform: Platform, step: AppStep, context: StepContext): PreparedBundle => {
  const { fields, mapping, connection } = step;
  const timezone = connection?.timezone ?? 'UTC';
  const input = buildInputData(mapping, {
    fields,
    outputs: context.outputs,
    cleanInputData: platform.definition.flags?.cleanInputData ?? true,
    timezone,
    nowMs: platform.clock.now(),
  });
  if (input.kind === 'missing') return input;
  return {
    kind: 'ready',
    bundle: {
      authData: connection?.authData ?? {},
      inputData: input.inputData,
      inputDataRaw: mapping,
      meta: buildMeta({ zapId: context.zapId, timezone, fields }),
    },
  };
};

const readOutcome = (platform: Platform, step: AppStep, outcome: Outcome, callbackId: string | null): StepOutcome => {
  switch (outcome.kind) {
    case 'success':
      return step.kind === 'search' ? readSearch(step, outcome.results) : taskDone(outcome.results);
    case 'callback':
      if (callbackId !== null) return { kind: 'callback', output: outcome.results, callbackId };
      return { kind: 'errored', message: 'A resumed step asked for another callback', effect: 'none_known' };
    case 'error':
      return readError(platform, outcome);
    case 'timed_out':
    case 'killed':
      return { kind: 'errored', message: describeFailure(outcome), effect: 'unknown' };
  }
};

const readError = ({ limits }: Platform, outcome: ErrorOutcome): StepOutcome => {
  const message = outcome.shown;
  switch (outcome.effect) {
    case 'halted':
      return { kind: 'halted', message };
    case 'throttled': {
      const delayMs = outcome.delaySeconds === null ? limits.throttleDelayMs : outcome.delaySeconds * 1_000;
      return { kind: 'throttled', message, delayMs };
    }
    case 'expired_auth':
      return { kind: 'auth_expired', message };
    // Only session and OAuth connections can be refreshed; for any other Zapier has nothing to run.
    case 'refresh_auth':
    case 'errored':
      return { kind: 'errored', message, effect: 'none_known' };
  }
};

const taskDone = (output: unknown): StepOutcome => ({ kind: 'success', output, isTask: true });

/** A search uses its first result only. An empty one stops the run, unless the user chose to go on. */
const readSearch = (step: AppStep, results: unknown): StepOutcome => {
  const found: unknown = isRecord(results) && Array.isArray(results['results']) ? results['results'] : results;
  if (!Array.isArray(found)) {
    return { kind: 'errored', message: 'Search results must be an array', effect: 'none_known' };
  }
  const first: unknown = found[0];
  if (first !== undefined) return taskDone({ ...asRecord(first), _zap_search_was_found_status: true });
  if (!step.continueIfEmpty) return { kind: 'halted', message: 'Nothing could be found for the search.' };
  return { kind: 'success', output: { _zap_search_was_found_status: false }, isTask: false };
};

const executeOtherApp = async (
  step: Extract<SavedStep, { kind: 'other_app' }>,
  outputs: JsonRecord,
): Promise<StepOutcome> => {
  const inputData = Object.fromEntries(
    Object.entries(step.inputData).map(([key, entry]) => [
      key,
      typeof entry === 'string' ? renderTemplate(entry, outputs) : entry,
    ]),
  );
  const outcome = await step.perform(inputData).catch((error: unknown): OtherAppOutcome => ({
    kind: 'errored',
    message: error instanceof Error ? error.message : String(error),
    effect: 'unknown',
  }));
  return outcome.kind === 'success' ? taskDone(outcome.output) : outcome;
};

const asRecord = (value: unknown): JsonRecord => (isRecord(value) ? value : {});
