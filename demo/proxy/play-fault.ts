import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultPlan } from './fault-plan.ts';
import type { FaultKind } from './faults.ts';
import { forwardStreaming, forwardWhole } from './forward.ts';
import type { Upstream, WholeReply } from './forward.ts';

export type Stage = {
  readonly upstream: Upstream;
  readonly plan: FaultPlan;
  /** Resolves after the time, or at once when the proxy closes. */
  readonly wait: (durationMs: number) => Promise<void>;
};

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse };

const HTML_PAGE = '<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>';

/** Does to one request what was chosen for it. Rejects when the upstream itself fails. */
export const playFault = async (fault: FaultKind | 'none', stage: Stage, exchange: Exchange): Promise<void> => {
  const { upstream, plan, wait } = stage;
  const { request, response } = exchange;
  switch (fault) {
    case 'none':
      return forwardStreaming(upstream, request, response);
    case 'slow':
      await wait(plan.slowMs);
      return forwardStreaming(upstream, request, response);
    case 'lost-reply':
      await forwardWhole(upstream, request);
      return hangUp(exchange);
    case 'error-after':
      await forwardWhole(upstream, request);
      return answer(exchange, 500, {});
    case 'hang-after':
      await forwardWhole(upstream, request);
      await wait(plan.hangMs);
      return hangUp(exchange);
    case 'cut-body':
      return cutBody(exchange, await forwardWhole(upstream, request));
    case 'hang-before':
      request.resume();
      await wait(plan.hangMs);
      return hangUp(exchange);
    case 'throttled-seconds':
      return answer(exchange, 429, { 'retry-after': String(plan.retryAfterSeconds) });
    case 'throttled-date':
      return answer(exchange, 429, { 'retry-after': httpDateIn(plan.retryAfterSeconds) });
    case 'error-500':
      return answer(exchange, 500, {});
    case 'error-503':
      return answer(exchange, 503, {});
    case 'html-200':
      request.resume();
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(HTML_PAGE);
  }
};

export const answer = ({ request, response }: Exchange, status: number, headers: Record<string, string>): void => {
  request.resume();
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { code: String(status), message: 'made by the fault proxy' } }));
};

const hangUp = ({ request }: Exchange): void => {
  request.socket.destroy();
};

const cutBody = (exchange: Exchange, reply: WholeReply): void => {
  const half = reply.body.subarray(0, Math.floor(reply.body.length / 2));
  if (half.length === 0) return hangUp(exchange);
  const { response } = exchange;
  const headers = [...reply.headers];
  if (!headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-length')) {
    headers.push('Content-Length', String(reply.body.length));
  }
  response.writeHead(reply.status, reply.statusMessage, headers);
  // The half must have left before the connection closes, or the client would see no reply at all.
  response.write(half, () => hangUp(exchange));
};

/** Whole seconds are all that the form holds; rounding up keeps a client from coming too early. */
const httpDateIn = (seconds: number): string => new Date(Math.ceil(Date.now() / 1_000 + seconds) * 1_000).toUTCString();
