import type { Connection } from './connection.ts';
import { findAction, staticOutputFields, type InputField } from './definition.ts';
import { fetchFields, type EditorStep } from './editor.ts';
import { unmappedFields, withDefaults, type Mapping } from './input-data.ts';
import { pollIntervalMsByPlan, type Plan } from './limits.ts';
import type { Platform } from './platform.ts';
import { createHookZap } from './hook-zap.ts';
import { createPollingZap } from './polling-zap.ts';
import { createScheduledZap } from './scheduled-zap.ts';
import type { AppStep, SavedStep, StepSpec } from './step.ts';
import type { TriggerPart } from './trigger-part.ts';
import type { HookZap, PollingZap, ScheduledZap } from './zap.ts';

export type TriggerSpec = { readonly key: string; readonly inputData?: Mapping };

type CommonSpec = {
  readonly name: string;
  readonly steps: readonly StepSpec[];
  /** The account of the trigger and of every step of this app. May be left out where the app has no authentication. */
  readonly connection?: Connection;
  /** Whether errored runs are replayed on their own. Default: yes. */
  readonly autoreplay?: boolean;
};

export type ZapSpec = CommonSpec & {
  readonly trigger: TriggerSpec;
  /** Sets the poll interval. Default: professional. */
  readonly plan?: Plan;
  readonly pollIntervalMs?: number;
  /** New items in one poll from which on all are held. Default: 100. */
  readonly floodLimit?: number;
};

export type HookZapSpec = CommonSpec & { readonly trigger: TriggerSpec };

export type ScheduledZapSpec = CommonSpec & { readonly everyMs: number };

/**
 * Saves Zaps as the editor does: fields fetched, defaults filled in, required fields asked for. Whoever names
 * an unknown key or leaves a required field out wrote the test wrong, so that is thrown.
 */
export const saveZap = async (platform: Platform, spec: ZapSpec): Promise<PollingZap> => {
  const action = findAction(platform.definition, 'trigger', spec.trigger.key);
  if (action.operation.type === 'hook') throw new Error(`Trigger "${spec.trigger.key}" is instant: use createHookZap`);
  if (staticOutputFields(action).some((field) => field.steadyState === true)) {
    throw new Error(`Trigger "${spec.trigger.key}" uses steadyState, which the stand-in does not play`);
  }
  return createPollingZap(platform, {
    name: spec.name,
    trigger: await saveTrigger(platform, spec, spec.trigger),
    steps: await saveSteps(platform, spec),
    pollIntervalMs: spec.pollIntervalMs ?? pollIntervalMsByPlan[spec.plan ?? 'professional'],
    floodLimit: spec.floodLimit ?? defaultFloodLimit,
    autoreplay: spec.autoreplay ?? true,
  });
};

export const saveHookZap = async (platform: Platform, spec: HookZapSpec): Promise<HookZap> => {
  const { operation } = findAction(platform.definition, 'trigger', spec.trigger.key);
  if (operation.type !== 'hook') throw new Error(`Trigger "${spec.trigger.key}" polls: use createZap`);
  return createHookZap(platform, {
    name: spec.name,
    trigger: await saveTrigger(platform, spec, spec.trigger),
    steps: await saveSteps(platform, spec),
    autoreplay: spec.autoreplay ?? true,
  });
};

export const saveScheduledZap = async (platform: Platform, spec: ScheduledZapSpec): Promise<ScheduledZap> =>
  createScheduledZap(platform, {
    name: spec.name,
    everyMs: spec.everyMs,
    steps: await saveSteps(platform, spec),
    autoreplay: spec.autoreplay ?? true,
  });

/** New items in one poll with which Zapier holds runs. Source: help.zapier.com 8496181445261. */
const defaultFloodLimit = 100;

const saveTrigger = async (platform: Platform, spec: CommonSpec, trigger: TriggerSpec): Promise<TriggerPart> => {
  const connection = spec.connection ?? null;
  const inputData = trigger.inputData ?? {};
  const saved = await saveInput(platform, { kind: 'trigger', key: trigger.key, inputData, connection });
  return { key: trigger.key, connection, ...saved };
};

const saveSteps = async (platform: Platform, spec: CommonSpec): Promise<readonly SavedStep[]> => {
  const saved: SavedStep[] = [];
  for (const step of spec.steps) saved.push(await saveStep(platform, spec.connection ?? null, step));
  return saved;
};

const saveStep = async (platform: Platform, connection: Connection | null, step: StepSpec): Promise<SavedStep> => {
  switch (step.kind) {
    case 'create':
    case 'search': {
      const { kind, key, inputData } = step;
      const saved = await saveInput(platform, { kind, key, inputData, connection });
      const continueIfEmpty = step.kind === 'search' && step.continueIfEmpty === true;
      return { kind, key, connection, continueIfEmpty, ...saved } satisfies AppStep;
    }
    case 'other_app':
    case 'filter':
      return step;
  }
};

type SavedInput = { readonly mapping: Mapping; readonly fields: readonly InputField[] };

const saveInput = async (platform: Platform, step: EditorStep): Promise<SavedInput> => {
  const report = await fetchFields(platform, step);
  if (report.kind === 'failed') {
    throw new Error(`Cannot save the ${step.kind} "${step.key}": its fields failed: ${report.message}`);
  }
  const mapping = withDefaults(step.inputData, report.fields);
  const unmapped = unmappedFields(mapping, report.fields);
  if (unmapped.length > 0) {
    throw new Error(`Cannot save the ${step.kind} "${step.key}": required fields are empty: ${unmapped.join(', ')}`);
  }
  return { mapping, fields: report.fields };
};
