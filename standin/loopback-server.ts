import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { CallbackRegistry } from './callback-registry.ts';
import type { HookRegistry } from './hook-registry.ts';
import type { Limits } from './limits.ts';
import type { LogSink } from './log-sink.ts';
import { readMultipart } from './multipart.ts';
import { BodyTooLargeError, readBody } from './request-body.ts';
import { answerRpc, type RpcStores } from './rpc.ts';
import type { TokenRegistry } from './token-registry.ts';

export type LoopbackServer = {
  readonly rpcUrl: string;
  readonly logUrl: string;
  readonly stashUrl: string;
  readonly callbackUrl: (id: string) => string;
  readonly hookUrl: (id: string) => string;
  readonly close: () => Promise<void>;
};

export type LoopbackParts = {
  readonly limits: Limits;
  readonly tokens: TokenRegistry;
  readonly stores: Omit<RpcStores, 'stashUrl'>;
  readonly logs: LogSink;
  readonly callbacks: CallbackRegistry;
  readonly hooks: HookRegistry;
};

type Reply = { readonly status: number; readonly body: unknown };

/** Zapier's own servers on one loopback port: RPC, logs, stash, callbacks and hooks. */
export const startLoopbackServer = async (parts: LoopbackParts): Promise<LoopbackServer> => {
  const server = createServer((request, response) => {
    answerRequest(parts, baseUrl, request).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, replyToError(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The loopback server has no port');
  const baseUrl = `http://127.0.0.1:${address.port}`;
  return {
    rpcUrl: `${baseUrl}/rpc`,
    logUrl: `${baseUrl}/logs`,
    stashUrl: `${baseUrl}/stash/`,
    callbackUrl: (id) => `${baseUrl}/callbacks/${id}`,
    hookUrl: (id) => `${baseUrl}/hooks/${id}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const answerRequest = async (parts: LoopbackParts, baseUrl: string, request: IncomingMessage): Promise<Reply> => {
  const url = new URL(request.url ?? '/', baseUrl);
  const [, place = '', id = ''] = url.pathname.split('/');
  switch (place) {
    case 'rpc':
      return await answerRpcRequest(parts, baseUrl, request);
    case 'logs':
      return await answerLogs(parts, request);
    case 'stash':
      return request.method === 'POST' ? await answerUpload(parts, request) : answerDownload(parts, id);
    case 'callbacks':
      return await answerCallback(parts, id, request);
    case 'hooks':
      return await answerHook(parts, id, url, request);
    default:
      return { status: 404, body: { error: `Nothing at ${url.pathname}` } };
  }
};

const answerRpcRequest = async (
  { limits, tokens, stores }: LoopbackParts,
  baseUrl: string,
  request: IncomingMessage,
): Promise<Reply> => {
  const body = await readBody(request, limits.rpcRequestMaxBytes);
  const owner = tokens.find(header(request, 'x-token'));
  if (owner === null) return { status: 401, body: { error: 'Unknown X-Token' } };
  const reply = answerRpc({ ...stores, stashUrl: `${baseUrl}/stash/` }, owner, JSON.parse(body.toString()));
  return { status: 200, body: reply };
};

const answerLogs = async ({ limits, tokens, logs }: LoopbackParts, request: IncomingMessage): Promise<Reply> => {
  const body = await readBody(request, limits.logBatchMaxBytes);
  if (tokens.find(header(request, 'x-token')) === null) return { status: 401, body: { error: 'Unknown X-Token' } };
  logs.takeBatch(body.toString());
  return { status: 200, body: { status: 'ok' } };
};

const answerUpload = async ({ limits, stores }: LoopbackParts, request: IncomingMessage): Promise<Reply> => {
  const body = await readBody(request, limits.stashMaxBytes);
  const parts = readMultipart(body, header(request, 'content-type') ?? '');
  const key = parts.get('key')?.toString();
  const content = parts.get('file');
  if (key === undefined || content === undefined) return { status: 400, body: { error: 'key and file are needed' } };
  // S3 answers a form upload with 204, and core takes nothing else for success.
  return stores.stash.put(key, content)
    ? { status: 204, body: null }
    : { status: 403, body: { error: `Nobody reserved "${key}"` } };
};

const answerDownload = ({ stores }: LoopbackParts, key: string): Reply => {
  const content = stores.stash.get(key);
  return content === null ? { status: 404, body: { error: `No object "${key}"` } } : { status: 200, body: content };
};

const answerCallback = async (parts: LoopbackParts, id: string, request: IncomingMessage): Promise<Reply> => {
  const body = await readBody(request, parts.limits.callbackPayloadMaxBytes);
  const text = body.toString();
  const receipt = parts.callbacks.receive(id, text === '' ? {} : JSON.parse(text));
  return receipt === 'accepted'
    ? { status: 200, body: { status: 'success' } }
    : { status: 410, body: { error: 'No run waits for this callback' } };
};

const answerHook = async (parts: LoopbackParts, id: string, url: URL, request: IncomingMessage): Promise<Reply> => {
  const body = await readBody(request, parts.limits.hookPayloadMaxBytes);
  const isTaken = parts.hooks.deliver(id, {
    method: request.method ?? 'POST',
    querystring: url.search.slice(1),
    headers: flatHeaders(request),
    content: body.toString(),
  });
  // 410 tells the sender to end the subscription: the Zap is off.
  return isTaken ? { status: 200, body: { status: 'success' } } : { status: 410, body: { error: 'Gone' } };
};

const replyToError = (error: unknown): Reply => {
  if (error instanceof BodyTooLargeError) return { status: 413, body: { error: error.message } };
  // A request that core or an app could not have sent in earnest; 400 makes core give up instead of repeating it.
  return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
};

const send = (response: ServerResponse, { status, body }: Reply): void => {
  if (response.destroyed) return;
  if (Buffer.isBuffer(body)) response.writeHead(status).end(body);
  else if (body === null) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const flatHeaders = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
