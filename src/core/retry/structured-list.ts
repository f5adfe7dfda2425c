type BareItem = string | number | boolean;

export type StructuredItem = { readonly value: BareItem; readonly parameters: ReadonlyMap<string, BareItem> };

const CHARS_MAX = 4000;
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const SPACE = /[ \t]*/y;
const BARE: readonly (readonly [RegExp, (text: string) => BareItem])[] = [
  [/"(?:[ !#-[\]-~]|\\["\\])*"/y, (text) => text.slice(1, -1).replaceAll(/\\(.)/g, '$1')],
  [/-?\d{1,12}\.\d{1,3}(?!\d)|-?\d{1,15}(?![\d.])/y, Number],
  [/:[A-Za-z0-9+/=]*:/y, (text) => text],
  [/\?[01]/y, (text) => text === '?1'],
  [/@-?\d{1,15}/y, (text) => Number(text.slice(1))],
  [/[A-Za-z*][\w!#$%&'*+.^`|~:/-]*/y, (text) => text],
];

type Reader = {
  /** What stands next if it has that form; it is then passed over. */
  readonly take: (form: RegExp) => string | undefined;
  readonly isAtEnd: () => boolean;
};

const readerOf = (text: string): Reader => {
  let at = 0;
  return {
    take: (form) => {
      form.lastIndex = at;
      const found = form.exec(text)?.[0];
      if (found !== undefined) at += found.length;
      return found;
    },
    isAtEnd: () => at === text.length,
  };
};

const takeBare = (reader: Reader): BareItem | undefined => {
  for (const [form, read] of BARE) {
    const text = reader.take(form);
    if (text !== undefined) return read(text);
  }
  return undefined;
};

const takeItem = (reader: Reader): StructuredItem | undefined => {
  const value = takeBare(reader);
  if (value === undefined) return undefined;
  const parameters = new Map<string, BareItem>();
  while (reader.take(/;/y) !== undefined) {
    reader.take(SPACE);
    const key = reader.take(KEY);
    if (key === undefined) return undefined;
    const parameter = reader.take(/=/y) === undefined ? true : takeBare(reader);
    if (parameter === undefined) return undefined;
    parameters.set(key, parameter);
  }
  return { value, parameters };
};

/**
 * Reads a list of structured fields; undefined for what is none, which is then ignored whole. Inner lists and display
 * strings are not read: no header that is used here has them.
 * Source: RFC 9651 section 4.2.
 */
export const parseStructuredList = (text: string): readonly StructuredItem[] | undefined => {
  if (text.length > CHARS_MAX) return undefined;
  const reader = readerOf(text.trim());
  const items: StructuredItem[] = [];
  for (;;) {
    const item = takeItem(reader);
    if (item === undefined) return undefined;
    items.push(item);
    reader.take(SPACE);
    if (reader.isAtEnd()) return items;
    if (reader.take(/,/y) === undefined) return undefined;
    reader.take(SPACE);
  }
};
