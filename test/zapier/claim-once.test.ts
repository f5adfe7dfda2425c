import { z } from 'zod';
import { makeCustomers } from './customers.ts';
import { htmlPage, type MoodyServer, passTo, startMoodyServer } from '../e2e/moody-server.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;
const CUSTOMERS = 3;

let world: World;
let store: MoodyServer;
beforeEach(async () => {
  world = await openWorld(makeCustomers(CUSTOMERS, Date.now() - 60_000));
  store = await startMoodyServer();
  store.answerWith(passTo(world.storeUrl));
}, BUILD_TIMEOUT_MS);
afterEach(async () => {
  await store.close();
  await world.close();
});

const connect = async () => {
  const { key } = await world.makeKey('sync');
  const report = await world.zapier.connect({ store_url: store.url, api_key: key });
  if (report.kind === 'refused') throw new Error(report.message);
  return report.connection;
};

const tryClaim = async (inputData: Readonly<Record<string, unknown>> = {}) =>
  world.zapier.tryStep({
    kind: 'create',
    key: 'claim_once',
    inputData: { scope: 'welcome-mail', key: 'ada@private.example', ...inputData },
    connection: await connect(),
  });

test('G2 the first run of a key is told so with a boolean, and the second is not', async () => {
  expect(await tryClaim()).toMatchObject({
    kind: 'success',
    results: { first: true, claims: 1, scope: 'welcome-mail' },
  });
  expect(await tryClaim()).toMatchObject({ kind: 'success', results: { first: false, claims: 2 } });
  expect(await tryClaim({ key: 4711, expires_in_days: '30' })).toMatchObject({
    results: { first: true, expires_at: expect.stringMatching(/^20/) },
  });
  expect(await tryClaim({ key: '4711' })).toMatchObject({ results: { first: false } });
});

test('G5 a claim whose reply is lost finds itself first when the app sends it again', async () => {
  let lost = 0;
  const pass = passTo(world.storeUrl);
  store.answerWith(async (request) => {
    const answer = await pass(request);
    if (request.url.pathname !== '/v1/claims' || lost === 2) return answer;
    lost += 1;
    return { ...htmlPage, status: 502 };
  });
  expect(await tryClaim()).toMatchObject({ kind: 'success', results: { first: true, claims: 1 } });
  expect(lost).toBe(2);
  expect(await tryClaim()).toMatchObject({ results: { first: false, claims: 2 } });
});

/** A Zap that sends one mail for all customers, by an action of another app behind a filter on First. */
const makeMailZap = async (inputs: Readonly<Record<string, unknown>>) => {
  const mails: unknown[] = [];
  const zap = await world.zapier.createZap({
    name: 'customers to a mail',
    trigger: { key: 'record_changed', inputData: { sync: 'customers', start: 'beginning' } },
    steps: [
      { kind: 'create', key: 'claim_once', inputData: { scope: 'mail', key: 'one-for-all', ...inputs } },
      { kind: 'filter', key: 'is_first', passes: ({ step1 }) => z.object({ first: z.boolean() }).parse(step1).first },
      {
        kind: 'other_app',
        key: 'send_mail',
        inputData: { about: '{{trigger.external_id}}' },
        perform: ({ about }) => {
          mails.push(about);
          return Promise.resolve({ kind: 'success', output: {} });
        },
      },
    ],
    connection: await connect(),
  });
  await zap.turnOn();
  return { zap, mails };
};

/** The first claim is made, and the app learns only that something is wrong. */
const breakFirstReply = (): void => {
  let broken = false;
  const pass = passTo(world.storeUrl);
  store.answerWith(async (request) => {
    const answer = await pass(request);
    if (request.url.pathname !== '/v1/claims' || broken) return answer;
    broken = true;
    return htmlPage;
  });
};

test('G2 of three runs that claim one key, one sends the mail', async () => {
  const { zap, mails } = await makeMailZap({});
  await zap.poll();
  await world.zapier.drain();
  expect(mails).toEqual(['C-1']);
});

test('G5 a run that was errored after its claim is first again in its replay, by its token', async () => {
  const { zap, mails } = await makeMailZap({ claim_token: '{{trigger.delivery_id}}' });
  breakFirstReply();
  await zap.poll();
  await world.zapier.drain();
  expect(zap.runs()[0]?.history.map(({ outcome }) => outcome.kind)).toContain('errored');
  expect(mails).toEqual(['C-1']);
});

test('a run that was errored after its claim, and has no token, is not first: nothing is sent twice', async () => {
  const { zap, mails } = await makeMailZap({});
  breakFirstReply();
  await zap.poll();
  await world.zapier.drain();
  expect(mails).toEqual([]);
});

test('an empty key, one that is too long, and a scope that is no name are refused, and nothing is claimed', async () => {
  const refusal = async (inputs: Readonly<Record<string, unknown>>, words: string) => {
    const outcome = await tryClaim(inputs);
    expect(outcome).toMatchObject({ kind: 'error', code: 'invalid_input', shown: expect.stringContaining(words) });
    expect(JSON.stringify(outcome)).not.toContain('private.example');
  };
  await refusal({ key: '' }, '"Key"');
  await refusal({ key: null }, 'the field "Key" must be filled in');
  await refusal({ key: `${'x'.repeat(500)}ada@private.example` }, 'the field "Key" must be at most 500 characters');
  await refusal({ scope: 'ada@private.example' }, 'the field "Scope"');
  await refusal({ expires_in_days: 0 }, 'the field "Expires in Days"');
  expect(await tryClaim()).toMatchObject({ results: { first: true, claims: 1 } });
});
