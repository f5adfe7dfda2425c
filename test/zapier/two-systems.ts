import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

export const systemToken = 'source-and-target-token-4711';

export type Row = Readonly<Record<string, unknown>>;

/** A source of customers and a target with contacts, both over HTTP on loopback, both with their data in reach. */
export type TwoSystems = {
  readonly url: string;
  readonly customers: Row[];
  readonly contacts: Row[];
  /** Requests of the kind `METHOD /path` so far. */
  readonly requests: string[];
  /** The status with which the next writes are refused, each quoting the record as careless APIs do; 0 for none. */
  refuseWrites: number;
  /** The status with which the source answers every read; 0 for a true answer. */
  breakSource: number;
  readonly close: () => Promise<void>;
};

const row = z.record(z.string(), z.unknown());

const bodyOf = async (request: IncomingMessage): Promise<Row> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(z.instanceof(Uint8Array).parse(chunk)));
  return row.parse(JSON.parse(Buffer.concat(chunks).toString()));
};

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const readCustomers = (systems: TwoSystems, query: URLSearchParams): Row[] => {
  const ids = query.getAll('id');
  const since = query.get('changed_since') ?? '';
  return systems.customers
    .filter((one) => ids.length === 0 || ids.includes(String(one['id'])))
    .filter((one) => String(one['changed_at']) >= since)
    .toSorted((a, b) => (String(a['changed_at']) < String(b['changed_at']) ? -1 : 1))
    .slice(0, Number(query.get('limit') ?? '100'));
};

const writeContact = async (systems: TwoSystems, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await bodyOf(request);
  if (systems.refuseWrites !== 0) {
    reply(response, systems.refuseWrites, { error: `cannot store ${JSON.stringify(body)}` });
    return;
  }
  const id = /\/contacts\/([^/?]+)$/.exec(request.url ?? '')?.[1];
  if (id === undefined) {
    const created = { ...body, id: String(systems.contacts.length + 1), modified_at: new Date().toISOString() };
    systems.contacts.push(created);
    reply(response, 201, created);
    return;
  }
  const place = systems.contacts.findIndex((one) => one['id'] === id);
  const updated = { ...systems.contacts[place], ...body };
  systems.contacts.splice(place, 1, updated);
  reply(response, 200, updated);
};

const serve = async (systems: TwoSystems, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  systems.requests.push(`${request.method ?? ''} ${pathname}`);
  if (request.headers.authorization !== `Bearer ${systemToken}`) {
    reply(response, 401, { error: 'unauthorized' });
  } else if (pathname === '/customers') {
    if (systems.breakSource === 0) reply(response, 200, readCustomers(systems, searchParams));
    else reply(response, systems.breakSource, { error: 'broken' });
  } else if (request.method === 'GET') {
    const wanted = searchParams.getAll('erp_id');
    reply(
      response,
      200,
      systems.contacts.filter((one) => wanted.includes(String(one['erp_id']))),
    );
  } else {
    await writeContact(systems, request, response);
  }
};

export const startTwoSystems = async (customers: readonly Row[]): Promise<TwoSystems> => {
  const server: Server = createServer((request, response) => {
    void serve(systems, request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = z
    .custom<AddressInfo>((value) => typeof value === 'object' && value !== null)
    .parse(server.address());
  const systems: TwoSystems = {
    url: `http://127.0.0.1:${port}`,
    customers: [...customers],
    contacts: [],
    requests: [],
    refuseWrites: 0,
    breakSource: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return systems;
};
