import type { PlainInputField, PlainOutputField } from 'zapier-platform-core';
import type { FieldContract, FieldType, SyncContract } from '../core/contract/sync-contract.ts';

/** Input fields named so carry a value of the target record. */
export const OVERRIDE_PREFIX = 'field__';

const labelOf = (field: FieldContract): string => field.label ?? field.target;

/**
 * The type of an input field. Zapier makes a number of an integer, and 2^53 + 1 of one that is longer no more; it puts
 * a date into the user's time zone, which may be the day before. Both are left to the contract, as text.
 */
const inputType = (type: FieldType): 'string' | 'number' | 'boolean' | 'datetime' | 'text' => {
  switch (type) {
    case 'string':
    case 'integer':
    case 'date':
      return 'string';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'datetime':
      return 'datetime';
    case 'json':
      return 'text';
  }
};

const formatHelp = (type: FieldType): string => {
  switch (type) {
    case 'integer':
      return ' A whole number.';
    case 'date':
      return ' A date such as `2026-01-31`.';
    case 'json':
      return ' A value in JSON.';
    case 'string':
    case 'number':
    case 'boolean':
    case 'datetime':
      return '';
  }
};

const helpOf = (field: FieldContract): string => {
  const kept = field.sensitive ? ' Its value is kept sealed in the store and never shown here.' : '';
  return `Leave empty to take it from Record JSON.${formatHelp(field.type)}${kept}`;
};

const inputField = (field: FieldContract): PlainInputField => ({
  key: `${OVERRIDE_PREFIX}${field.target}`,
  label: labelOf(field),
  type: inputType(field.type),
  helpText: helpOf(field),
  required: false,
  ...(field.enum === undefined ? {} : { choices: field.enum.map(String) }),
});

const outputType = (type: FieldType): 'string' | 'number' | 'integer' | 'boolean' | 'datetime' => {
  switch (type) {
    case 'string':
    case 'date':
    case 'json':
      return 'string';
    case 'integer':
    case 'number':
    case 'boolean':
    case 'datetime':
      return type;
  }
};

/** One optional input per field of the target record. */
export const overrideFields = (sync: SyncContract): PlainInputField[] => sync.fields.map(inputField);

/**
 * The fields of the target record as an item has them. A sensitive one holds a mark, so it is text.
 *
 * @param prefix how Zapier names a field inside what holds it: `record__`, or `records[]record__` in line items
 */
export const recordFields = (sync: SyncContract, prefix: string): PlainOutputField[] =>
  sync.fields.map((field) => ({
    key: `${prefix}${field.target}`,
    label: labelOf(field),
    type: field.sensitive ? 'string' : outputType(field.type),
  }));
