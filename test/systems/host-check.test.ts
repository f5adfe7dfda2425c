import { createHttp, type HttpReply } from '../../src/systems/http/http.ts';
import type { Lookup } from '../../src/systems/http/host-check.ts';
import { createTokenCache } from '../../src/systems/http/token/token-cache.ts';
import { NOW_MS, restSystem } from './contracts.ts';

const read = { method: 'GET', to: { path: 'contacts' }, label: '/contacts' } as const;
const write = { method: 'POST', to: { path: 'contacts' }, label: '/contacts', body: {} } as const;

const CREDENTIALS = {
  kind: 'oauth-client-credentials',
  tokenUrl: 'https://login.example.com/token',
  clientIdSecret: 'A_SECRET',
  clientSecret: 'A_SECRET',
} as const;

type World = {
  readonly lookup: Lookup;
  readonly system?: Parameters<typeof restSystem>[1];
  readonly nowMs?: () => number;
};

/** An API and a token endpoint that answer everybody, behind names that the test resolves. */
const worldOf = ({ lookup, system, nowMs = () => NOW_MS }: World) => {
  const asked: string[] = [];
  const looked: string[] = [];
  const http = createHttp({
    system: restSystem({}, { baseUrl: 'https://crm.example.com/api', allowPrivateHosts: false, ...system }),
    secret: () => 'a-secret-value',
    fetch: (input) => {
      const { host } = input instanceof URL ? input : new URL(input instanceof Request ? input.url : input);
      asked.push(host);
      return Promise.resolve(Response.json(host.startsWith('login') ? { access_token: 'x-1' } : []));
    },
    now: nowMs,
    tokens: createTokenCache(),
    lookup: (hostname) => {
      looked.push(hostname);
      return lookup(hostname);
    },
  });
  return { http, asked, looked };
};

const to =
  (...addresses: string[]): Lookup =>
  () =>
    Promise.resolve(addresses);

const failureOf = (reply: HttpReply) => {
  if (reply.kind !== 'failed') throw new Error(`Expected a failure, got status ${reply.status}`);
  return reply.failure;
};

test.each([
  ['loopback', ['127.0.0.1']],
  ['the metadata service', ['169.254.169.254']],
  ['a private network', ['10.0.0.1']],
  ['the network of a carrier', ['100.64.0.1']],
  ['loopback by IPv6', ['::1']],
  ['a unique local address', ['fd00:ec2::254']],
  ['a public address and a private one', ['203.0.113.7', '10.0.0.1']],
])('G7 a public name that leads to %s is not called', async (_what, addresses) => {
  const { http, asked } = worldOf({ lookup: to(...addresses) });
  const failure = failureOf(await http.request(read));
  expect(failure).toMatchObject({ kind: 'rejected', status: 0 });
  expect(failure.reason).toContain('"crm.example.com" resolves to an address in a private network');
  for (const address of addresses) expect(failure.reason).not.toContain(address);
  // A record is not given up for it: the name may be put right.
  expect(failureOf(await http.request(write)).kind).toBe('unavailable');
  expect(asked).toEqual([]);
});

test('a name that leads to public addresses is called', async () => {
  const { http, asked } = worldOf({ lookup: to('203.0.113.7', '2606:4700::1111') });
  expect(await http.request(read)).toMatchObject({ kind: 'response' });
  expect(asked).toEqual(['crm.example.com']);
});

test('G7 the name of a token endpoint is held to the same, and the credentials stay here', async () => {
  const lookup: Lookup = (hostname) => Promise.resolve([hostname.startsWith('login') ? '10.0.0.1' : '203.0.113.7']);
  const { http, asked } = worldOf({ lookup, system: { auth: CREDENTIALS } });
  const failure = failureOf(await http.request(read));
  expect(failure.kind).toBe('unauthorized');
  expect(failure.reason).toContain('"login.example.com"');
  expect(asked).toEqual([]);
});

test('where private hosts are allowed nothing is looked up', async () => {
  const { http, asked, looked } = worldOf({
    lookup: to('10.0.0.1'),
    system: { allowPrivateHosts: true, auth: CREDENTIALS },
  });
  expect(await http.request(read)).toMatchObject({ kind: 'response' });
  expect(asked).toEqual(['login.example.com', 'crm.example.com']);
  expect(looked).toEqual([]);
});

test('an address in the place of a name is not looked up', async () => {
  const { http, looked } = worldOf({ lookup: to('10.0.0.1'), system: { baseUrl: 'https://203.0.113.7/' } });
  expect(await http.request(read)).toMatchObject({ kind: 'response' });
  expect(looked).toEqual([]);
});

test('a name is looked up once in 30 s, and then anew: what it leads to may have changed', async () => {
  let laterMs = 0;
  let address = '203.0.113.7';
  const { http, looked } = worldOf({ lookup: () => Promise.resolve([address]), nowMs: () => NOW_MS + laterMs });
  await Promise.all([http.request(read), http.request(read), http.request(read)]);
  laterMs = 29_000;
  await http.request(read);
  expect(looked).toHaveLength(1);
  laterMs = 30_000;
  address = '127.0.0.1';
  expect(failureOf(await http.request(read)).kind).toBe('rejected');
  expect(looked).toHaveLength(2);
});

test('a name that does not exist is unavailable, for a write too, and is looked up again', async () => {
  const gone = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' });
  let lookups = 0;
  const { http } = worldOf({
    lookup: () => {
      lookups += 1;
      return lookups <= 2 ? Promise.reject(gone) : Promise.resolve(['203.0.113.7']);
    },
  });
  expect(failureOf(await http.request(read)).reason).toContain('ENOTFOUND');
  expect(failureOf(await http.request(write)).kind).toBe('unavailable');
  expect(await http.request(read)).toMatchObject({ kind: 'response' });
});

test('a look-up that hangs ends with the time of the request', async () => {
  const { http, asked } = worldOf({
    lookup: () => new Promise(() => undefined),
    system: { limits: { timeoutMs: 100 } },
  });
  const failure = failureOf(await http.request(write));
  expect(failure.kind).toBe('unavailable');
  expect(failure.reason).toContain('100 ms');
  expect(asked).toEqual([]);
});
