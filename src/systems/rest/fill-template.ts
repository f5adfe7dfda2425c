import {
  isPlaceholder,
  PLACEHOLDER,
  placeholders,
  type Placeholder,
  type Quoting,
  type TextTemplate,
} from '../../core/contract/rest/template.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import { quoteValue } from './quote.ts';

/** What placeholders stand for; one that is not there has no value. `each` is text that was quoted before. */
export type Bindings = Readonly<Partial<Record<Placeholder, JsonValue>>>;

/** The bindings of each item of a `forEach`. */
export type Filling = {
  readonly bindings: Bindings;
  readonly items: readonly Bindings[];
  readonly quote: Quoting | undefined;
};

const WHOLE = /^\{([a-z][A-Za-z]*)\}$/;

/** The placeholder that is all of a text; undefined where there is other text, or none. */
export const wholeOf = (template: string): Placeholder | undefined => {
  const name = WHOLE.exec(template)?.[1];
  return name !== undefined && isPlaceholder(name) ? name : undefined;
};

/**
 * Fills a text in one pass, so that a value that looks like a placeholder stays a value.
 *
 * @param write makes the text of one value: quoted, percent-encoded
 * @returns undefined when a placeholder has no value, or a value that `write` has no form for
 */
export const fillText = (
  template: string,
  bindings: Bindings,
  write: (name: Placeholder, value: string) => string | undefined,
): string | undefined => {
  const lacking: string[] = [];
  const text = template.replaceAll(PLACEHOLDER, (whole, name: string) => {
    if (!isPlaceholder(name)) return whole;
    const value = bindings[name];
    const values = value === undefined ? [] : isList(value) ? value : [value];
    const written = values.map((one) => write(name, scalarOf(one)));
    if (value === undefined || written.includes(undefined)) lacking.push(name);
    return written.join(',');
  });
  return lacking.length > 0 ? undefined : text;
};

/** The first alternative that can be filled. */
export const firstFilled = <T>(template: TextTemplate, fill: (text: string) => T | undefined): T | undefined => {
  if (typeof template === 'string') return fill(template);
  for (const one of template.firstOf) {
    const filled = fill(one);
    if (filled !== undefined) return filled;
  }
  return undefined;
};

/** How a value is written beside other text of a query or a body. */
export const quotedBy =
  (quote: Quoting | undefined) =>
  (name: Placeholder, value: string): string =>
    placeholders[name] === 'source' && name !== 'each' ? quoteValue(quote, value) : value;

/**
 * Fills a body. A text that is one placeholder becomes the value itself, whatever its type; member names are never
 * filled. Members and items without a value are left out.
 *
 * `{ firstOf: […] }` is the first alternative that lacks nothing, `{ forEach: node }` a list with the node for each
 * item, `{ merge: […] }` the members of all its objects.
 */
export const fillNode = (node: JsonValue, filling: Filling): JsonValue | undefined => {
  if (typeof node === 'string') {
    const whole = wholeOf(node);
    return whole === undefined ? fillText(node, filling.bindings, quotedBy(filling.quote)) : filling.bindings[whole];
  }
  if (isList(node)) return presentOf(node.map((one) => fillNode(one, filling)));
  return isJsonObject(node) ? fillObject(node, filling) : node;
};

const fillObject = (node: JsonObject, filling: Filling): JsonValue | undefined => {
  const [keyword, inner] = keywordOf(node);
  switch (keyword) {
    case 'firstOf': {
      const taken = listOf(inner).find((one) => !lacks(one, filling.bindings));
      return taken === undefined ? undefined : fillNode(taken, filling);
    }
    case 'forEach':
      return presentOf(
        filling.items.map((item) => fillNode(inner, { ...filling, bindings: { ...filling.bindings, ...item } })),
      );
    case 'merge': {
      const parts = listOf(inner).map((one) => fillNode(one, filling));
      return Object.fromEntries(parts.flatMap((part) => (isJsonObject(part) ? Object.entries(part) : [])));
    }
    case undefined:
      return Object.fromEntries(
        Object.entries(node).flatMap(([name, value]) => {
          const filled = fillNode(value, filling);
          return filled === undefined ? [] : [[name, filled] as const];
        }),
      );
  }
};

type Keyword = 'firstOf' | 'forEach' | 'merge';
const KEYWORDS: ReadonlySet<string> = new Set<Keyword>(['firstOf', 'forEach', 'merge']);
const isKeyword = (name: string): name is Keyword => KEYWORDS.has(name);

const keywordOf = (node: JsonObject): readonly [Keyword | undefined, JsonValue] => {
  const [only, ...others] = Object.entries(node);
  return only !== undefined && others.length === 0 && isKeyword(only[0]) ? [only[0], only[1]] : [undefined, null];
};

/** True when a placeholder in there has no value. Those of a `forEach` get theirs from its items. */
const lacks = (node: JsonValue, bindings: Bindings): boolean => {
  if (typeof node === 'string') {
    return [...node.matchAll(PLACEHOLDER)].some(([, name = '']) => isPlaceholder(name) && bindings[name] === undefined);
  }
  if (isList(node)) return node.some((one) => lacks(one, bindings));
  if (!isJsonObject(node)) return false;
  const [keyword, inner] = keywordOf(node);
  if (keyword === 'firstOf') return listOf(inner).every((one) => lacks(one, bindings));
  return keyword === 'forEach' ? false : Object.values(node).some((one) => lacks(one, bindings));
};

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
const listOf = (value: JsonValue): readonly JsonValue[] => (isList(value) ? value : [value]);
const presentOf = (values: readonly (JsonValue | undefined)[]): JsonValue =>
  values.filter((one): one is JsonValue => one !== undefined);

const scalarOf = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value));
