import { createServer } from 'node:http';
import { isRecord, type JsonRecord } from '../../standin/record.ts';

export type SourceRequest = { readonly path: string; readonly body: JsonRecord };

/** The server behind the fixture app: a test says what it answers, and reads what it was asked. */
export type ScriptedSource = {
  readonly url: string;
  /** What a path answers from now on. */
  readonly answer: (path: string, reply: unknown) => void;
  /** What a path answers next, once, before what `answer` says. */
  readonly answerOnce: (path: string, reply: unknown) => void;
  readonly asked: (path: string) => readonly JsonRecord[];
  readonly reset: () => void;
  readonly close: () => Promise<void>;
};

export const startScriptedSource = async (): Promise<ScriptedSource> => {
  const lasting = new Map<string, unknown>();
  const once = new Map<string, unknown[]>();
  const requests: SourceRequest[] = [];

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = (request.url ?? '/').slice(1);
      const text = Buffer.concat(chunks).toString();
      const body: unknown = text === '' ? {} : JSON.parse(text);
      requests.push({ path, body: isRecord(body) ? body : {} });
      const reply = once.get(path)?.shift() ?? lasting.get(path) ?? {};
      const status = isRecord(reply) && typeof reply['status'] === 'number' ? reply['status'] : 200;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The scripted source has no port');

  const reset = (): void => {
    lasting.clear();
    once.clear();
    requests.length = 0;
    lasting.set('me', { name: 'Fixture' });
    lasting.set('records', { results: [] });
  };
  reset();
  return {
    url: `http://127.0.0.1:${address.port}`,
    answer: (path, reply) => void lasting.set(path, reply),
    answerOnce: (path, reply) => void once.set(path, [...(once.get(path) ?? []), reply]),
    asked: (path) => requests.filter((request) => request.path === path).map(({ body }) => body),
    reset,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/** Records as the fixture's triggers return them, newest first. */
export const records = (...ids: readonly string[]): { readonly results: readonly JsonRecord[] } => ({
  results: ids.map((id) => ({ id, name: `Record ${id}` })),
});
