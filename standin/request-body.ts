import type { IncomingMessage } from 'node:http';

/** A body that is larger than what the address takes. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** Reads a request to its end. Throws BodyTooLargeError as soon as it passes the limit. */
export const readBody = async (request: IncomingMessage, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('A request body came as text, not as bytes');
    bytes += chunk.length;
    if (bytes > maxBytes) throw new BodyTooLargeError(`Body is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
