/**
 * Reads a form upload as core's `form-data` writes it: parts by name, the last one winning.
 *
 * @param contentType the request's header, with its boundary; one without is refused by throwing
 * Source: RFC 7578.
 */
export const readMultipart = (body: Buffer, contentType: string): ReadonlyMap<string, Buffer> => {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`No multipart boundary in content-type "${contentType}"`);
  const delimiter = Buffer.from(`--${boundary}`);
  const parts = new Map<string, Buffer>();
  let startAt = body.indexOf(delimiter);
  while (startAt !== -1) {
    const endAt = body.indexOf(delimiter, startAt + delimiter.length);
    if (endAt === -1) break;
    // Between delimiters: a line break, the headers, an empty line, the content, a line break.
    const part = body.subarray(startAt + delimiter.length + lineBreak.length, endAt - lineBreak.length);
    const headerEndAt = part.indexOf(headerEnd);
    const name = /name="([^"]*)"/i.exec(part.subarray(0, headerEndAt).toString())?.[1];
    if (headerEndAt !== -1 && name !== undefined) parts.set(name, part.subarray(headerEndAt + headerEnd.length));
    startAt = endAt;
  }
  return parts;
};

const lineBreak = '\r\n';
const headerEnd = '\r\n\r\n';
