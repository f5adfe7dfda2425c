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
  const stream: ReadableStream<Uint8Array> | null = response.body;
  if (stream === null) return { kind: 'empty' };
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      bytes += next.value.byteLength;
      if (bytes > bytesMax) {
        await abandon(reader);
        return { kind: 'too-large', bytesMax };
      }
      chunks.push(next.value);
    }
  } catch (error) {
    return { kind: 'cut', bytes, error };
  }
  if (bytes === 0) return { kind: 'empty' };
  const [first] = chunks;
  return parseBytes(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
};

/** Gives up on a body that nobody will read, so that its connection is freed. */
export const discardBody = async ({ body }: Response): Promise<void> => {
  if (body !== null) await abandon(body);
};

const abandon = async (body: Pick<ReadableStream, 'cancel'>): Promise<void> => {
  try {
    await body.cancel();
  } catch {
    // The connection broke before it could be closed, which is as good: nothing of this body is used.
  }
};

// Fatal, because a replacement character in the place of a broken byte would be synced as if it were the value.
const utf8 = new TextDecoder('utf-8', { fatal: true });

const parseBytes = (bytes: Uint8Array): Body => {
  try {
    return { kind: 'json', value: parseJson(utf8.decode(bytes)) };
  } catch {
    // Not UTF-8, not JSON, or nested too deep to parse: the caller says which system did this.
    return { kind: 'not-json', bytes: bytes.byteLength };
  }
};
