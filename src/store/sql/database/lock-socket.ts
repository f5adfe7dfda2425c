import net from 'node:net';
import { errorCode } from './error-facts.ts';

/** Held until released, or until the process ends in whatever way. */
export type SocketLock = { readonly release: () => Promise<void> };

export type BindOutcome = ({ readonly kind: 'bound' } & SocketLock) | { readonly kind: 'taken' };

export type HolderOutcome = { readonly kind: 'held'; readonly processId?: string } | { readonly kind: 'gone' };

/** A busy holder (PostgreSQL runs on its event loop) may answer late; it holds the folder all the same. */
const answerTimeoutMs = 1_000;

/**
 * Listens on a socket path without keeping the process alive; whoever connects is told our process ID.
 *
 * @throws what listen throws, other than that the path is taken
 */
export const bindSocket = async (path: string): Promise<BindOutcome> => {
  const server = net.createServer((socket) => {
    // A caller that hangs up early is no concern of the holder.
    socket.on('error', () => socket.destroy());
    socket.end(String(process.pid), () => socket.destroy());
  });
  try {
    // Exclusive: a worker of node:cluster would otherwise share its siblings' socket and find nothing taken.
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path, exclusive: true }, resolve);
    });
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return { kind: 'taken' };
    throw error;
  }
  server.unref();
  const release = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
    });
  return { kind: 'bound', release };
};

/** Asks who listens on a path. Anything but a plain "nobody" counts as held: a doubt must not open the folder. */
export const askHolder = (path: string): Promise<HolderOutcome> =>
  new Promise((resolve) => {
    let answer = '';
    const held = (): void => resolve(/^\d+$/.test(answer) ? { kind: 'held', processId: answer } : { kind: 'held' });
    const socket = net.connect(path);
    socket.setTimeout(answerTimeoutMs, () => {
      socket.destroy();
      held();
    });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', (error) => {
      const code = errorCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve({ kind: 'gone' });
      else held();
    });
    socket.on('end', held);
  });
