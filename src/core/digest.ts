import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { JsonValue } from './json.ts';

/** A SHA-256 digest as 64 lower-case hexadecimal characters. */
export type Digest = string;

/** SHA-256 of UTF-8 text. */
export const digestText = (text: string): Digest => hash('sha256', text, 'hex');

/**
 * The one text of a JSON value: members sorted, numbers in ECMAScript's shortest form.
 *
 * @throws when the value holds NaN, Infinity or a lone surrogate, which have no JSON form
 * Source: RFC 8785 (JSON Canonicalization Scheme).
 */
export const canonicalText = (value: JsonValue): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('Cannot canonicalize a value that JSON cannot hold');
  return text;
};

/** SHA-256 of the canonical form of a JSON value: equal values have equal digests whatever their key order. */
export const digestJson = (value: JsonValue): Digest => digestText(canonicalText(value));
