import { type JsonValue, parseJson } from '../../core/json.ts';

/** The body of a response, read to its end or to the limit. Text that is not JSON is counted and dropped. */
export type Body =
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'empty' }
  | { readonly kind: 'not-json'; readonly bytes: number }
  | { readonly kind: 'too-large'; readonly bytesMax: number }
  /** The connection, or our time-out, ended it. */
  | { readonly kind: 'cut'; readonly bytes: number; readonly error: unknown };

/** Reads a response as JSON, at most `bytesMax` bytes of it as they are after decompression. */
export const readBody = async (response: Response, bytesMax: number): Promise<Body> => {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > bytesMax) {
    await discardBody(response);
    return { kind: 'too-large', bytesMax };
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    const stream: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
    for await (const chunk of stream) {
      bytes += chunk.byteLength;
      // Leaving the loop cancels the stream, and with it the connection.
      if (bytes > bytesMax) return { kind: 'too-large', bytesMax };
      chunks.push(chunk);
    }
  } catch (error) {
    return { kind: 'cut', bytes, error };
  }
  return bytes === 0 ? { kind: 'empty' } : parseBytes(Buffer.concat(chunks));
};

/** Gives up on a body that nobody will read, so that its connection is freed. */
export const discardBody = async (response: Response): Promise<void> => {
  try {
    await response.body?.cancel();
  } catch {
    // The connection broke before it could be closed, which is as good: nothing of this body is used.
  }
};

const parseBytes = (bytes: Uint8Array): Body => {
  try {
    // Fatal, because a replacement character in the place of a broken byte would be synced as if it were the value.
    return { kind: 'json', value: parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    // Not UTF-8, not JSON, or nested too deep to parse: the caller says which system did this.
    return { kind: 'not-json', bytes: bytes.byteLength };
  }
};
