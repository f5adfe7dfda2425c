import type { z } from 'zod';

/** One thing wrong with a request: a JSON Pointer into the part that `detail` names, and never the value found there. */
export type RequestFault = { readonly pointer: string; readonly detail: string };

/** The request cannot be understood. `faults` is empty when nothing in it could be read at all. */
export class InvalidRequest extends Error {
  readonly faults: readonly RequestFault[];

  constructor(message: string, faults: readonly RequestFault[] = []) {
    super(message);
    this.name = 'InvalidRequest';
    this.faults = faults;
  }
}

/** A part of a request, as an error calls it. */
export type RequestPart = 'path parameter' | 'query parameter' | 'body';

/** Source: RFC 6901 section 3: `~` and `/` inside a name are escaped. */
const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Zod's messages name types and rules; the values found are not in them. */
export const faultsOf = (error: z.core.$ZodError, part: RequestPart): RequestFault[] =>
  error.issues.map((issue) => ({ pointer: pointerTo(issue.path), detail: `${part}: ${issue.message}` }));
