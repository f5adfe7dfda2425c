import { createHttp, type HttpReply } from '../../src/systems/http/http.ts';
import { createTokenCache } from '../../src/systems/http/token/token-cache.ts';
import { readSecretHosts } from '../../src/zapier/secrets.ts';
import { NOW_MS, publicLookup, restSystem, SECRET_VALUE } from './contracts.ts';

type Change = Parameters<typeof restSystem>[1];

/** One request by a system whose secrets are bound to hosts as given; what was sent, and where. */
const callWith = async (hosts: Readonly<Record<string, readonly string[]>>, change: Change = {}) => {
  const sentTo: string[] = [];
  const bound = new Map(Object.entries(hosts));
  const http = createHttp({
    system: restSystem({}, { auth: { kind: 'bearer', secret: 'CRM_TOKEN' }, ...change }),
    secret: () => SECRET_VALUE,
    secretHosts: (name) => bound.get(name),
    fetch: (input) => {
      const { host } = input instanceof URL ? input : new URL(input instanceof Request ? input.url : input);
      sentTo.push(host);
      return Promise.resolve(Response.json(host.startsWith('login') ? { access_token: 'x-1' } : []));
    },
    lookup: publicLookup,
    now: () => NOW_MS,
    tokens: createTokenCache(),
  });
  return { reply: await http.request({ method: 'GET', to: { path: 'contacts' }, label: '/contacts' }), sentTo };
};

const reasonOf = (reply: HttpReply): string => {
  if (reply.kind !== 'failed') throw new Error(`Expected a failure, got status ${reply.status}`);
  expect(reply.failure.kind).toBe('unauthorized');
  expect(reply.failure.reason).not.toContain(SECRET_VALUE);
  return reply.failure.reason;
};

const oauth: Change = {
  auth: {
    kind: 'oauth-client-credentials',
    tokenUrl: 'https://login.example.com/token',
    clientIdSecret: 'CRM_ID_SECRET',
    clientSecret: 'CRM_SECRET',
  },
};

describe('G8 a secret that is bound to hosts', () => {
  test('goes to one of them', async () => {
    const { reply, sentTo } = await callWith({ CRM_TOKEN: ['erp.example.com', 'crm.example.com'] });
    expect(reply).toMatchObject({ kind: 'response' });
    expect(sentTo).toEqual(['crm.example.com']);
  });

  test.each([
    ['another', ['erp.example.com']],
    ['the host it is a part of', ['example.com']],
    ['one with another port', ['crm.example.com:8443']],
    ['none at all', []],
  ])('stays here where the contract is of a host and the secret for %s', async (_what, hosts) => {
    const { reply, sentTo } = await callWith({ CRM_TOKEN: hosts });
    expect(reasonOf(reply)).toContain('"CRM_TOKEN" is not for host "crm.example.com"');
    expect(sentTo).toEqual([]);
  });

  test('must be for the token endpoint and for the API: the token gives the same rights as the secret', async () => {
    const both = ['login.example.com', 'crm.example.com'];
    expect((await callWith({ CRM_SECRET: both }, oauth)).sentTo).toEqual(both);
    for (const hosts of [['login.example.com'], ['crm.example.com']]) {
      const { reply, sentTo } = await callWith({ CRM_SECRET: hosts }, oauth);
      expect(reasonOf(reply)).toContain('"CRM_SECRET_HOSTS"');
      expect(sentTo).toEqual([]);
    }
  });
});

test.each(['CRM_PRODUCTION_TOKEN', 'PROD_CRM_TOKEN'])(
  'G8 %s is not read for a system of pilot, also where a store let the contract pass',
  async (secret) => {
    const { reply, sentTo } = await callWith({}, { auth: { kind: 'bearer', secret } });
    expect(reasonOf(reply)).toContain('is a secret of production by its name');
    expect(sentTo).toEqual([]);
    const production = await callWith({}, { environment: 'production', auth: { kind: 'bearer', secret } });
    expect(production.reply).toMatchObject({ kind: 'response' });
  },
);

describe('the variable that binds a secret', () => {
  const NAME = 'BOUNDS_TEST_TOKEN';
  afterEach(() => {
    delete process.env[`${NAME}_HOSTS`];
  });

  test.each([
    ['crm.example.com', ['crm.example.com']],
    [' CRM.example.com , erp.example.com:8443,', ['crm.example.com', 'erp.example.com:8443']],
    ['', []],
  ])('%p names hosts', (text, hosts) => {
    process.env[`${NAME}_HOSTS`] = text;
    expect(readSecretHosts(NAME)).toEqual(hosts);
  });

  test('binds nothing where it is not set', () => {
    expect(readSecretHosts(NAME)).toBeUndefined();
  });
});
