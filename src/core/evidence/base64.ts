/** Bytes of standard base64 (RFC 4648, section 4); undefined for anything that is not the one encoding of its bytes. */
export const parseBase64 = (text: string): Uint8Array | undefined => {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
};

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
