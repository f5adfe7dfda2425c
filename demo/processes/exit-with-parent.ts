/**
 * Preloaded (`--import`) into every child by `spawn-server.ts`. The child's stdin is a pipe that nobody writes
 * to; it reads as ended the moment the parent is gone, also when the parent was killed with SIGKILL and could
 * clean up nothing. The child then ends itself: first politely, so that a store closes its database, then not.
 */
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = 2_000;

const endSelf = (): void => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
  process.kill(process.pid, 'SIGTERM');
};

// Worker threads are given the same preloads, but their stdin is a stream of their own that never says this.
if (isMainThread) {
  process.stdin.once('end', endSelf);
  process.stdin.once('error', endSelf);
  process.stdin.resume();
  // Watching must not be what keeps a process alive that has otherwise finished.
  if ('unref' in process.stdin) process.stdin.unref();
}
