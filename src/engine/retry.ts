import type { SystemFailure } from '../core/system/failure.ts';
import { decideRetry } from '../core/retry/backoff.ts';
import type { Phase } from '../core/retry/dispositions.ts';
import { remainingMs, type Runtime } from './runtime.ts';

type Reply = { readonly kind: string } | { readonly kind: 'failed'; readonly failure: SystemFailure };

/** What a call to a system came to, and how many attempts that took. */
export type Attempted<R> = { readonly reply: R; readonly attempts: number };

const failureOf = (reply: Reply): SystemFailure | undefined =>
  reply.kind === 'failed' && 'failure' in reply ? reply.failure : undefined;

/**
 * Calls a system until it answers, or until `decideRetry` says that this call to Tidemark may not try again.
 *
 * Safe for reads; for writes because `decideRetry` repeats only what was certainly not executed. Nothing is sent once the
 * call has no time left.
 *
 * @param phaseOf how far the request had come when it failed; a write gives `phaseOfWrite`
 */
export const withRetry = async <R extends Reply>(
  runtime: Runtime,
  call: () => Promise<R>,
  phaseOf: (failure: SystemFailure) => Phase = () => 'read',
): Promise<Attempted<R>> => {
  for (let attempts = 1; ; attempts += 1) {
    const reply = await call();
    const failure = failureOf(reply);
    if (failure === undefined) return { reply, attempts };
    const state = { attempts, remainingMs: remainingMs(runtime), random: runtime.random() };
    const decision = decideRetry(failure, phaseOf(failure), state);
    if (decision.kind === 'give_up') return { reply, attempts };
    await runtime.sleep(decision.waitMs);
    // A process that was frozen sleeps longer than it meant to, and a write sent now could outlive the lease behind it.
    if (remainingMs(runtime) === 0) return { reply, attempts };
  }
};
