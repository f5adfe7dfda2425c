import { isRecord, type JsonRecord } from './record.ts';

/**
 * Strips what Zapier strips from `inputData` unless the app sets `flags.cleanInputData` to false: '', null,
 * [] and {}, at any depth. It moves the positions of a list's items, which is why apps switch it off.
 */
export const cleanInput = (inputData: JsonRecord): JsonRecord => {
  const cleaned: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(inputData)) {
    const kept = cleanValue(value);
    if (!isBlank(kept)) cleaned[key] = kept;
  }
  return cleaned;
};

export const isBlank = (value: unknown): boolean =>
  value === '' ||
  value === null ||
  value === undefined ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.keys(value).length === 0);

const cleanValue = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(cleanValue).filter((item) => !isBlank(item));
  return isRecord(value) ? cleanInput(value) : value;
};
