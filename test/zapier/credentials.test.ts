import { createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../demo/processes/server-lifecycle.ts';
import { systemContract } from '../../src/core/contract/system-contract.ts';
import { erpContract } from './contracts.ts';
import { makeCustomers } from './customers.ts';
import { systemToken } from './two-systems.ts';
import { openWorld, type World } from './world.ts';

// How the built app comes by what it shows to source and target.

const BUILD_TIMEOUT_MS = 240_000;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let world: World | undefined;
let login: Server | undefined;
afterEach(async () => {
  await world?.close();
  login?.close();
});

const open = async (environment: Readonly<Record<string, string>>): Promise<World> => {
  world = await openWorld(makeCustomers(3, Date.now() - 60_000), environment);
  return world;
};

const makeZap = async ({ connect, zapier }: World) => {
  const zap = await zapier.createZap({
    name: 'customers',
    trigger: { key: 'record_changed', inputData: { sync: 'customers', stream: 'main', start: 'beginning' } },
    steps: [
      {
        kind: 'create',
        key: 'upsert_record',
        inputData: {
          sync: 'customers',
          delivery_id: '{{trigger.delivery_id}}',
          record_json: '{{trigger.record_json}}',
        },
      },
    ],
    connection: await connect('sync'),
  });
  expect(await zap.turnOn()).toMatchObject({ kind: 'on' });
  return zap;
};

/** A login that gives the token of the systems to whoever signs with the key. */
const startLogin = async () => {
  let asked = 0;
  login = createServer((request, response) => {
    void text(request).then((body) => {
      asked += 1;
      const [header, payload, signature = ''] = (new URLSearchParams(body).get('assertion') ?? '').split('.');
      const isSigned = createVerify('sha256')
        .update(`${header}.${payload}`)
        .verify(publicKey, Buffer.from(signature, 'base64url'));
      response.writeHead(isSigned ? 200 : 400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(isSigned ? { access_token: systemToken, expires_in: 3600 } : { error: 'invalid_grant' }),
      );
    });
  });
  return { url: await listenOnLoopback(login, 0), asked: () => asked };
};

test(
  'a source that wants a signed assertion is read, and one token serves the polls of a warm container',
  async () => {
    const { url, asked } = await startLogin();
    const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const opened = await open({
      ERP_ACCOUNT_SECRET: 'sync@project',
      ERP_KEY_SECRET: key.replaceAll('\n', String.raw`\n`),
    });
    const auth = {
      kind: 'oauth-jwt-bearer',
      tokenUrl: `${url}/token`,
      issuerSecret: 'ERP_ACCOUNT_SECRET',
      keySecret: 'ERP_KEY_SECRET',
    };
    const contract = systemContract.parse({ ...erpContract(opened.systems.url), auth });
    await opened.admin.applySystem({ system: contract.name }, { contract, ticket: 'CHG-2' });
    const zap = await makeZap(opened);
    expect(await zap.poll()).toMatchObject({ kind: 'polled', started: 3 });
    await opened.zapier.drain();
    expect(await zap.poll()).toMatchObject({ kind: 'polled', started: 0 });
    expect(asked()).toBe(1);
  },
  BUILD_TIMEOUT_MS,
);

test(
  'G8 a secret that is bound to other hosts stays in the app, and the poll says so',
  async () => {
    const opened = await open({ ERP_TOKEN_HOSTS: 'erp.example.com, other.example.com' });
    const zap = await makeZap(opened);
    const poll = await zap.poll();
    expect(JSON.stringify(poll)).toContain('"ERP_TOKEN_HOSTS"'.replaceAll('"', String.raw`\"`));
    expect(JSON.stringify(poll)).not.toContain(systemToken);
    expect(opened.systems.requests).toEqual([]);
  },
  BUILD_TIMEOUT_MS,
);
