import { z } from 'zod';
import type { Bundle } from './bundle.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { ContainerAnswer } from './container.ts';
import type { ContainerPool } from './container-pool.ts';
import type { CounterBoard } from './counters.ts';
import type { StandinHappening } from './events.ts';
import type { AnswerFate } from './faults.ts';
import { prepareEvent, type EventSource } from './invocation-event.ts';
import type { Limits } from './limits.ts';
import { readRejection, type Outcome } from './outcome.ts';
import type { StashStore } from './stash-store.ts';

/** One call into the app. */
export type Invocation = {
  /** `execute` calls a method; the others ask about the app as a whole. */
  readonly command?: 'execute' | 'definition' | 'validate';
  /** Path of the function, such as `triggers.record_changed.operation.perform`. */
  readonly method: string;
  readonly bundle: Bundle | null;
  readonly connection: Connection | null;
  readonly zapId: string | null;
  readonly callbackUrl?: string;
  /** Draws what becomes of each answer; without it all answers arrive. */
  readonly drawFate?: () => AnswerFate;
};

export type Invoke = (invocation: Invocation) => Promise<Outcome>;

export type InvocationParts = EventSource & {
  readonly pool: ContainerPool;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly counters: CounterBoard;
  readonly stash: StashStore;
  readonly emit: (happening: StandinHappening) => void;
};

/**
 * Calls the app as Zapier's backend does: a process that exits is replaced and the same invocation run again,
 * which is one of the ways a write happens twice.
 */
export const createInvoke =
  (parts: InvocationParts): Invoke =>
  async (invocation) => {
    const endWork = parts.clock.beginWork();
    try {
      for (let attempt = 0; ; attempt += 1) {
        const outcome = await invokeOnce(parts, invocation);
        if (outcome.kind !== 'killed' || attempt >= parts.limits.exitRetriesMax) return outcome;
        parts.counters.add('exitRetries');
      }
    } finally {
      endWork();
    }
  };

const invokeOnce = async (parts: InvocationParts, invocation: Invocation): Promise<Outcome> => {
  const prepared = prepareEvent(parts, invocation);
  if (prepared.kind === 'refused') return readRejection(prepared.rejection, parts.limits.errorTextMaxChars);
  const startedAt = performance.now();
  const { answer, cold } = await parts.pool.invoke(prepared.event, invocation.drawFate?.() ?? 'keep');
  const outcome = readAnswer(parts, answer);
  parts.counters.add('invocations');
  if (cold) parts.counters.add('coldStarts');
  if (outcome.kind === 'timed_out') parts.counters.add('timeouts');
  if (outcome.kind === 'killed') parts.counters.add('kills');
  const durationMs = performance.now() - startedAt;
  const { method, zapId } = invocation;
  parts.emit({ kind: 'invoked', method, zapId, outcome: outcome.kind, cold, durationMs });
  return outcome;
};

const readAnswer = (parts: InvocationParts, answer: ContainerAnswer): Outcome => {
  switch (answer.kind) {
    case 'resolved':
      return readResult(parts, answer.value);
    case 'rejected':
      return readRejection(answer, parts.limits.errorTextMaxChars);
    case 'timed_out':
    case 'killed':
      return answer;
  }
};

const handlerResult = z.object({
  results: z.unknown().optional(),
  status: z.enum(['SUCCESS', 'CALLBACK']).optional(),
  resultsUrl: z.url().optional(),
});

const readResult = ({ limits, stash }: InvocationParts, value: unknown): Outcome => {
  const { results: inline, status, resultsUrl } = handlerResult.parse(value);
  const bytes = Buffer.byteLength(JSON.stringify(inline ?? null));
  if (bytes > limits.resultInlineMaxBytes) {
    const message = `Response payload size exceeded maximum allowed payload size (${limits.resultInlineMaxBytes} bytes).`;
    return readRejection({ name: 'Function.ResponseSizeTooLarge', message }, limits.errorTextMaxChars);
  }
  const results = resultsUrl === undefined ? inline : readStashedResult(stash, resultsUrl);
  return status === 'CALLBACK' ? { kind: 'callback', results } : { kind: 'success', results };
};

/** Core stashes a large result as base64 of its JSON. */
const readStashedResult = (stash: StashStore, resultsUrl: string): unknown => {
  const key = new URL(resultsUrl).pathname.split('/').at(-1) ?? '';
  const content = stash.get(key);
  if (content === null) throw new Error(`The app points to a stashed result that is not there: ${resultsUrl}`);
  return JSON.parse(Buffer.from(content.toString(), 'base64').toString());
};
