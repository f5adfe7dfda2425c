import { z } from 'zod';
import type { JsonValue } from '../../core/json.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { OutgoingRequest } from './build-request.ts';
import {
  ATTEMPT_RESERVE_MS,
  ATTEMPTS_MAX,
  CALL_TIME_MS,
  REQUEST_TIMEOUT_MS,
  RETRY_AFTER_MS_MAX,
  WAIT_BASE_MS,
  WAIT_MS_MAX,
} from './limits.ts';
import { type Answer, readAnswer } from './read-reply.ts';

/** What a client needs of the world. */
export type ClientWorld = {
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** When the caller must have its answer, in milliseconds since 1970; without it a call takes up to 20 s. */
  readonly deadlineMs?: number;
};

type Headers = Readonly<Record<string, string>>;

const CREATE_KEY =
  'The API key was not accepted. Check that it is complete and not revoked, or create one with `tidemark key create`';

// Read by shape: what a fetch throws need not be an Error of the realm that this code runs in.
const thrown = z.object({
  name: z.string(),
  code: z.string().optional().catch(undefined),
  cause: z.unknown().optional(),
});

/** A failed fetch says why in its cause: a code, and nothing about the body. */
const reasonOf = (error: unknown): string => {
  const outer = thrown.safeParse(error).data;
  const inner = thrown.safeParse(outer?.cause).data ?? outer;
  if (outer?.name === 'TimeoutError' || inner?.name === 'TimeoutError') return 'did not answer in time';
  return `could not be reached (${inner?.code ?? inner?.name ?? 'unknown error'})`;
};

const attempt = async (
  world: ClientWorld,
  request: OutgoingRequest,
  headers: Headers,
  timeoutMs: number,
): Promise<Answer> => {
  const { method, url, body } = request;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const init = { method, headers, redirect: 'manual', signal } as const;
    const withBody =
      body === undefined ? init : { ...init, headers: { ...headers, 'content-type': 'application/json' }, body };
    return await readAnswer(await world.fetch(url, withBody), world.now());
  } catch (error) {
    // Whatever keeps an answer from arriving whole: no connection, a time-out, a body cut short. All of them pass.
    return { kind: 'unusable', reason: reasonOf(error), passing: true, retryAfterMs: 0 };
  }
};

const isPassing = (answer: Answer): boolean => {
  switch (answer.kind) {
    case 'reply':
      return false;
    case 'problem':
      return answer.problem === 'unavailable';
    case 'unusable':
      return answer.passing;
  }
};

/** The error of an answer that is final. */
const errorOf = (answer: Exclude<Answer, { kind: 'reply' }>, url: string, attempts: number): StoreError => {
  const { host } = new URL(url);
  if (answer.kind === 'problem') {
    return new StoreError(answer.problem, answer.problem === 'unauthenticated' ? CREATE_KEY : answer.message);
  }
  const tried = attempts > 1 ? ` after ${attempts} attempts` : '';
  const step = answer.passing
    ? 'Check that the store runs and can be reached from here, then try again'
    : 'Check the store URL';
  return new StoreError('unreachable', `The store at ${host} ${answer.reason}${tried}. ${step}`);
};

/**
 * Full jitter, but never shorter than what the other side asked for.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
const waitBefore = (attempts: number, random: number, retryAfterMs: number): number =>
  Math.max(retryAfterMs, Math.floor(random * Math.min(WAIT_MS_MAX, WAIT_BASE_MS * 2 ** attempts)));

/**
 * Makes one call, again and again while that may help and the time lasts. Repeating is safe: every operation of the
 * store is idempotent, whether or not an attempt that failed was executed there.
 *
 * @returns the reply as JSON, not yet parsed
 * @throws StoreError
 */
export const callStore = async (world: ClientWorld, request: OutgoingRequest, headers: Headers): Promise<JsonValue> => {
  const endMs = world.deadlineMs ?? world.now() + CALL_TIME_MS;
  for (let attempts = 1; ; attempts += 1) {
    const timeoutMs = Math.min(REQUEST_TIMEOUT_MS, endMs - world.now());
    if (timeoutMs <= 0) {
      throw new StoreError(
        'unreachable',
        'No time is left in this run to call the store. It will be called again in the next one',
      );
    }
    const answer = await attempt(world, request, headers, timeoutMs);
    if (answer.kind === 'reply') return answer.body;
    const waitMs = waitBefore(attempts, world.random(), answer.retryAfterMs);
    const isOver =
      attempts >= ATTEMPTS_MAX || waitMs > RETRY_AFTER_MS_MAX || world.now() + waitMs + ATTEMPT_RESERVE_MS > endMs;
    if (!isPassing(answer) || isOver) throw errorOf(answer, request.url, attempts);
    await world.sleep(waitMs);
  }
};
