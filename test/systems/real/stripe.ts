import { z } from 'zod';
import { type RunningServer, spawnServer } from '../../../demo/processes/spawn-server.ts';
import { callJson } from './call-json.ts';
import type { Copies, RealSource, SourcePlace, SystemDocument, TargetPlace } from './real-system.ts';

const READY_MS_MAX = 60_000;
const KEY = 'sk_test_of_the_journey';
const headers = { authorization: `Bearer ${KEY}` };

export const stripeSecrets = { STRIPE_TOKEN: KEY } as const;

const customer = z.object({
  id: z.string(),
  created: z.int(),
  email: z.string().nullable(),
  description: z.string().nullable(),
});
const list = z.object({ data: z.array(customer) });
type Customer = z.infer<typeof customer>;

export const startStripe = (): Promise<RunningServer> =>
  spawnServer({ name: 'Stripe', script: 'test/systems/real/fixtures/stripe.ts', readyTimeoutMs: READY_MS_MAX });

const post = async (url: string, path: string, form: Readonly<Record<string, string>>): Promise<Customer> => {
  const response = await fetch(`${url}/v1/${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
  if (!response.ok) throw new Error(`POST ${path} was answered with ${response.status}`);
  return customer.parse(await response.json());
};

const allOf = async (url: string): Promise<readonly Customer[]> =>
  list.parse((await callJson(`${url}/v1/customers`, { headers })).json).data;

/** Creates customers until two of them were created in different seconds, so that their order can be told. */
export const createOverTwoSeconds = async (url: string): Promise<void> => {
  const first = await post(url, 'customers', { description: 'First' });
  for (;;) {
    const next = await post(url, 'customers', { description: 'Next' });
    if (next.created > first.created) return;
  }
};

/** The mock deletes no customers, so that people only rename and add. */
export const stripeSource = (url: string): RealSource => ({
  people: {
    remove: () => Promise.resolve(),
    rename: async (id, name) => {
      await post(url, `customers/${id}`, { description: name });
    },
    add: async (name) => {
      await post(url, 'customers', { description: name });
    },
  },
  all: async () => new Map((await allOf(url)).map(({ id, description }) => [id, description ?? ''])),
  async *plainPages() {
    let after = '';
    for (;;) {
      const { json } = await callJson(`${url}/v1/customers?limit=100${after}`, { headers });
      const { data } = list.parse(json);
      const last = data.at(-1);
      if (last === undefined) return;
      yield data.map(({ id }) => id);
      after = `&starting_after=${last.id}`;
    }
  },
});

const systemOf = (url: string): SystemDocument => ({
  tidemark: 'system/v1',
  name: 'stripe',
  environment: 'pilot',
  driver: 'rest',
  baseUrl: url,
  allowPrivateHosts: true,
  auth: { kind: 'bearer', secret: 'STRIPE_TOKEN' },
  limits: { timeoutMs: 20_000 },
  entities: {
    customers: {
      path: 'v1/customers',
      recordsAt: 'data',
      idField: 'id',
      updatedAtField: 'created',
      timestamp: 'epoch-s',
      sinceParam: 'created[gte]',
      pageSizeParam: 'limit',
      requests: {
        find: { path: 'v1/customers', query: { '{field}': '{value}' } },
        create: { method: 'POST', path: 'v1/customers', bodyAs: 'form', body: '{fields}' },
        update: { method: 'POST', path: 'v1/customers/{id}', bodyAs: 'form', body: '{fields}' },
      },
    },
  },
});

export const stripeCustomers = (url: string): SourcePlace => ({
  system: systemOf(url),
  entity: 'customers',
  name: 'description',
});

/** The external ID stands in `email`, which is all that the mock finds customers by. */
export const stripeByEmail = (url: string): TargetPlace => ({
  system: systemOf(url),
  entity: 'customers',
  externalIdField: 'email',
  fields: [{ target: 'description', expression: '{name}' }],
});

export const stripeCopies = async (url: string): Promise<Copies> => {
  const byId = Map.groupBy(await allOf(url), ({ email }) => email ?? '');
  return new Map([...byId].map(([id, found]) => [id, found.map(({ description }) => description ?? '')]));
};
