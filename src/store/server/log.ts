import type { FastifyServerOptions } from 'fastify';
import { z } from 'zod';

/** Where the server's log goes: one line of JSON at a time. */
export type ServerLog = {
  readonly level: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  readonly write: (line: string) => void;
};

/** Only these members: a database error carries the row at fault in others, which must not reach a log. */
const failure = z.object({
  name: z.string().default('unknown'),
  message: z.string().default(''),
  stack: z.string().default(''),
  code: z.string().optional(),
});

type Described = {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string | undefined;
};

const describeError = (error: unknown): Described => {
  const { name, ...rest } = failure.catch({ name: typeof error, message: '', stack: '' }).parse(error);
  return { type: name, ...rest };
};

/** The logger's options. Bodies, queries and headers are never logged; should one slip in, the key in it is cut out. */
export const loggerOptions = (log: ServerLog): NonNullable<FastifyServerOptions['logger']> => ({
  level: log.level,
  stream: { write: log.write },
  redact: {
    paths: ['authorization', '*.authorization', '*.headers.authorization', 'body', '*.body'],
    censor: '[redacted]',
  },
  serializers: {
    err: describeError,
    req: (request: { readonly method: string }) => ({ method: request.method }),
    res: (reply: { readonly statusCode: number }) => ({ status: reply.statusCode }),
  },
});
