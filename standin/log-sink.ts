import { z } from 'zod';

/**
 * One line that left a container: to Zapier's log service, which users and the app's owners read, or to the
 * container's own output, which Lambda keeps. Core censors the first only: z.console prints in clear as well.
 */
export type LogLine = {
  readonly source: 'service' | 'stdout' | 'stderr';
  readonly message: string;
  /** What core sent with the line: type, request and response, censored or not. Null for output. */
  readonly data: unknown;
};

export type LogSink = {
  /** Takes a batch of JSON lines as core streams it. A line that is no JSON is a bug of core, and thrown. */
  readonly takeBatch: (ndjson: string) => void;
  readonly takeOutput: (stream: 'stdout' | 'stderr', line: string) => void;
  readonly lines: () => readonly LogLine[];
  /** Lines that the limit pushed out. A search for secrets proves something only where this is 0. */
  readonly dropped: () => number;
};

const serviceLine = z.object({ message: z.string(), data: z.unknown().optional() });

/** Everything an app let out, kept so that a test can assert that no secret is in it. */
export const createLogSink = (linesMax: number): LogSink => {
  const lines: LogLine[] = [];
  let dropped = 0;
  const keep = (line: LogLine): void => {
    lines.push(line);
    if (lines.length <= linesMax) return;
    lines.shift();
    dropped += 1;
  };
  return {
    takeBatch: (ndjson) => {
      for (const text of ndjson.split('\n')) {
        if (text === '') continue;
        const { message, data } = serviceLine.parse(JSON.parse(text));
        keep({ source: 'service', message, data });
      }
    },
    takeOutput: (stream, line) => {
      // Core prints its process ID and memory on every invocation; an app cannot put anything there.
      if (line !== '' && !line.startsWith('ZID: ') && !memoryLine.test(line)) {
        keep({ source: stream, message: line, data: null });
      }
    },
    lines: () => lines,
    dropped: () => dropped,
  };
};

const memoryLine = /^(?: {2}(?:rss|heapTotal|heapUsed|external|arrayBuffers): \d+,?|\})$/;
