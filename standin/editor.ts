import { buildMeta, type MetaOptions } from './bundle.ts';
import { z } from 'zod';
import type { Connection } from './connection.ts';
import { findAction, inputField, pluralOf, type ActionKind, type InputField } from './definition.ts';
import { buildInputData, type Mapping } from './input-data.ts';
import type { Outcome } from './outcome.ts';
import { describeFailure } from './outcome.ts';
import type { Platform } from './platform.ts';
import type { JsonRecord } from './record.ts';

/** Which step of the editor is open, with what was entered so far. */
export type EditorStep = {
  readonly kind: ActionKind;
  readonly key: string;
  readonly inputData: Mapping;
  readonly connection: Connection | null;
};

export type FieldsReport =
  | { readonly kind: 'fields'; readonly fields: readonly InputField[] }
  | { readonly kind: 'failed'; readonly message: string };

/** The input fields as the editor shows them: the static ones, with the computed ones where they stand. */
export const fetchFields = async (platform: Platform, step: EditorStep): Promise<FieldsReport> => {
  const { operation } = findAction(platform.definition, step.kind, step.key);
  const stated = operation.inputFields ?? [];
  const fixed = stated.filter((field) => typeof field !== 'string');
  if (fixed.length === stated.length) return { kind: 'fields', fields: fixed };
  const outcome = await callStep(platform, step, 'inputFields', {});
  if (outcome.kind === 'success') return { kind: 'fields', fields: z.array(inputField).parse(outcome.results) };
  return { kind: 'failed', message: failureText(outcome) };
};

export type SampleReport =
  | { readonly kind: 'samples'; readonly records: readonly unknown[] }
  | { readonly kind: 'failed'; readonly message: string };

/** The records that "Test trigger" shows: the first three of a poll, or of performList for a hook. */
export const fetchSamples = async (platform: Platform, step: EditorStep): Promise<SampleReport> => {
  const { operation } = findAction(platform.definition, 'trigger', step.key);
  const name = operation.type === 'hook' ? 'performList' : 'perform';
  const outcome = await callStep(platform, step, name, { isLoadingSample: true });
  if (outcome.kind !== 'success') return { kind: 'failed', message: failureText(outcome) };
  if (!Array.isArray(outcome.results)) return { kind: 'failed', message: 'Results must be an array' };
  return { kind: 'samples', records: outcome.results.slice(0, platform.limits.sampleRecordsMax) };
};

/** What "Test step" does with an action: it runs in earnest, with `isLoadingSample` set. */
export const tryAction = (platform: Platform, step: EditorStep): Promise<Outcome> =>
  callStep(platform, step, 'perform', { isLoadingSample: true });

/**
 * Calls one of a step's functions as the editor does. Templates have nothing to refer to yet and render empty;
 * a step without its required fields is called all the same, since fields depend on one another.
 */
export const callStep = async (
  platform: Platform,
  step: EditorStep,
  functionName: string,
  meta: MetaOptions,
): Promise<Outcome> => {
  const { definition, clock, invoke } = platform;
  const { kind, key, connection } = step;
  const timezone = connection?.timezone ?? 'UTC';
  return await invoke({
    method: `${pluralOf[kind]}.${key}.operation.${functionName}`,
    bundle: {
      authData: connection?.authData ?? {},
      inputData: editorInput(platform, step, timezone, clock.now()),
      inputDataRaw: step.inputData,
      meta: buildMeta({ timezone, fields: staticFields(definition, step), ...meta }),
    },
    connection,
    zapId: null,
  });
};

export const failureText = (outcome: Exclude<Outcome, { kind: 'success' }>): string =>
  outcome.kind === 'callback' ? 'The editor does not wait for a callback' : describeFailure(outcome);

const staticFields = (definition: Platform['definition'], { kind, key }: EditorStep): readonly InputField[] =>
  (findAction(definition, kind, key).operation.inputFields ?? []).filter((field) => typeof field !== 'string');

const editorInput = (platform: Platform, step: EditorStep, timezone: string, nowMs: number): JsonRecord => {
  const fields = staticFields(platform.definition, step).map((field) => ({ ...field, required: false }));
  const cleanInputData = platform.definition.flags?.cleanInputData ?? true;
  const report = buildInputData(step.inputData, { fields, outputs: {}, cleanInputData, timezone, nowMs });
  if (report.kind === 'missing') {
    throw new Error(`A field that is not required was reported missing: ${report.message}`);
  }
  return report.inputData;
};
