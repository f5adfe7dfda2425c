import { cleanInput, isBlank } from './clean-input.ts';
import type { FieldChild, InputField } from './definition.ts';
import { coerceInput, type CoercionContext } from './input-coercion.ts';
import { isRecord, type JsonRecord } from './record.ts';
import { renderTemplate, textOf } from './template.ts';

/** What a user entered into the fields of a step: constants and templates. */
export type Mapping = JsonRecord;

export type InputReport =
  | { readonly kind: 'ready'; readonly inputData: JsonRecord }
  | { readonly kind: 'missing'; readonly message: string };

export type InputContext = CoercionContext & {
  readonly fields: readonly InputField[];
  /** Output of earlier steps, by name. */
  readonly outputs: JsonRecord;
  /** The app's flag; true unless the app says otherwise. */
  readonly cleanInputData: boolean;
};

/** Makes `bundle.inputData` from a mapping: rendered, coerced by field, checked for required ones, cleaned. */
export const buildInputData = (mapping: Mapping, context: InputContext): InputReport => {
  const byKey = new Map(context.fields.map((field) => [field.key, field]));
  const inputData: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(mapping)) {
    inputData[key] = buildValue(byKey.get(key), entry, context);
  }
  const missing = missingField(context.fields, inputData);
  if (missing !== null) {
    return {
      kind: 'missing',
      message: `Required field "${missing.label ?? missing.key}" (${missing.key}) is missing.`,
    };
  }
  return { kind: 'ready', inputData: context.cleanInputData ? cleanInput(inputData) : inputData };
};

/**
 * The mapping as it is saved with the Zap: a field's default fills what the user left out.
 * Source: Zapier saves a default when the Zap is made, not when it runs.
 */
export const withDefaults = (mapping: Mapping, fields: readonly InputField[]): Mapping => ({
  ...Object.fromEntries(fields.flatMap(({ key, default: text }) => (text === undefined ? [] : [[key, text]]))),
  ...mapping,
});

/** Required fields that a user left out; the editor does not publish such a Zap. */
export const unmappedFields = (mapping: Mapping, fields: readonly InputField[]): readonly string[] =>
  fields.filter(({ key, required }) => required === true && isBlank(mapping[key])).map(({ key }) => key);

const buildValue = (field: InputField | undefined, entry: unknown, context: InputContext): unknown => {
  if (field?.children !== undefined && field.children.length > 0) return buildRows(field.children, entry, context);
  if (field?.list === true) return buildList(field.type, entry, context);
  if (field?.dict === true && isRecord(entry)) {
    return Object.fromEntries(
      Object.entries(entry).map(([key, value]) => [key, textOf(renderEntry(value, context.outputs))]),
    );
  }
  return coerceInput(field?.type, renderEntry(entry, context.outputs), context);
};

const renderEntry = (entry: unknown, outputs: JsonRecord): unknown =>
  typeof entry === 'string' ? renderTemplate(entry, outputs) : entry;

/** A list that is mapped into a list field keeps its items; a single value becomes a list of one. */
const buildList = (type: string | undefined, entry: unknown, context: InputContext): readonly unknown[] => {
  const entries: readonly unknown[] = Array.isArray(entry) ? entry : [entry];
  return entries
    .flatMap((item) => renderEntry(item, context.outputs))
    .filter((item) => item !== '')
    .map((item) => coerceInput(type, item, context));
};

/**
 * Line items. Mapped child by child, lists are zipped row by row, and a single value is repeated in every row;
 * a list of rows is taken row by row.
 */
const buildRows = (children: readonly FieldChild[], entry: unknown, context: InputContext): readonly JsonRecord[] => {
  const typeOf = new Map(children.map((child) => [child.key, child.type]));
  const buildRow = (row: JsonRecord): JsonRecord =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, coerceInput(typeOf.get(key), value, context)]));
  // What a template brought is data already: rendering it again would eat a record's own `{{...}}`.
  const isTemplate = typeof entry === 'string';
  const rendered = isTemplate ? renderTemplate(entry, context.outputs) : entry;
  const renderCells = (row: JsonRecord): JsonRecord => (isTemplate ? row : renderRow(row, context.outputs));
  if (Array.isArray(rendered)) return rendered.filter(isRecord).map((row) => buildRow(renderCells(row)));
  return isRecord(rendered) ? zipRows(renderCells(rendered)).map(buildRow) : [];
};

const renderRow = (row: JsonRecord, outputs: JsonRecord): JsonRecord =>
  Object.fromEntries(Object.entries(row).map(([key, value]) => [key, renderEntry(value, outputs)]));

const zipRows = (columns: JsonRecord): readonly JsonRecord[] => {
  const lengths = Object.values(columns)
    .filter(Array.isArray)
    .map((list) => list.length);
  const rowCount = lengths.length === 0 ? 1 : Math.max(...lengths);
  return Array.from({ length: rowCount }, (_none, row) =>
    Object.fromEntries(
      Object.entries(columns).flatMap(([key, value]) => {
        const cell: unknown = Array.isArray(value) ? value[row] : value;
        return cell === undefined ? [] : [[key, cell]];
      }),
    ),
  );
};

const missingField = (fields: readonly InputField[], inputData: JsonRecord): FieldChild | null => {
  for (const field of fields) {
    const value = inputData[field.key];
    if (field.required === true && isBlank(value)) return field;
    const rows: readonly unknown[] = Array.isArray(value) ? value : [];
    for (const child of field.children ?? []) {
      const isLeftOut = rows.some((row) => isRecord(row) && isBlank(row[child.key]));
      if (child.required === true && isLeftOut) return child;
    }
  }
  return null;
};
