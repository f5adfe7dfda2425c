import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { z } from 'zod';
import { problem, type Problem } from '../../../src/core/protocol/problem.ts';
import type { Role } from '../../../src/core/protocol/route.ts';
import { createServer } from '../../../src/store/server/create-server.ts';
import type { ServerLimits } from '../../../src/store/server/limits.ts';
import type { SmallStore } from './small-store.ts';

export type Harness = {
  readonly app: FastifyInstance;
  readonly lines: readonly string[];
  /** Sends a request with the key of a role. */
  readonly send: (role: Role, request: InjectOptions) => Promise<LightMyRequestResponse>;
};

const open: FastifyInstance[] = [];

/** A server over a store, with its log in `lines`; closed by `closeServers`. */
export const startServer = (store: SmallStore, limits: Partial<ServerLimits> = {}): Harness => {
  const lines: string[] = [];
  const app = createServer({
    store,
    version: '1.2.3',
    log: { level: 'info', write: (line) => void lines.push(line) },
    limits,
  });
  open.push(app);
  const send: Harness['send'] = (role, request) =>
    app.inject({ ...request, headers: { authorization: `Bearer ${store.keyOf(role)}`, ...request.headers } });
  return { app, lines, send };
};

export const closeServers = async (): Promise<void> => {
  for (const app of open.splice(0)) await app.close();
};

type Replied = {
  readonly statusCode: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
};

/** The problem in a reply, which must say that it is one. */
export const problemIn = (reply: Replied): Problem => {
  expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const parsed = problem.parse(z.json().parse(JSON.parse(reply.body)));
  expect(parsed.status).toBe(reply.statusCode);
  return parsed;
};
