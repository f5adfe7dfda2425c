import type { RequestListener } from 'node:http';
import { z } from 'zod';
import type { FaultProxy } from './create-fault-proxy.ts';
import { FAULT_KINDS } from './faults.ts';

const forceSchema = z.tuple([z.literal('force'), z.enum(['reads', 'writes']), z.enum(FAULT_KINDS)]);

/** How another process steers a proxy. It listens apart from the proxy, so that no path of the upstream is taken. */
export const createProxyControl =
  (proxy: FaultProxy): RequestListener =>
  (request, response) => {
    request.resume();
    const isKnown = obey(proxy, `${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(proxy.counts()));
  };

const obey = (proxy: FaultProxy, command: string): boolean => {
  switch (command) {
    case 'GET /counts':
      return true;
    case 'POST /enable':
      proxy.enable();
      return true;
    case 'POST /disable':
      proxy.disable();
      return true;
    default:
      return force(proxy, command);
  }
};

const force = (proxy: FaultProxy, command: string): boolean => {
  const path = command.startsWith('POST /') ? command.slice('POST /'.length).split('/') : [];
  const parsed = forceSchema.safeParse(path);
  if (!parsed.success) return false;
  const [, group, fault] = parsed.data;
  proxy.forceNext(group, fault);
  return true;
};
