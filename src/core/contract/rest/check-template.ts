import {
  allowedIn,
  isPlaceholder,
  PLACEHOLDER,
  placeholders,
  type RequestKind,
  type RequestTemplate,
  type TextTemplate,
} from './template.ts';

type Fault = { readonly path: readonly string[]; readonly message: string };

const textsOf = (template: TextTemplate): readonly string[] =>
  typeof template === 'string' ? [template] : template.firstOf;

const namesIn = (text: string): readonly string[] => [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);

/** Every text of a body, member names apart: those are sent as they are. */
const textsIn = (node: unknown): readonly string[] => {
  if (typeof node === 'string') return [node];
  return typeof node === 'object' && node !== null ? Object.values(node).flatMap(textsIn) : [];
};

const isWhole = (text: string): boolean => /^\{[a-z][A-Za-z]*\}$/.test(text);

const holdsValues = (name: string): boolean => isPlaceholder(name) && placeholders[name] === 'source';

/** Placeholders that a request of this kind has no value for. */
const unknownIn = (kind: RequestKind, text: string): readonly string[] => {
  const known: readonly string[] = allowedIn[kind];
  return namesIn(text)
    .filter((name) => !known.includes(name))
    .map((name) => `{${name}} is no placeholder of "${kind}"; it has ${known.map((one) => `{${one}}`).join(' ')}`);
};

/** A value of a record beside other text could end its own quotes: how it is written there must be said. */
const unquotedIn = (text: string, isQuoted: boolean): readonly string[] =>
  isQuoted || isWhole(text)
    ? []
    : namesIn(text)
        .filter((name) => holdsValues(name) && name !== 'each')
        .map((name) => `{${name}} stands beside other text; say in "quote" how values are written there`);

const unfitIn = (text: string): readonly string[] =>
  isWhole(text)
    ? []
    : namesIn(text)
        .filter((name) => name === 'fields' || name === 'fieldsWithoutKey')
        .map((name) => `{${name}} is a JSON object and cannot stand inside a text`);

/** What is wrong with a request template that its shape does not show. */
export const faultsOf = (kind: RequestKind, request: RequestTemplate): readonly Fault[] => {
  const { quote } = request;
  const isQuoted = quote !== undefined && quote !== 'plain';
  const at = (path: readonly string[], texts: readonly string[], quoted: boolean): Fault[] =>
    texts.flatMap((text) =>
      [...unknownIn(kind, text), ...unquotedIn(text, quoted), ...unfitIn(text)].map((message) => ({ path, message })),
    );
  const inPath = textsOf(request.path).flatMap((text) => text.split('/'));
  const named = (place: 'query' | 'headers', quoted: boolean): Fault[] =>
    Object.entries(request[place]).flatMap(([name, template]) => [
      ...at([place, name], textsOf(template), quoted),
      ...namesIn(name)
        .filter((one) => one !== 'field' && one !== 'externalIdField')
        .map((one) => ({ path: [place, name], message: `{${one}} cannot stand in a name` })),
    ]);
  return [
    ...at(['path'], inPath, quote !== undefined),
    ...named('query', isQuoted),
    // A header takes only characters that end nothing; the driver refuses the others.
    ...named('headers', true),
    ...at(['body'], textsIn(request.body), isQuoted),
    ...at(['each', 'text'], request.each === undefined ? [] : [request.each.text], isQuoted),
    ...(request.method === 'GET' && request.body !== undefined
      ? [{ path: ['body'], message: 'cannot be sent with GET' }]
      : []),
  ];
};

/** True when any text of the request names the placeholder. */
export const mentions = (request: RequestTemplate | undefined, name: string): boolean =>
  request !== undefined &&
  [
    ...textsOf(request.path),
    ...Object.values(request.query).flatMap(textsOf),
    ...Object.values(request.headers).flatMap(textsOf),
    ...textsIn(request.body),
  ].some((text) => namesIn(text).includes(name));
