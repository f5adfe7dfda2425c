import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../core/json.ts';
import { InputError, isBlank } from './input.ts';

// What the parser says of text that is not JSON quotes that text, so it goes no further.
const parsed = (text: string): JsonValue => {
  try {
    return parseJson(text);
  } catch {
    throw new InputError(
      'the field "Record JSON" holds no JSON',
      'Map Record JSON of a Tidemark trigger, or write an object such as {"name": "..."}',
    );
  }
};

/**
 * Reads the field Record JSON: an object, as text or as Zapier passes on one that was mapped; empty is no fields.
 *
 * @throws InputError for anything else
 */
export const readRecordJson = (given: unknown): JsonObject => {
  if (isBlank(given)) return {};
  const value: unknown = typeof given === 'string' ? parsed(given) : given;
  if (isJsonObject(value)) return value;
  throw new InputError(
    'the field "Record JSON" holds JSON that is not an object',
    'Write an object such as {"name": "..."}',
  );
};
