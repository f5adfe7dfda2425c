import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const readyLineSchema = z.looseObject({ url: z.url() });

export type ReadyLine = z.infer<typeof readyLineSchema>;

export type ReadyOutcome =
  | { readonly kind: 'ready'; readonly line: ReadyLine }
  | { readonly kind: 'not-ready'; readonly reason: string };

type ReadyLimits = {
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly timeoutMs: number;
};

/**
 * Waits for the first line of stdout that is a JSON object with a string `url`. Goes on reading afterwards,
 * because a child whose stdout nobody reads stops at a full pipe.
 */
export const readReadyLine = (stdout: Readable, limits: ReadyLimits): Promise<ReadyOutcome> =>
  new Promise((resolve) => {
    const timer = setTimeout(
      () => resolve({ kind: 'not-ready', reason: `it was not ready within ${limits.timeoutMs} ms` }),
      limits.timeoutMs,
    );
    const settle = (outcome: ReadyOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    createInterface({ input: stdout }).on('line', (text) => {
      const line = parseReadyLine(text);
      if (line !== null) settle({ kind: 'ready', line });
    });
    void limits.exited.then(({ code, signal }) =>
      settle({ kind: 'not-ready', reason: `it exited with ${signal ?? `code ${String(code)}`} before it was ready` }),
    );
  });

/** `null` for any other line: a server may log before it is ready. */
const parseReadyLine = (text: string): ReadyLine | null => {
  if (!text.startsWith('{')) return null;
  const parsed = readyLineSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A log line that only begins like JSON; it is not the ready line, which is all that is asked.
    return null;
  }
};
