import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import jsonServer from 'json-server';
import { z } from 'zod';
import { listenOnLoopback } from '../../demo/processes/server-lifecycle.ts';
import { syncContract } from '../../src/core/contract/sync-contract.ts';
import { systemContract } from '../../src/core/contract/system-contract.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { poll } from '../../src/engine/poll.ts';
import { upsert } from '../../src/engine/upsert.ts';
import { createStoreClient } from '../../src/store/client/create-store-client.ts';
import { createTokenCache } from '../../src/systems/http/token/token-cache.ts';
import { createEntityDriver } from '../../src/systems/registry.ts';
import { cleanUp, freshFolder, type Running, serveStore, startTidemark, tidemark } from './run-tidemark.ts';

jest.setTimeout(120_000);

const TOKEN = 'a-token-that-only-the-environment-holds';
const tokens = createTokenCache();
const lookup = () => Promise.resolve(['127.0.0.1']);
const names = { sync: 'people', stream: 'main' };
const servers: Server[] = [];
/** Requests to the target that are no reads. */
const written: string[] = [];
let [source, target] = ['', ''];
let store: Running;
let api: Readonly<Record<string, string>> = {};
let client: StorePort;
/** Of the checkpoint up to which all was read. */
let version = '';
/** Holds back what the source answers to its second request, until it is called. */
let gate: { readonly reached: () => void; readonly open: Promise<void>; asked: number } | undefined;

const serve = async (rows: Readonly<Record<string, readonly object[]>>): Promise<string> => {
  const app = jsonServer.create();
  const server = createServer((request, response) => {
    const isTarget = 'contacts' in rows;
    if (isTarget && request.headers.authorization !== `Bearer ${TOKEN}`) {
      response.writeHead(401).end();
      return;
    }
    if (isTarget && request.method !== 'GET') written.push(`${request.method} ${request.url}`);
    if (isTarget || gate === undefined || (gate.asked += 1) !== 2) {
      app(request, response);
      return;
    }
    gate.reached();
    void gate.open.then(() => app(request, response));
  });
  app.use(jsonServer.defaults({ logger: false, noGzip: true, noCors: true }));
  app.use(jsonServer.router({ ...rows }));
  servers.push(server);
  return listenOnLoopback(server, 0);
};

const person = (id: number, name: string | null, second: number) => ({
  id,
  name,
  town: 'Turin',
  email: `${id}@private.example`,
  updatedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
});

