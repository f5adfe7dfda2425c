import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { Server as NetServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/**
 * Serves on loopback and announces it: one line of JSON, `{"url": "http://127.0.0.1:PORT"}`, on stdout. The
 * process then ends on SIGTERM and SIGINT at once; the systems of the demo keep nothing that would need closing.
 *
 * @param port 0 lets the operating system choose a free one
 */
export const serveAndAnnounce = async (listener: RequestListener, port: number): Promise<Server> => {
  const server = createServer(listener);
  const url = await listenOnLoopback(server, port);
  process.once('SIGTERM', () => process.exit(0));
  process.once('SIGINT', () => process.exit(0));
  process.stdout.write(`${JSON.stringify({ url })}\n`);
  return server;
};

/** Resolves with the base URL, without a slash at the end. */
export const listenOnLoopback = (server: NetServer, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') {
        reject(new Error(`Cannot tell the port of a server on ${LOOPBACK}: its address is ${String(address)}`));
        return;
      }
      resolve(`http://${LOOPBACK}:${address.port}`);
    });
  });
