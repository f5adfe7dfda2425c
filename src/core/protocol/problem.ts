import { z } from 'zod';

/**
 * The kinds of error the store answers with, each with its HTTP status.
 * Source of the form: RFC 9457 (problem details), media type application/problem+json.
 */
export const problemStatus = {
  invalid_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  /** A newer owner has taken over: the caller's lease is over and its work must not be recorded. */
  fenced: 409,
  too_large: 413,
  internal: 500,
  unavailable: 503,
} as const;

export type ProblemKind = keyof typeof problemStatus;

const problemKinds: readonly ProblemKind[] = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'fenced',
  'too_large',
  'internal',
  'unavailable',
];

const TYPE_PREFIX = 'urn:tidemark:problem:';

export const problemType = (kind: ProblemKind): string => `${TYPE_PREFIX}${kind.replaceAll('_', '-')}`;

/** The body of an error. `errors` names each field at fault by JSON Pointer, and never its value. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;

/** The kind of a problem body, or undefined for one that is not ours. */
export const problemKindOf = (body: Problem): ProblemKind | undefined =>
  problemKinds.find((kind) => problemType(kind) === body.type);