const put = async (method: 'POST' | 'PATCH', path: string, row: object): Promise<void> => {
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${source}/${path}`, { method, headers, body: JSON.stringify(row) });
  expect(reply.ok).toBe(true);
};

const systemAt = (name: string, baseUrl: string, entity: string) =>
  systemContract.parse({
    tidemark: 'system/v1',
    name,
    environment: 'pilot',
    driver: 'rest',
    baseUrl,
    allowPrivateHosts: true,
    ...(name === 'crm' ? { auth: { kind: 'bearer', secret: 'CRM_TOKEN' } } : {}),
    entities: {
      [entity]: {
        path: entity,
        idField: 'id',
        updatedAtField: 'updatedAt',
        pageSize: 2,
        sinceParam: 'updatedAt_gte',
        pageSizeParam: '_limit',
        params: { _sort: 'updatedAt,id', _order: 'asc,asc' },
        paging: { style: 'keyset' },
        findParam: '{field}',
        findMany: 'repeat',
      },
    },
  });

const contract = (town: object) =>
  syncContract.parse({
    tidemark: 'sync/v1',
    name: names.sync,
    environment: 'pilot',
    owner: 'Ada',
    ticket: 'OPS-1',
    source: { system: 'hr', entity: 'people' },
    target: { system: 'crm', entity: 'contacts', externalIdField: 'hrId' },
    fields: [
      { target: 'name', source: 'name', required: true },
      { target: 'email', source: 'email', sensitive: true },
      { target: 'town', ...town },
    ],
  });

/** One poll and its writes, as Zapier would have them done. */
const travel = async (): Promise<void> => {
  const held = new Map<string, never>();
  const ports = {
    store: client,
    contracts: { get: (sync: string) => held.get(sync), set: () => undefined },
    driver: (system: Parameters<typeof createEntityDriver>[0]['system'], entity: string, externalIdField?: string) =>
      createEntityDriver({
        system,
        entity,
        externalIdField,
        secret: () => TOKEN,
        fetch,
        now: Date.now,
        tokens,
        lookup,
      }),
    runtime: {
      now: Date.now,
      sleep: (ms: number) => sleep(ms),
      random: Math.random,
      newId: randomUUID,
      deadlineMs: Date.now() + 25_000,
    },
  };
  const polled = await poll(ports, names);
  if (polled.kind !== 'items') throw new Error(`The poll came to ${polled.kind}`);
  for (const { deliveryId, payload } of polled.items) {
    const subject = { kind: 'delivery' as const, deliveryId };
    const result = await upsert(ports, { sync: names.sync, subject, fields: payload, overrides: {} });
    expect(result).toMatchObject({ kind: 'done', status: 'created' });
  }
};

beforeAll(async () => {
  source = await serve({ people: [person(1, 'Ada', 10), person(2, 'Grace', 20), person(3, 'Mary', 30)] });
  target = await serve({ contacts: [] });
  const folder = freshFolder();
  const { stdout } = await tidemark(['key', 'create', '--name', 'edsger', '--role', 'admin', '--data', folder]);
  store = await serveStore(['--data', folder]);
  const [url, key] = [store.ready.url, stdout.trim()];
  api = { TIDEMARK_URL: url, TIDEMARK_KEY: key };
  client = createStoreClient({
    url,
    key,
    fetch,
    sleep: (ms) => sleep(ms),
    random: Math.random,
    now: Date.now,
    userAgent: 'test',
  });
  await client.applySystem({ system: 'hr' }, { contract: systemAt('hr', source, 'people'), ticket: 'OPS-1' });
  await client.applySystem({ system: 'crm' }, { contract: systemAt('crm', target, 'contacts'), ticket: 'OPS-1' });
  await client.applySync({ sync: names.sync }, { contract: contract({ source: 'town' }) });
  await client.openStream(names, { start: { kind: 'beginning' } });
  await travel();
  const { checkpoints } = await client.listCheckpoints(names, {});
  version = String(checkpoints[0]?.version);
  // The source since then: one changed again, one came in late with an older time, and so did one without a name.
  await put('PATCH', 'people/1', { ...person(1, 'Ada Lovelace', 40) });
  await put('POST', 'people', person(4, 'Barbara', 15));
  await put('POST', 'people', person(5, null, 25));
  const town = { expression: "town & ', Italy'" };
  await client.applySync({ sync: names.sync }, { contract: contract(town) });
}, 120_000);
afterAll(async () => {
  await store.stop();
  for (const server of servers) server.close();
  cleanUp();
});

const replay = (args: readonly string[], env: Readonly<Record<string, string>> = { CRM_TOKEN: TOKEN }) =>
  tidemark(['replay', names.sync, names.stream, ...args], { ...api, ...env });

const reportOf = (text: string) =>
  z
    .looseObject({ records: z.array(z.looseObject({})), totals: z.looseObject({}), end: z.looseObject({}) })
    .parse(JSON.parse(text));

test('a stretch of a source that has changed since is listed record by record, and nothing is written', async () => {
  const listed = await tidemark(['stream', 'checkpoints', names.sync, names.stream], api);
  expect(listed.stdout).toMatch(new RegExp(`^VERSION .*\n${version} +\\S+ +2026-01-01T00:00:30\\S* 3 `));
  const before = written.length;
  const shown = await replay(['--from', 'start', '--to', version, '--dry-run']);
  expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing was written. Evidence') });
  const rows = shown.stdout
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, ' | '));
  expect(rows).toEqual([
    'WOULD BE | EXTERNAL ID | UPDATED | FIELDS OR REASON | SO FAR',
    expect.stringMatching(/^create \| 4 \| .* \| name, email, town \| -$/),
    expect.stringMatching(/^update \| 2 \| .* \| town \| -$/),
    expect.stringMatching(/^held \| 5 \| .* \| name .* \| -$/),
    expect.stringMatching(/^update \| 3 \| .* \| town \| -$/),
  ]);
  expect(shown.stderr).toContain('1 create, 2 update, 0 unchanged, 0 stale, 1 held');
  expect(shown.stdout + shown.stderr).not.toContain('private.example');
  const asThen = await replay(['--from', 'start', '--to', version, '--dry-run', '--contract', '1', '--json']);
  expect(reportOf(asThen.stdout)).toMatchObject({
    end: { kind: 'complete' },
    totals: { create: 1, update: 0, unchanged: 2, held: 1 },
    records: [{ externalId: '4' }, { externalId: '2', known: 'applied' }, { externalId: '5' }, { externalId: '3' }],
  });
  expect(written.slice(before)).toEqual([]);
  const { entries } = await client.listEvidence({}, { limit: 1000 });
  const runs = entries.filter(({ kind }) => kind === 'replay_dry_run').map(({ leaf }) => leaf);
  expect(runs).toHaveLength(2);
  expect(runs[0]).toContain('"name":"edsger"');
});

test('what could not be looked at is said, with exit code 1: a limit, a target without its secret', async () => {
  const cut = await replay(['--from', 'start', '--to', version, '--dry-run', '--limit', '1', '--json']);
  expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining('The limit of 1 records was reached') });
  expect(reportOf(cut.stdout)).toMatchObject({ end: { kind: 'limit' }, records: [{ externalId: '4' }] });
  const secretless = await replay(['--from', 'start', '--to', version, '--dry-run'], {});
  expect(secretless).toMatchObject({ code: 1, stderr: expect.stringContaining('CRM_TOKEN') });
});

test('without --dry-run it names what there is to write again, and a checkpoint that is not there is named', async () => {
  const real = await replay(['--from', 'start', '--to', version]);
  expect(real).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('tidemark dead-letters replay') });
  const far = await replay(['--from', 'start', '--to', '999', '--dry-run']);
  expect(far).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('checkpoint 999') });
  const odd = await replay(['--from', 'yesterday', '--to', version, '--dry-run']);
  expect(odd).toMatchObject({ code: 2, stderr: expect.stringContaining('tidemark stream checkpoints') });
});

test('G8 a key of the role sync may not make a dry run', async () => {
  const made = await tidemark(['key', 'create', '--name', 'zap', '--role', 'sync'], api);
  const ended = await replay(['--from', 'start', '--to', version, '--dry-run'], {
    CRM_TOKEN: TOKEN,
    TIDEMARK_KEY: made.stdout.trim(),
  });
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('operator, admin') });
});

test('Ctrl-C ends it after the page that it is at, and what was looked at is listed', async () => {
  const [reached, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  gate = { reached: reached.resolve, open: open.promise, asked: 0 };
  const args = ['replay', names.sync, names.stream, '--from', 'start', '--to', version, '--dry-run', '--json'];
  const { child, ended } = startTidemark(args, { ...api, CRM_TOKEN: TOKEN });
  await reached.promise;
  child.kill('SIGINT');
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      if (text.includes('Stopping after this page')) resolve();
    });
  });
  open.resolve();
  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('Not all was looked at. It was stopped')]);
  const { records, end } = reportOf(stdout);
  expect([end['kind'], records.length > 0 && records.length < 4]).toEqual(['stopped', true]);
});
