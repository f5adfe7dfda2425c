import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/core/json.ts';

/** A value as an object; empty for anything else. */
export const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

export const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (isList(value) ? value : []);

/** A scalar as text; other values as JSON, and nothing as nothing. */
export const textOf = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
