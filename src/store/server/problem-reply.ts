import type { FastifyReply } from 'fastify';
import { type Problem, type ProblemKind, problemStatus, problemType } from '../../core/protocol/problem.ts';
import type { Refusal } from './refusal.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

const titles: Readonly<Record<ProblemKind, string>> = {
  invalid_request: 'The request is not valid',
  unauthenticated: 'The API key was not accepted',
  forbidden: 'The API key may not do this',
  not_found: 'Not found',
  conflict: 'The request conflicts with what is stored',
  fenced: 'A newer owner has taken over',
  too_large: 'The request is too large',
  internal: 'The store failed',
  unavailable: 'The store is not available right now',
};

/** The body of an error reply. */
export const problemOf = (refusal: Pick<Refusal, 'kind' | 'detail' | 'faults'>): Problem => ({
  type: problemType(refusal.kind),
  title: titles[refusal.kind],
  status: problemStatus[refusal.kind],
  detail: refusal.detail,
  ...(refusal.faults.length > 0 ? { errors: [...refusal.faults] } : {}),
});

/** Answers with a problem (RFC 9457) and the headers that belong to its kind. */
export const sendProblem = (
  reply: FastifyReply,
  refusal: Pick<Refusal, 'kind' | 'detail' | 'faults'>,
  retryAfterSeconds: number,
): FastifyReply => {
  if (refusal.kind === 'unavailable') reply.header('retry-after', String(retryAfterSeconds));
  if (refusal.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="tidemark"');
  return reply
    .code(problemStatus[refusal.kind])
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(problemOf(refusal)));
};
