import type { Quoting } from '../../core/contract/rest/template.ts';

/**
 * Writes a value as a text of the API's own language holds it, so that nothing in it can end the value. Lists are
 * joined by commas by the caller.
 *
 * - `soql`, `odata`, `json`, `airtable`: with their quotes
 * - `fhir`: a token; `\`, `|`, `,` and `$` escaped (FHIR R4, search, "Escaping Search Parameters")
 * - `fhir-url`: the same, percent-encoded, for an address inside a body
 * - `servicenow`: in an encoded query, as it is; nothing can be escaped there, so that see `hasForm`
 * - `comma`, `plain`: as it is. A value with a comma is never joined to others; `plain` is for paths, where it is
 *   percent-encoded
 */
export const quoteValue = (quoting: Quoting | undefined, value: string): string => {
  switch (quoting) {
    case 'soql':
      return `'${value.replaceAll(SOQL_SPECIAL, soqlEscape)}'`;
    case 'odata':
      return `'${value.replaceAll("'", "''")}'`;
    case 'json':
      return JSON.stringify(value);
    case 'airtable':
      return `"${value.replaceAll(/["\\\n\r\t]/g, (one) => AIRTABLE_ESCAPES[one] ?? `\\${one}`)}"`;
    case 'fhir':
      return value.replaceAll(/[\\|,$]/g, String.raw`\$&`);
    case 'fhir-url':
      return encodeURIComponent(quoteValue('fhir', value.toWellFormed()));
    case 'servicenow':
    case 'comma':
    case 'plain':
    case undefined:
      return value;
  }
};

/**
 * False for a value that has no form at all: in an encoded query of ServiceNow a `^` ends a value, whatever stands
 * before it, and one that begins with "javascript:" is run. Such a value is never sent.
 */
export const hasForm = (quoting: Quoting | undefined, value: string): boolean =>
  quoting !== 'servicenow' || !/\^|^\s*javascript:/i.test(value);

/** True where values with a comma cannot be told from two values. */
export const isSplitByComma = (quoting: Quoting | undefined): boolean =>
  quoting === 'comma' || quoting === 'servicenow';

// oxlint-disable-next-line no-control-regex -- control characters are what has to be found
const SOQL_SPECIAL = /['"\\\u0000-\u001F]/g;
const SOQL_ESCAPES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
};
const soqlEscape = (one: string): string =>
  SOQL_ESCAPES[one] ?? (one < ' ' ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : `\\${one}`);

const AIRTABLE_ESCAPES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};
