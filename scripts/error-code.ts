/**
 * Whether an exception is a system error with the code, such as ENOENT. Told by its shape, not by `instanceof Error`:
 * under jest, Node's own errors are instances of another `Error`.
 */
export const hasErrorCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
