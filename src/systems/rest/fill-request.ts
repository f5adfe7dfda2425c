import type { RequestTemplate } from '../../core/contract/rest/template.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import { pathSegment } from '../http/address.ts';
import type { HttpRequest } from '../http/http.ts';
import { type Bindings, fillNode, fillText, firstFilled, quotedBy, wholeOf } from './fill-template.ts';
import { hasForm, quoteValue } from './quote.ts';

export type Filled =
  | { readonly kind: 'filled'; readonly request: HttpRequest }
  /** A value has no form in the place where the template wants it. */
  | { readonly kind: 'unsendable'; readonly what: string };

/**
 * Makes the request of a template.
 *
 * @param items the bindings of each item of a `forEach` in the body, and of `{each}`
 */
export const fillRequest = (template: RequestTemplate, given: Bindings, items: readonly Bindings[] = []): Filled => {
  if ([given, ...items].some((bindings) => holdsUnfit(template, bindings))) {
    return { kind: 'unsendable', what: 'a value cannot stand in a query of this API' };
  }
  const bindings = { ...given, ...eachOf(template, given, items) };
  const path = firstFilled(template.path, (text) => fillPath(template, text, bindings));
  if (path === undefined) {
    return { kind: 'unsendable', what: 'a part of its path has no value, or one that cannot stand there' };
  }
  const headers = headersOf(template, bindings);
  if (headers === undefined) return { kind: 'unsendable', what: 'a value cannot stand in a header' };
  const body =
    template.body === undefined ? undefined : fillNode(template.body, { bindings, items, quote: template.quote });
  return {
    kind: 'filled',
    request: {
      method: template.method,
      to: { path },
      label: labelOf(template),
      query: queryOf(template, bindings),
      headers,
      ...(body === undefined ? {} : template.bodyAs === 'json' ? { body } : { form: formOf(body, '') }),
    },
  };
};

/** True where a value of a record has no form in the language of the request. */
const holdsUnfit = ({ quote }: RequestTemplate, bindings: Bindings): boolean =>
  [bindings.value, bindings.values, bindings.afterId, bindings.id, bindings.externalId]
    .flat()
    .some((value) => typeof value === 'string' && !hasForm(quote, value));

/** The path as reasons show it. */
const labelOf = ({ path }: Pick<RequestTemplate, 'path'>): string => {
  const text = typeof path === 'string' ? path : (path.firstOf[0] ?? '');
  return text.startsWith('/') ? text : `/${text}`;
};

const eachOf = ({ each, quote }: RequestTemplate, given: Bindings, items: readonly Bindings[]): Bindings => {
  if (each === undefined || items.length === 0) return {};
  const texts = items.map((item) => fillText(each.text, { ...given, ...item }, quotedBy(quote)) ?? '');
  return { each: texts.join(each.join) };
};

// Beyond what a URL needs: a server may take a path apart after it was decoded.
const STRICT: Readonly<Record<string, string>> = { "'": '%27', '(': '%28', ')': '%29', '!': '%21', '*': '%2A' };

const fillPath = ({ quote }: RequestTemplate, template: string, bindings: Bindings): string | undefined =>
  fillText(template, bindings, (name, value) =>
    pathSegment(name === 'object' || name === 'field' ? value : quoteValue(quote, value))?.replaceAll(
      /['()!*]/g,
      (one) => STRICT[one] ?? one,
    ),
  );

const queryOf = (template: RequestTemplate, bindings: Bindings): readonly (readonly [string, string])[] => {
  const byName = new Map<string, readonly string[]>();
  for (const [name, text] of Object.entries(template.query)) {
    const filledName = fillText(name, bindings, (_name, value) => value);
    const values = firstFilled(text, (one) => queryValues(template, one, bindings));
    if (filledName !== undefined && values !== undefined) byName.set(filledName, values);
  }
  return [...byName].flatMap(([name, values]) => values.map((value) => [name, value] as const));
};

/** A list that is all of a parameter repeats it, unless it is quoted: then its values are joined. */
const queryValues = ({ quote }: RequestTemplate, text: string, bindings: Bindings): readonly string[] | undefined => {
  const whole = wholeOf(text);
  const value = whole === undefined ? undefined : bindings[whole];
  if (quote === undefined && whole === 'values' && Array.isArray(value)) return value.map(String);
  // A cursor is the system's own text, in a place of its own.
  if (whole === 'cursor') return typeof value === 'string' ? [value] : undefined;
  const filled = fillText(text, bindings, quotedBy(quote));
  return filled === undefined ? undefined : [filled];
};

// A quote is refused too: an entity tag stands in quotes.
const HEADER_VALUE = /^[\u0020\u0021\u0023-\u007E]*$/;

/** Undefined when a value holds what could end a header, or a quoted text in one. */
const headersOf = (template: RequestTemplate, bindings: Bindings): Readonly<Record<string, string>> | undefined => {
  const headers: Record<string, string> = {};
  const unfit: string[] = [];
  const write = (name: string, value: string): string => {
    if (!HEADER_VALUE.test(value)) unfit.push(name);
    return value;
  };
  for (const [name, text] of Object.entries(template.headers)) {
    const filled = firstFilled(text, (one) => fillText(one, bindings, write));
    if (filled !== undefined) headers[name.toLowerCase()] = filled;
  }
  return unfit.length > 0 ? undefined : headers;
};

/** `a[b][0]=c`, as Rails and PHP read it. */
const formOf = (node: JsonValue, prefix: string): readonly (readonly [string, string])[] => {
  const children = Array.isArray(node)
    ? node.map((one: JsonValue, index) => [String(index), one] as const)
    : isJsonObject(node)
      ? Object.entries(node)
      : undefined;
  if (children === undefined) {
    return [[prefix, typeof node === 'string' ? node : node === null ? '' : JSON.stringify(node)]];
  }
  return children.flatMap(([name, one]) => formOf(one, prefix === '' ? name : `${prefix}[${name}]`));
};
