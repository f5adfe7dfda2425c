import { Agent, createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../processes/server-lifecycle.ts';
import { createFaultChooser } from './fault-chooser.ts';
import type { MethodGroup } from './fault-chooser.ts';
import { createFaultCounts } from './fault-counts.ts';
import type { FaultCounts } from './fault-counts.ts';
import { faultPlanSchema } from './fault-plan.ts';
import type { FaultPlanInput } from './fault-plan.ts';
import type { FaultKind } from './faults.ts';
import { answer, playFault } from './play-fault.ts';
import { createWaiting } from './waiting.ts';

export type FaultEvent = { readonly fault: FaultKind; readonly method: string; readonly url: string };

export type FaultProxyOptions = {
  /** Base URL of the system behind, `http` only; its path is not used. */
  readonly upstream: string;
  readonly plan: FaultPlanInput;
  /** In [0, 1); the same numbers and the same order of requests give the same faults. */
  readonly random: () => number;
  readonly onFault?: (event: FaultEvent) => void;
  /** 0, the default, lets the operating system choose. */
  readonly port?: number;
};

export type FaultProxy = {
  readonly url: string;
  /** A copy; it does not change any more. */
  readonly counts: () => FaultCounts;
  /** Faults are on from the start. While they are off every request passes, forced ones stay in their queue. */
  readonly enable: () => void;
  readonly disable: () => void;
  readonly forceNext: (group: MethodGroup, fault: FaultKind) => void;
  /** Drops whatever is under way. Resolves when nothing is left open. */
  readonly close: () => Promise<void>;
};

/** Shorter than the five seconds after which Node's servers close an idle connection, so that none is used as it closes. */
const UPSTREAM_IDLE_MS = 2_000;

/** Starts a reverse proxy on loopback that does to some requests what networks, gateways and busy systems do. */
export const createFaultProxy = async (options: FaultProxyOptions): Promise<FaultProxy> => {
  const plan = faultPlanSchema.parse(options.plan);
  const agent = new Agent({ keepAlive: true, timeout: UPSTREAM_IDLE_MS });
  const chooser = createFaultChooser(plan, options.random);
  const counts = createFaultCounts();
  const waiting = createWaiting();
  const stage = { upstream: { base: new URL(options.upstream), agent }, plan, wait: waiting.wait };
  let isEnabled = true;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const fault = isEnabled ? chooser.choose({ method, url }) : 'none';
    counts.add(fault);
    if (fault !== 'none') options.onFault?.({ fault, method, url });
    try {
      await playFault(fault, stage, { request, response });
    } catch {
      // The system behind is gone or broke off, or the client left: no fault of the plan, so it is counted apart.
      counts.addUnplanned();
      if (response.headersSent) request.socket.destroy();
      else answer({ request, response }, 502, {});
    }
  };

  const server = createServer((request, response) => void handle(request, response));
  const url = await listenOnLoopback(server, options.port ?? 0);
  return {
    url,
    counts: counts.read,
    enable: () => {
      isEnabled = true;
    },
    disable: () => {
      isEnabled = false;
    },
    forceNext: chooser.forceNext,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      waiting.endAll();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
};
