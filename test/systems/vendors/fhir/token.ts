type Token = { readonly system: string | undefined; readonly code: string };

/** Splits at a character that no backslash stands before. */
const splitAt = (text: string, separator: string): readonly string[] => {
  const parts = [''];
  for (const [one = ''] of text.matchAll(/\\.|[^\\]/gsu)) {
    if (one === separator) parts.push('');
    else parts[parts.length - 1] += one;
  }
  return parts;
};

const unescape = (text: string): string => text.replaceAll(/\\([\\|,$])/g, '$1');

/** The tokens of a search parameter: `system|code`, several joined by commas. Source: FHIR R4, search, "token". */
export const tokensOf = (param: string): readonly Token[] =>
  splitAt(param, ',').map((one) => {
    const [first = '', second] = splitAt(one, '|');
    return second === undefined
      ? { system: undefined, code: unescape(first) }
      : { system: unescape(first), code: unescape(second) };
  });
