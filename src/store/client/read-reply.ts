import { type Problem, problem, type ProblemKind, problemKindOf } from '../../core/protocol/problem.ts';
import { parseJson, type JsonValue } from '../../core/json.ts';
import { askedWaitMs } from '../../core/retry/retry-after.ts';
import { REPLY_BYTES_MAX } from './limits.ts';

/** What came back from one attempt. `retryAfterMs` is what the other side asked for, 0 when it did not. */
export type Answer =
  | { readonly kind: 'reply'; readonly body: JsonValue }
  | { readonly kind: 'problem'; readonly problem: ProblemKind; readonly message: string; readonly retryAfterMs: number }
  /**
   * Not from a store, or not whole: worth another attempt only when `passing`. `reason` goes on from the name of
   * the host.
   */
  | { readonly kind: 'unusable'; readonly reason: string; readonly passing: boolean; readonly retryAfterMs: number };

// From proxies and hosts that are starting, stopping or busy.
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const NOT_A_STORE = 'there is no Tidemark store at that URL';

/** Reads a body up to the limit; undefined for one that is larger. */
const readBytes = async (response: Response): Promise<Uint8Array | undefined> => {
  const chunks: Uint8Array[] = [];
  let total = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    total += chunk.byteLength;
    if (total > REPLY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** Undefined for text that is not JSON, such as a page of a proxy. */
const jsonIn = (bytes: Uint8Array): JsonValue | undefined => {
  try {
    return parseJson(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const retryAfterMs = ({ headers }: Response, nowMs: number): number =>
  Math.max(0, askedWaitMs({ header: (name) => headers.get(name), nowMs, body: undefined }) ?? 0);

const messageOf = ({ detail, errors = [] }: Problem): string =>
  errors.length === 0 ? detail : `${detail}: ${errors.map((one) => `${one.pointer} ${one.detail}`).join('; ')}`;

const unusable = (reason: string, passing = false, waitMs = 0): Answer => ({
  kind: 'unusable',
  reason,
  passing,
  retryAfterMs: waitMs,
});

const refusalIn = (response: Response, body: JsonValue | undefined, nowMs: number): Answer => {
  const parsed = problem.safeParse(body);
  const kind = parsed.success ? problemKindOf(parsed.data) : undefined;
  const waitMs = retryAfterMs(response, nowMs);
  if (parsed.success && kind !== undefined) {
    return { kind: 'problem', problem: kind, message: messageOf(parsed.data), retryAfterMs: waitMs };
  }
  const { status } = response;
  if (PASSING.has(status)) return unusable(`answered ${status}`, true, waitMs);
  if (status === 401) return { kind: 'problem', problem: 'unauthenticated', message: '', retryAfterMs: 0 };
  if (status >= 300 && status < 400) return unusable(`redirects elsewhere (${status}); give the URL it leads to`);
  return unusable(`answered ${status}: ${NOT_A_STORE}`);
};

/** Reads what an attempt brought: the reply, the store's own refusal, or something that no store sends. */
export const readAnswer = async (response: Response, nowMs: number): Promise<Answer> => {
  const bytes = await readBytes(response);
  if (bytes === undefined) return unusable(`sent more than ${REPLY_BYTES_MAX} bytes`);
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '');
  const body = isJson ? jsonIn(bytes) : undefined;
  if (!response.ok) return refusalIn(response, body, nowMs);
  if (body !== undefined) return { kind: 'reply', body };
  return isJson
    ? unusable('sent JSON that breaks off', true)
    : unusable(`answered with something else than JSON: ${NOT_A_STORE}`);
};
