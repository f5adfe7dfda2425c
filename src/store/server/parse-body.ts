import { type JsonValue, parseJson } from '../../core/json.ts';

export type ParsedBody =
  | { readonly kind: 'body'; readonly value: JsonValue }
  /** `reason` has no word of the body: a parser's own message quotes it. */
  | { readonly kind: 'refused'; readonly reason: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A fatal decoder throws for one reason only: bytes that are not UTF-8. */
const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
};

/**
 * Reads a JSON body. Integers beyond 2^53 keep their digits (as text), and bytes that are not UTF-8 are refused
 * rather than replaced, which would store another value than the one that was sent.
 */
export const parseBody = (bytes: Uint8Array): ParsedBody => {
  const text = decode(bytes);
  if (text === undefined) return { kind: 'refused', reason: 'The body is not UTF-8' };
  try {
    return { kind: 'body', value: parseJson(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'refused', reason: 'The body is not JSON' };
    if (error instanceof RangeError) return { kind: 'refused', reason: 'The body is nested too deeply' };
    throw error;
  }
};
