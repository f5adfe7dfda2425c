import { z } from 'zod';
import { spawnServer } from '../../demo/processes/spawn-server.ts';
import type { RunningServer } from '../../demo/processes/spawn-server.ts';

const ODD_SERVER = 'test/demo/fixtures/odd-server.ts';
const PARENT = 'test/demo/fixtures/parent-of-servers.ts';
const GONE_WITHIN_MS = 8_000;
const LOOK_AGAIN_MS = 50;

const childrenSchema = z.array(z.object({ url: z.url(), pid: z.number() })).length(2);

const isServing = async (url: string): Promise<boolean> => {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
};

/** Waits for what another process does by itself, which nothing announces: the end of an orphan. */
const goneWithin = async (url: string): Promise<boolean> => {
  const deadlineMs = Date.now() + GONE_WITHIN_MS;
  while (Date.now() < deadlineMs) {
    if (!(await isServing(url))) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return false;
};

const startParent = async (ending: string): Promise<{ parent: RunningServer; urls: readonly string[] }> => {
  const parent = await spawnServer({ name: 'parent', script: PARENT, args: [ending] });
  const urls = childrenSchema.parse(parent.ready['children']).map(({ url }) => url);
  return { parent, urls };
};

test('a server is ready with its first JSON line that has a URL, and answers there until it is stopped', async () => {
  const server = await spawnServer({ name: 'odd', script: ODD_SERVER });
  expect(server.ready).toEqual({ url: server.url, note: 'and more' });
  expect(await isServing(server.url)).toBe(true);
  expect(await server.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(await isServing(server.url)).toBe(false);
});

test('a child sees the variables it was given and none of its parent’s secrets', async () => {
  process.env['PARENT_SECRET_TOKEN'] = 'not for children';
  const server = await spawnServer({ name: 'odd', script: ODD_SERVER, env: { CHILD_TOKEN: 'its own' } });
  const seen: unknown = await (await fetch(server.url)).json();
  await server.stop();
  delete process.env['PARENT_SECRET_TOKEN'];
  expect(seen).toMatchObject({ CHILD_TOKEN: 'its own', PATH: process.env['PATH'] });
  expect(seen).not.toHaveProperty('PARENT_SECRET_TOKEN');
});

test('kill9 ends a server by SIGKILL, so that nothing of it could clean up', async () => {
  const server = await spawnServer({ name: 'odd', script: ODD_SERVER });
  expect(await server.kill9()).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await isServing(server.url)).toBe(false);
});

test('stop kills a server that ignores SIGTERM', async () => {
  const server = await spawnServer({ name: 'odd', script: ODD_SERVER, args: ['ignores SIGTERM'], stopTimeoutMs: 100 });
  expect(await server.stop()).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a server that dies before it is ready is reported with its exit code and the end of its stderr', async () => {
  const start = spawnServer({ name: 'store', script: ODD_SERVER, args: ['dies at the start'] });
  await expect(start).rejects.toThrow(
    /^Cannot start server "store": it exited with code 3 before it was ready; its stderr ends with: x{3000,4000}no such table: streams$/u,
  );
});

test('a server that is not ready in time is ended and reported with its stderr', async () => {
  const start = spawnServer({ name: 'store', script: ODD_SERVER, args: ['is never ready'], readyTimeoutMs: 700 });
  await expect(start).rejects.toThrow(/not ready within 700 ms; .*a database that does not come$/u);
});

test('a program that does not exist is reported, not waited for', async () => {
  await expect(spawnServer({ name: 'none', script: 'test/demo/fixtures/none.ts' })).rejects.toThrow(
    /exited with code 1/u,
  );
});

test('the children of a parent that is killed with SIGKILL are gone soon after, also one that ignores SIGTERM', async () => {
  const { parent, urls } = await startParent('waits');
  await parent.kill9();
  expect(await Promise.all(urls.map(goneWithin))).toEqual([true, true]);
});

test.each(['SIGTERM', 'SIGINT'] as const)('a parent that is ended by %s takes its children with it', async (signal) => {
  const { parent, urls } = await startParent('waits');
  process.kill(parent.pid, signal);
  expect(await parent.exited).toEqual({ code: null, signal });
  expect(await Promise.all(urls.map(goneWithin))).toEqual([true, true]);
});

test.each(['exits', 'throws'])('a parent that %s by itself takes its children with it', async (ending) => {
  const { parent, urls } = await startParent(ending);
  await parent.exited;
  expect(await Promise.all(urls.map(goneWithin))).toEqual([true, true]);
});
