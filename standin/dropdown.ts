import { z } from 'zod';
import { callStep, failureText, fetchFields, type EditorStep } from './editor.ts';
import { findAction, type InputField } from './definition.ts';
import type { Platform } from './platform.ts';
import { isRecord } from './record.ts';
import { textOf } from './template.ts';

export type Choice = { readonly value: string; readonly label: string };

export type ChoicesReport =
  | {
      readonly kind: 'choices';
      readonly choices: readonly Choice[];
      /** Where the next page begins, for choices that page by token. */
      readonly pagingToken: string | null;
    }
  | { readonly kind: 'failed'; readonly message: string };

export type ChoicesPage = { readonly page?: number; readonly pagingToken?: string };

/**
 * Opens one dropdown of a step: choices that are stated, that a hidden trigger brings (`dynamic:
 * 'trigger.id.label'`), or that a function of the field brings (`choices: { perform }`).
 */
export const fetchChoices = async (
  platform: Platform,
  step: EditorStep,
  fieldKey: string,
  page: ChoicesPage,
): Promise<ChoicesReport> => {
  const found = await findField(platform, step, fieldKey);
  if (found.kind === 'failed') return found;
  const { field } = found;
  if (field.dynamic !== undefined) return await choicesOfTrigger(platform, step, field.dynamic, page);
  if (isRecord(field.choices) && field.choices['perform'] !== undefined) {
    return await choicesOfFunction(platform, step, fieldKey, page);
  }
  return { kind: 'choices', choices: statedChoices(field), pagingToken: null };
};

type FieldReport =
  | { readonly kind: 'field'; readonly field: InputField }
  | { readonly kind: 'failed'; readonly message: string };

/** Looks in the definition first: a field that was computed has lost its functions on the way here. */
const findField = async (platform: Platform, step: EditorStep, fieldKey: string): Promise<FieldReport> => {
  const stated = (findAction(platform.definition, step.kind, step.key).operation.inputFields ?? []).find(
    (field) => typeof field !== 'string' && field.key === fieldKey,
  );
  if (stated !== undefined && typeof stated !== 'string') return { kind: 'field', field: stated };
  const report = await fetchFields(platform, step);
  if (report.kind === 'failed') return report;
  const field = report.fields.find(({ key }) => key === fieldKey);
  if (field === undefined) throw new Error(`The ${step.kind} "${step.key}" has no field "${fieldKey}"`);
  return { kind: 'field', field };
};

const choicesOfTrigger = async (
  platform: Platform,
  step: EditorStep,
  dynamic: string,
  { page = 0 }: ChoicesPage,
): Promise<ChoicesReport> => {
  const [key = '', valueKey = 'id', labelKey = valueKey] = dynamic.split('.');
  const source: EditorStep = { kind: 'trigger', key, inputData: step.inputData, connection: step.connection };
  const outcome = await callStep(platform, source, 'perform', { isFillingDynamicDropdown: true, page });
  if (outcome.kind !== 'success') return { kind: 'failed', message: failureText(outcome) };
  return readChoices(outcome.results, valueKey, labelKey);
};

const choicesOfFunction = async (
  platform: Platform,
  step: EditorStep,
  fieldKey: string,
  { page = 0, pagingToken }: ChoicesPage,
): Promise<ChoicesReport> => {
  const stated = findAction(platform.definition, step.kind, step.key).operation.inputFields ?? [];
  const position = stated.findIndex((field) => typeof field !== 'string' && field.key === fieldKey);
  const outcome = await callStep(platform, step, `inputFields.${position}.choices.perform`, {
    isFillingDynamicDropdown: true,
    page,
    ...(pagingToken === undefined ? {} : { paging_token: pagingToken }),
  });
  if (outcome.kind !== 'success') return { kind: 'failed', message: failureText(outcome) };
  return readChoices(outcome.results, 'id', 'label');
};

const choicePage = z.object({ results: z.array(z.unknown()), paging_token: z.string().nullish() });

const readChoices = (results: unknown, valueKey: string, labelKey: string): ChoicesReport => {
  const page = choicePage.safeParse(Array.isArray(results) ? { results } : results);
  if (!page.success) return { kind: 'failed', message: 'Choices must be an array, or results with a paging token' };
  const choices = page.data.results.filter(isRecord).map((record) => ({
    value: textOf(record[valueKey]),
    label: textOf(record[labelKey] ?? record[valueKey]),
  }));
  return { kind: 'choices', choices, pagingToken: page.data.paging_token ?? null };
};

const statedChoice = z.union([
  z.string().transform((value) => ({ value, label: value })),
  z.looseObject({ value: z.string(), label: z.string() }).transform(({ value, label }) => ({ value, label })),
]);

const statedChoices = ({ choices }: InputField): readonly Choice[] => {
  if (isRecord(choices)) return Object.entries(choices).map(([value, label]) => ({ value, label: textOf(label) }));
  return choices === undefined ? [] : z.array(statedChoice).parse(choices);
};
