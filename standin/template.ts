import { isRecord, type JsonRecord } from './record.ts';

/**
 * Renders what a user mapped into a field. A template that is one reference alone keeps the value's type;
 * anything else becomes text. A reference to nothing renders as the empty string, and what was rendered is
 * never rendered again, so `{{...}}` in a record's own text stays.
 *
 * A reference is a path, `{{trigger.contact.email}}` or as Zapier writes it `{{trigger__contact__email}}`;
 * through a list it gives the list of what each item has there.
 *
 * @param outputs what earlier steps put out, by name: `trigger`, `step1`, `step2`
 */
export const renderTemplate = (template: string, outputs: JsonRecord): unknown => {
  const alone = loneReference.exec(template)?.[1];
  if (alone !== undefined) return lookUp(outputs, alone) ?? '';
  return template.replace(reference, (_match, path: string) => textOf(lookUp(outputs, path)));
};

/** A value as it appears inside a text field. Lists are joined by commas; other structures are JSON. */
export const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.map(textOf).join(',');
  return JSON.stringify(value);
};

const reference = /\{\{\s*([^{}]+?)\s*\}\}/g;
const loneReference = /^\s*\{\{\s*([^{}]+?)\s*\}\}\s*$/;

const lookUp = (outputs: JsonRecord, path: string): unknown =>
  path.split(/\.|__|\[\]\.?/).reduce<unknown>((value, part) => (part === '' ? value : step(value, part)), outputs);

const step = (value: unknown, part: string): unknown => {
  if (isRecord(value)) return Object.hasOwn(value, part) ? value[part] : undefined;
  if (!Array.isArray(value)) return undefined;
  if (/^\d+$/.test(part)) return value[Number(part)];
  return value.map((item: unknown) => step(item, part));
};
