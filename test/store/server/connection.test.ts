import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { createSmallStore } from './small-store.ts';
import { closeServers, startServer } from './harness.ts';

afterEach(closeServers);

const me = { keyId: 'k1', name: 'zap', role: 'sync', environment: 'pilot', storeVersion: '1.2.3' } as const;
const portOf = (url: string): number => z.coerce.number().parse(new URL(url).port);

/** Everything that comes back until the server hangs up. */
const readAll = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
};

test('closing lets a request in flight finish and refuses the next one on its connection', async () => {
  let finish: (reply: typeof me) => void = () => undefined;
  let begun: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const store = createSmallStore({
    me: () =>
      new Promise((resolve) => {
        finish = resolve;
        begun();
      }),
  });
  const { app } = startServer(store);
  const socket = connect(portOf(await app.listen({ port: 0, host: '127.0.0.1' })), '127.0.0.1');
  const head = `GET /v1/me HTTP/1.1\r\nHost: store\r\nAuthorization: Bearer ${store.keyOf('sync')}\r\n\r\n`;
  const answers = readAll(socket);
  socket.write(head);
  await started;
  const closed = app.close();
  socket.write(head);
  finish(me);
  const text = await answers;
  await closed;
  expect(text).toContain('"keyId":"k1"');
  expect(text.match(/^HTTP\/1\.1 \d+/gm)?.[0]).toBe('HTTP/1.1 200');
  expect(text.match(/"keyId"/g)).toHaveLength(1);
});

test('a client that sends its headers too slowly is cut off', async () => {
  const { app } = startServer(createSmallStore(), { headersTimeoutMs: 50, timeoutCheckMs: 25 });
  const socket = connect(portOf(await app.listen({ port: 0, host: '127.0.0.1' })), '127.0.0.1');
  socket.write('GET /healthz HTTP/1.1\r\nHost: st');
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 408 /);
});

test('bytes that are not HTTP are answered with a problem', async () => {
  const { app } = startServer(createSmallStore());
  const socket = connect(portOf(await app.listen({ port: 0, host: '127.0.0.1' })), '127.0.0.1');
  socket.write('SSH-2.0-OpenSSH_9.2\r\n\r\n');
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"status":400/);
});
