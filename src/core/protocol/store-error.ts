import type { ProblemKind } from './problem.ts';

/**
 * The store did not do what was asked. `unreachable` means no usable answer came (and trying again is safe, since
 * every call is idempotent); the other kinds are the store's own.
 */
export class StoreError extends Error {
  readonly kind: ProblemKind | 'unreachable';

  constructor(kind: ProblemKind | 'unreachable', message: string) {
    super(message);
    this.name = 'StoreError';
    this.kind = kind;
  }
}
