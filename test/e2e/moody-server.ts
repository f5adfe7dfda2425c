import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';

export type Request = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array;
};
/** Text as it goes over the line: a number in it keeps its digits. */
export type Answer = { readonly status: number; readonly type: string; readonly text: string };

/** A server that a test makes answer as it likes, or not be there at all; it comes back on the port it had. */
export type MoodyServer = {
  readonly url: string;
  readonly answerWith: (answer: (request: Request) => Answer | Promise<Answer>) => void;
  readonly goAway: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export const htmlPage: Answer = { status: 200, type: 'text/html', text: '<!doctype html><h1>Please sign in</h1>' };

export const json = (text: string): Answer => ({ status: 200, type: 'application/json', text });

const address = z.custom<AddressInfo>((value) => typeof value === 'object' && value !== null);

const read = async (incoming: IncomingMessage): Promise<Request> => {
  const headers = new Headers();
  for (const name of ['authorization', 'content-type'] as const) {
    const value = incoming.headers[name];
    if (value !== undefined) headers.set(name, value);
  }
  const url = new URL(incoming.url ?? '/', 'http://moody');
  return { method: incoming.method ?? 'GET', url, headers, body: await buffer(incoming) };
};

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });

export const startMoodyServer = async (): Promise<MoodyServer> => {
  let answer: (request: Request) => Answer | Promise<Answer> = () => htmlPage;
  const server = createServer((incoming, response) => {
    void read(incoming)
      .then((request) => answer(request))
      .then(
        ({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text),
        (error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))),
      );
  });
  await listen(server, 0);
  const { port } = address.parse(server.address());
  const goAway = async (): Promise<void> => {
    if (!server.listening) return;
    const gone = new Promise((resolve) => void server.close(resolve));
    server.closeAllConnections();
    await gone;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    answerWith: (next) => {
      answer = next;
    },
    goAway,
    comeBack: () => listen(server, port),
    close: goAway,
  };
};

/** Passes a request on to a server that is sound. */
export const passTo =
  (base: string) =>
  async ({ method, url, headers, body }: Request): Promise<Answer> => {
    const hasBody = body.byteLength > 0;
    const response = await fetch(new URL(url.pathname + url.search, base), {
      method,
      headers,
      ...(hasBody ? { body } : {}),
    });
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? 'application/json',
      text: await response.text(),
    };
  };
