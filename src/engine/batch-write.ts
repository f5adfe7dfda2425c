import { digestText } from '../core/digest.ts';
import { phaseOfWrite } from '../core/retry/fault.ts';
import type { EntityDriver, UpsertRequest, WriteReply } from '../core/system/entity-driver.ts';
import { chunked } from './chunked.ts';
import { eachOf } from './each-of.ts';
import { withRetry } from './retry.ts';
import { remainingMs, type Runtime } from './runtime.ts';
import { AT_ONCE, type TargetWrite } from './target-look.ts';

type Together = NonNullable<EntityDriver['writeMany']>;
/** A record that may go out together with others. */
export type Ready = { readonly write: TargetWrite; readonly request: UpsertRequest; readonly kept: readonly string[] };

/** All of a batch came to the same failure: it is that of the request, and not of a record. */
const commonFailure = (replies: readonly WriteReply[]): Extract<WriteReply, { kind: 'failed' }> | undefined => {
  const [first] = replies;
  return first?.kind === 'failed' && replies.every((one) => one.kind === 'failed' && one.failure === first.failure)
    ? first
    : undefined;
};

/** Sends several records in one request, again while the request as a whole was certainly not executed. */
const sendBatch = async (
  runtime: Runtime,
  together: Together,
  batch: readonly Ready[],
): Promise<{ readonly replies: readonly WriteReply[]; readonly attempts: number }> => {
  const writeId = digestText(batch.map(({ request }) => request.writeId ?? '').join(' '));
  let replies: readonly WriteReply[] = [];
  const { attempts } = await withRetry(
    runtime,
    async () => {
      replies = await together.write(
        batch.map(({ request }) => request),
        writeId,
      );
      return commonFailure(replies) ?? { kind: 'answered' as const };
    },
    phaseOfWrite,
  );
  return { replies, attempts };
};

/** What a request came to for one record. `kept`: what the target owns and holds otherwise. */
export type Sent = { readonly reply: WriteReply; readonly attempts: number; readonly kept: readonly string[] };

/**
 * Sends what can go together. A batch that was refused as a whole is left out, and so is a single record: these go one
 * by one, so that only a bad one is given up on.
 *
 * @returns what it came to for each record that went
 */
export const sendTogether = async (
  runtime: Runtime,
  together: Together,
  ready: readonly Ready[],
): Promise<ReadonlyMap<TargetWrite, Sent>> => {
  const sent = new Map<TargetWrite, Sent>();
  const batches = chunked(ready, together.max).filter((batch) => batch.length > 1);
  await eachOf(batches, AT_ONCE, async (batch) => {
    if (remainingMs(runtime) === 0) return;
    const { replies, attempts } = await sendBatch(runtime, together, batch);
    if (commonFailure(replies)?.failure.kind === 'rejected') return;
    for (const [place, { write, kept }] of batch.entries()) {
      const reply = replies[place];
      if (reply === undefined) throw new Error('Cannot tell what became of a write: its batch has no reply for it');
      sent.set(write, { reply, attempts, kept });
    }
  });
  return sent;
};
