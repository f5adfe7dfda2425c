/**
 * A Lambda container, seen from inside: loads the built app once, then answers one invocation at a time.
 * Plain JavaScript, because stripping types would cost each cold start 30 ms and 14 MB that Zapier does not charge.
 *
 * In:  { type: 'invoke', id, event }
 * Out: { type: 'ready' } | { type: 'load_failed', name, message }
 *      { type: 'resolved', id, value, rssBytes } | { type: 'rejected', id, name, message, rssBytes }
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

// Core looks for the words mocha and jest in the arguments and would take a folder of that name for a test.
process.argv = ['node'];
process.on('disconnect', () => process.exit(0));

const nameOf = (error) => (error instanceof Error || error?.name ? String(error.name) : 'Error');
const messageOf = (error) => (error?.message === undefined ? String(error) : String(error.message));

// A container stuck in a loop never hears the disconnect; a second thread sees its parent go and ends it.
const watchParent = () => {
  const watch = `
    const parent = process.ppid;
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 500);`;
  new Worker(watch, { eval: true, stdout: false }).unref();
};

const answer = async (handler, { id, event }) => {
  try {
    const value = await handler(event, {});
    process.send({ type: 'resolved', id, value, rssBytes: process.memoryUsage.rss() });
  } catch (error) {
    const rssBytes = process.memoryUsage.rss();
    process.send({ type: 'rejected', id, name: nameOf(error), message: messageOf(error), rssBytes });
  }
};

try {
  const { handler } = await import(pathToFileURL(join(process.cwd(), 'zapierwrapper.js')).href);
  if (typeof handler !== 'function') throw new TypeError('zapierwrapper.js exports no handler');
  let isWatched = false;
  process.on('message', (message) => {
    if (!isWatched) watchParent();
    isWatched = true;
    void answer(handler, message);
  });
  process.send({ type: 'ready' });
} catch (error) {
  process.send({ type: 'load_failed', name: nameOf(error), message: messageOf(error) });
}
