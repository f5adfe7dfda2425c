import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
import { request as openRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';

export type Upstream = { readonly base: URL; readonly agent: Agent };

export type WholeReply = {
  readonly status: number;
  readonly statusMessage: string;
  /** Names and values in turn, as they came, less what belongs to one connection only. */
  readonly headers: readonly string[];
  readonly body: Buffer;
};

const REPLY_BYTES_MAX = 64 * 1024 * 1024;
/** RFC 9110 section 7.6.1; `expect` is answered by this server already. */
const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Passes request and reply through as bytes, as they come. Rejects when the upstream fails. */
export const forwardStreaming = async (
  upstream: Upstream,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const reply = await send(upstream, request);
  response.writeHead(statusOf(reply), reply.statusMessage, endToEndHeaders(reply.rawHeaders));
  await pipeline(reply, response);
};

/** Forwards and holds the whole reply back: when it resolves, the upstream has done what it was asked. */
export const forwardWhole = async (upstream: Upstream, request: IncomingMessage): Promise<WholeReply> => {
  const reply = await send(upstream, request);
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of reply.iterator()) {
    if (!Buffer.isBuffer(piece)) throw new Error('Cannot hold back a reply that is not bytes');
    bytes += piece.length;
    if (bytes > REPLY_BYTES_MAX) throw new Error(`Cannot hold back a reply of more than ${REPLY_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return {
    status: statusOf(reply),
    statusMessage: reply.statusMessage ?? '',
    headers: endToEndHeaders(reply.rawHeaders),
    body: Buffer.concat(pieces),
  };
};

const send = (upstream: Upstream, request: IncomingMessage): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = openRequest({
      agent: upstream.agent,
      hostname: upstream.base.hostname,
      port: upstream.base.port,
      method: request.method,
      path: request.url,
      // The client's own Host goes along, so that links in a reply lead back through the proxy.
      headers: requestHeaders(request),
    });
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    // A client that leaves in mid-request has asked for nothing; one that leaves later has.
    request.once('close', () => {
      if (request.complete) return;
      outgoing.destroy(new Error('Cannot forward: the client left before its request was whole'));
    });
    request.pipe(outgoing);
  });

const requestHeaders = (request: IncomingMessage): string[] => {
  const headers = endToEndHeaders(request.rawHeaders);
  // Without a length Node would send no body with a GET or DELETE; the client's chunks must stay chunks.
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  return headers;
};

const endToEndHeaders = (rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, index) => !CONNECTION_HEADERS.has((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));

const statusOf = (reply: IncomingMessage): number => {
  if (reply.statusCode === undefined) throw new Error('Cannot pass on a reply without a status');
  return reply.statusCode;
};
