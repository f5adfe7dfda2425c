import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { listenOnLoopback } from '../../../demo/processes/server-lifecycle.ts';
import { type JsonValue, parseJson } from '../../../src/core/json.ts';

export type Asked = {
  readonly method: string;
  /** Path without the leading slash, its segments still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: JsonValue | undefined;
  /** The body where it is a form. */
  readonly form?: URLSearchParams;
};

export type Answer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is text: HTML, or JSON with integers that JavaScript cannot hold. */
  readonly body?: JsonValue | { readonly text: string };
};

/** What happens to the next request in the place of an answer, or after its effect. */
export type Fault =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly when?: (asked: Asked) => boolean }
  /** The effect happens, and the connection ends before the answer. */
  | { readonly kind: 'lose'; readonly when?: (asked: Asked) => boolean };

export type VendorServer = {
  readonly url: string;
  readonly asked: Asked[];
  readonly faults: Fault[];
  readonly stop: () => Promise<void>;
};

const readText = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(z.instanceof(Uint8Array).parse(chunk)));
  return Buffer.concat(chunks).toString('utf8');
};

const textOf = (body: Answer['body']): string => {
  if (body === undefined) return '';
  const isText = typeof body === 'object' && body !== null && !Array.isArray(body) && 'text' in body;
  return isText && typeof body.text === 'string' ? body.text : JSON.stringify(body);
};

/** A server that answers as `handle` says, and does to single requests what `faults` say. */
export const startVendor = async (handle: (asked: Asked) => Answer): Promise<VendorServer> => {
  const asked: Asked[] = [];
  const faults: Fault[] = [];
  const take = (one: Asked): Fault | undefined => {
    const index = faults.findIndex(({ when }) => when?.(one) ?? true);
    return index < 0 ? undefined : faults.splice(index, 1)[0];
  };
  const server = createServer((request, response) => {
    const work = async (): Promise<void> => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const text = await readText(request);
      const one: Asked = {
        method: request.method ?? '',
        path: url.pathname.slice(1),
        query: url.searchParams,
        headers: request.headers,
        ...(request.headers['content-type'] === 'application/x-www-form-urlencoded'
          ? { body: undefined, form: new URLSearchParams(text) }
          : { body: text === '' ? undefined : parseJson(text) }),
      };
      asked.push(one);
      const fault = take(one);
      const answer = fault?.kind === 'answer' ? fault.answer : handle(one);
      if (fault?.kind === 'lose') {
        response.destroy();
        return;
      }
      const { status = 200, headers = {}, body } = answer;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(textOf(body));
    };
    work().catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(String(error));
    });
  });
  const url = await listenOnLoopback(server, 0);
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url, asked, faults, stop };
};
