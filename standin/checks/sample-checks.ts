import { staticOutputFields, type OutputField } from '../definition.ts';
import type { CheckedAction, Problem } from '../integration-checks.ts';
import { primaryKeysOf } from '../polled-items.ts';
import { isRecord, type JsonRecord } from '../record.ts';

/** D010: the sample of a polling trigger has the whole primary key. */
export const checkSampleKeys = ({ kind, action, at }: CheckedAction): readonly Problem[] => {
  const sample = sampleOf(action.operation.sample);
  if (kind !== 'trigger' || action.operation.type === 'hook' || sample === null) return [];
  return primaryKeysOf(action)
    .filter((key) => sample[key] === undefined || sample[key] === null)
    .map((key) => ({ code: 'D010', at: sampleAt(at), message: `The sample has no "${key}", which is a primary key` }));
};

/** D012: there is a static sample. */
export const checkSamplePresent = ({ action, at }: CheckedAction): readonly Problem[] => {
  const sample = sampleOf(action.operation.sample);
  return sample !== null && Object.keys(sample).length > 0
    ? []
    : [{ code: 'D012', at: sampleAt(at), message: 'There is no static sample' }];
};

/** D023: dates in the sample are ISO 8601, and one with a time has its zone. */
export const checkSampleDates = ({ action, at }: CheckedAction): readonly Problem[] => {
  const typeOf = new Map(staticOutputFields(action).map(({ key, type }) => [key, type]));
  return leaves(action.operation.sample, '')
    .filter(({ path, value }) => typeof value === 'string' && isWrongDate(value, typeOf.get(path) === 'datetime'))
    .map(({ path, value }) => ({
      code: 'D023',
      at: `${sampleAt(at)}.${path}`,
      message: `"${String(value)}" is no ISO 8601 date with a zone for its time`,
    }));
};

/** D024: the sample has what the output fields require, in their types. */
export const checkSampleTypes = ({ action, at }: CheckedAction): readonly Problem[] => {
  const sample = sampleOf(action.operation.sample);
  if (sample === null) return [];
  return staticOutputFields(action).flatMap((field) =>
    valuesAt(sample, field.key.split(/__|\[\]/)).flatMap((value) => {
      const message = fieldProblem(field, value);
      return message === null ? [] : [{ code: 'D024', at: `${sampleAt(at)}.${field.key}`, message }];
    }),
  );
};

const sampleAt = (at: string): string => `${at}.operation.sample`;

/** A sample may be one record or a list of them; the first stands for all. */
const sampleOf = (sample: unknown): JsonRecord | null => {
  const first: unknown = Array.isArray(sample) ? sample[0] : sample;
  return isRecord(first) ? first : null;
};

type Leaf = { readonly path: string; readonly value: unknown };

const leaves = (value: unknown, path: string): readonly Leaf[] => {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, path));
  if (!isRecord(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}__${key}`));
};

/** The values of a field's path, one for each line item; `undefined` where there is none. */
const valuesAt = (value: unknown, path: readonly string[]): readonly unknown[] => {
  const [part, ...rest] = path;
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, path));
  if (part === undefined) return [value];
  return isRecord(value) ? valuesAt(value[part], rest) : [undefined];
};

const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;
const likeDate =
  /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )/i;

const isWrongDate = (text: string, mustBeDate: boolean): boolean =>
  (mustBeDate || likeDate.test(text)) && !(isoDate.test(text) && Number.isFinite(Date.parse(text)));

const fieldProblem = ({ key, type, required }: OutputField, value: unknown): string | null => {
  if (value === undefined || value === null) return required === true ? `The required field "${key}" is missing` : null;
  return type === undefined || hasType(type, value) ? null : `${JSON.stringify(value)} is not of type ${type}`;
};

const hasType = (type: string, value: unknown): boolean => {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
    case 'text':
    case 'datetime':
    case 'password':
    case 'file':
      return typeof value === 'string';
    default:
      return true;
  }
};
