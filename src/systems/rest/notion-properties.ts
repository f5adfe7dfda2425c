import type { Codec, NotionType } from '../../core/contract/rest/codec.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';

/** The most characters of one part of a rich text. */
const TEXT_CHARS_MAX = 2000;

/**
 * Writes fields as Notion's properties, by the types of the contract. A field without a type there, and a value that has
 * no form in its type, go as they are: the API refuses them, and says so.
 */
export const encodeProperties = ({ types }: Codec, fields: JsonObject): JsonObject => {
  const typeOf = new Map(Object.entries(types));
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const type = typeOf.get(name);
      return [name, type === undefined ? value : { [type]: encode(type, value) }];
    }),
  );
};

const encode = (type: NotionType, value: JsonValue): JsonValue => {
  const isNothing = value === null || value === '';
  switch (type) {
    case 'title':
    case 'rich_text':
      return isNothing ? [] : partsOf(typeof value === 'string' ? value : JSON.stringify(value));
    case 'checkbox':
      return isNothing ? false : value;
    case 'select':
    case 'status':
      return isNothing ? null : { name: value };
    case 'multi_select':
      return isNothing ? [] : listOf(value).map((name) => ({ name }));
    case 'relation':
      return isNothing ? [] : listOf(value).map((id) => ({ id }));
    case 'date':
      return isNothing ? null : isJsonObject(value) ? value : { start: value };
    case 'number':
    case 'url':
    case 'email':
    case 'phone_number':
      return isNothing ? null : value;
  }
};

/** Cut between characters, never inside one. */
const partsOf = (text: string): JsonValue => {
  const parts: string[] = [''];
  for (const character of text) {
    const last = parts.at(-1) ?? '';
    if (last.length + character.length > TEXT_CHARS_MAX) parts.push(character);
    else parts[parts.length - 1] = last + character;
  }
  return parts.map((content) => ({ type: 'text', text: { content } }));
};

/** Reads Notion's properties as plain values; one of a type not known here stays as it is. */
export const decodeProperties = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, isJsonObject(property) ? decode(property) : property]),
  );

/** `{ type: 'number', number: 5 }` and the like. */
const decode = (property: JsonObject): JsonValue => {
  const { type } = property;
  const value = typeof type === 'string' ? property[type] : undefined;
  if (typeof type !== 'string' || value === undefined) return property;
  switch (type) {
    case 'title':
    case 'rich_text':
      return listOf(value).map(plainTextOf).join('');
    case 'select':
    case 'status':
      return memberOf(value, 'name');
    case 'multi_select':
      return listOf(value).map((one) => memberOf(one, 'name'));
    case 'relation':
    case 'people':
      return listOf(value).map((one) => memberOf(one, 'id'));
    case 'date':
      return memberOf(value, 'end') === null ? memberOf(value, 'start') : value;
    case 'formula':
      return isJsonObject(value) ? decode(value) : value;
    default:
      return value;
  }
};

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
const listOf = (value: JsonValue): readonly JsonValue[] => (isList(value) ? value : [value]);

const plainTextOf = (part: JsonValue): string => {
  const text = memberOf(part, 'plain_text');
  return typeof text === 'string' ? text : '';
};

/** Null where there is no such member. */
const memberOf = (value: JsonValue, name: string): JsonValue => (isJsonObject(value) ? (value[name] ?? null) : null);
