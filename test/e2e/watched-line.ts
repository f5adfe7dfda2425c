import { setTimeout as sleep } from 'node:timers/promises';
import { createFaultProxy, type FaultProxy } from '../../demo/proxy/create-fault-proxy.ts';
import type { Cleanup } from './cleanups.ts';
import { passTo, startMoodyServer } from './moody-server.ts';

/** The way to a system: it notes every request, can hold one back, and may lose a reply. */
export type WatchedLine = {
  readonly url: string;
  /** Method and path of each request since the last call, in the order of their arrival. */
  readonly takeRequests: () => readonly string[];
  /** Holds the next request back until the promise settles, or 12 s have passed: then whoever waits for it sees it fail. */
  readonly holdNext: (until: Promise<unknown>) => void;
  readonly forceNext: FaultProxy['forceNext'];
};

/** Well below the 20 s that a call of the app works for. */
const HOLD_MS_MAX = 12_000;

export const startWatchedLine = async (upstream: string, cleanups: Cleanup[]): Promise<WatchedLine> => {
  const proxy = await createFaultProxy({ upstream, plan: {}, random: () => 0.5 });
  cleanups.push(proxy.close);
  const server = await startMoodyServer();
  cleanups.push(server.close);
  const pass = passTo(proxy.url);
  let requests: string[] = [];
  let held: Promise<unknown> | undefined;
  server.answerWith(async (request) => {
    requests.push(`${request.method} ${request.url.pathname}`);
    const until = held;
    held = undefined;
    if (until !== undefined) await Promise.race([until, sleep(HOLD_MS_MAX, undefined, { ref: false })]);
    return pass(request);
  });
  return {
    url: server.url,
    takeRequests: () => {
      const taken = requests;
      requests = [];
      return taken;
    },
    holdNext: (until) => {
      held = until;
    },
    forceNext: proxy.forceNext,
  };
};
