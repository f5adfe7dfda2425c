/**
 * What an unknown error says about itself, read from its shape: an error that Node makes is no `instanceof` the `Error`
 * of a test's sandbox.
 */
export const errorCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

export const errorMessage = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
    ? error.message
    : String(error);

/** SQLSTATE of an error that PostgreSQL reported, such as `23505`; undefined for every other error. */
export const sqlState = (error: unknown): string | undefined => {
  const code = errorCode(error);
  // Node's EPIPE has the shape of a state too; no class of SQLSTATE begins with E.
  return code !== undefined && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined;
};
