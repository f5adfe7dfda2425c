import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { createSeededRandom } from '../../demo/processes/seeded-random.ts';
import { listenOnLoopback } from '../../demo/processes/server-lifecycle.ts';
import { spawnServer } from '../../demo/processes/spawn-server.ts';
import { createFaultProxy } from '../../demo/proxy/create-fault-proxy.ts';
import type { FaultEvent, FaultProxy } from '../../demo/proxy/create-fault-proxy.ts';
import type { FaultPlanInput } from '../../demo/proxy/fault-plan.ts';
import { FAULT_EFFECTS, FAULT_KINDS } from '../../demo/proxy/faults.ts';
import type { FaultKind } from '../../demo/proxy/faults.ts';

const SLOW_MS = 120;
const HANG_MS = 400;
const REPLY = JSON.stringify({ id: 4, fullName: 'Ünïcode 😀 {{bundle.x}}' });

type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** The system behind: remembers what it was asked, which is the effect that a fault must or must not prevent. */
let seen: Seen[];
let sockets: Set<unknown>;
let upstream: Server;
let upstreamUrl: string;
let proxy: FaultProxy;
let events: FaultEvent[];

beforeEach(async () => {
  seen = [];
  events = [];
  sockets = new Set();
  upstream = createServer((request, response) => {
    sockets.add(request.socket);
    void text(request).then((body) => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      response.writeHead(request.url === '/empty' ? 204 : 201, {
        'content-type': 'application/json',
        'x-made-by': 'upstream',
      });
      response.end(request.url === '/empty' ? '' : REPLY);
    });
  });
  upstreamUrl = await listenOnLoopback(upstream, 0);
});

afterEach(async () => {
  await proxy.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

const start = async (plan: FaultPlanInput): Promise<void> => {
  proxy = await createFaultProxy({
    upstream: upstreamUrl,
    plan: { slowMs: SLOW_MS, hangMs: HANG_MS, ...plan },
    random: createSeededRandom(1),
    onFault: (event) => events.push(event),
  });
};

type Outcome =
  | { readonly kind: 'replied'; readonly status: number; readonly headers: Headers; readonly body: string }
  | { readonly kind: 'cut'; readonly status: number }
  | { readonly kind: 'no reply' };

const post = async (path = '/contacts', body = '{"erpId":"a-1"}'): Promise<Outcome & { readonly tookMs: number }> => {
  const startedMs = performance.now();
  const outcome = await attempt(path, body);
  return { ...outcome, tookMs: performance.now() - startedMs };
};

const attempt = async (path: string, body: string): Promise<Outcome> => {
  let response: Response;
  try {
    response = await fetch(`${proxy.url}${path}`, { method: 'POST', body, headers: { 'x-trace': 't-1' } });
  } catch {
    return { kind: 'no reply' };
  }
  try {
    return { kind: 'replied', status: response.status, headers: response.headers, body: await response.text() };
  } catch {
    return { kind: 'cut', status: response.status };
  }
};

const postWith = async (fault: FaultKind, path?: string): ReturnType<typeof post> => {
  await start({});
  proxy.forceNext('writes', fault);
  return post(path);
};

test('without a fault bytes, status and headers pass in both directions, and the connection behind is kept', async () => {
  await start({});
  const sent = JSON.stringify({ erpId: 'a-1', notes: '{{x}} 😀 \u200b', big: 'x'.repeat(300_000) });
  const outcome = await post('/contacts?_limit=2&q=%20', sent);
  expect(outcome).toMatchObject({ kind: 'replied', status: 201, body: REPLY });
  expect(outcome.kind === 'replied' && outcome.headers.get('x-made-by')).toBe('upstream');
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/contacts?_limit=2&q=%20', body: sent });
  expect(seen[0]?.headers).toMatchObject({ 'x-trace': 't-1', host: new URL(proxy.url).host });
  await post();
  await post();
  expect(seen).toHaveLength(3);
  expect(sockets.size).toBe(1);
});

test.each(FAULT_KINDS)(
  'a request struck by %s is applied or withheld as the table says, and the next one passes',
  async (fault) => {
    await postWith(fault);
    expect(seen).toHaveLength(FAULT_EFFECTS[fault] === 'applied' ? 1 : 0);
    expect(await post()).toMatchObject({ kind: 'replied', status: 201, body: REPLY });
    expect(events).toEqual([{ fault, method: 'POST', url: '/contacts' }]);
    const counts = proxy.counts();
    expect({ calls: counts.calls, passed: counts.passed, struck: counts.faults[fault] }).toEqual({
      calls: 2,
      passed: 1,
      struck: 1,
    });
    expect(counts.unplannedFailures).toBe(0);
  },
);

test('a lost reply looks like a broken connection', async () => {
  expect((await postWith('lost-reply')).kind).toBe('no reply');
});

test.each([
  ['error-after', 500],
  ['error-500', 500],
  ['error-503', 503],
] as const)('%s answers %i in JSON', async (fault, status) => {
  const outcome = await postWith(fault);
  expect(outcome).toMatchObject({ kind: 'replied', status });
  expect(outcome.kind === 'replied' && JSON.parse(outcome.body)).toMatchObject({ error: { code: String(status) } });
});

test('a throttled request is told to come back in whole seconds, or at an HTTP date not before them', async () => {
  const bySeconds = await postWith('throttled-seconds');
  expect(bySeconds.kind === 'replied' && [bySeconds.status, bySeconds.headers.get('retry-after')]).toEqual([429, '1']);
  const askedAtMs = Date.now();
  proxy.forceNext('writes', 'throttled-date');
  const byDate = await post();
  const retryAfter = byDate.kind === 'replied' ? (byDate.headers.get('retry-after') ?? '') : '';
  expect(retryAfter).toMatch(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/u);
  expect(Date.parse(retryAfter)).toBeGreaterThanOrEqual(askedAtMs + 1_000);
  expect(Date.parse(retryAfter)).toBeLessThan(askedAtMs + 3_500);
});

test.each(['hang-before', 'hang-after'] as const)('%s gives no reply until the hang time is over', async (fault) => {
  const outcome = await postWith(fault);
  expect(outcome.kind).toBe('no reply');
  expect(outcome.tookMs).toBeGreaterThanOrEqual(HANG_MS - 1);
});

test('a cut body comes with the right status and breaks off before its promised length', async () => {
  const outcome = await postWith('cut-body');
  expect(outcome).toMatchObject({ kind: 'cut', status: 201 });
});

test('a reply without a body is cut before its status', async () => {
  expect((await postWith('cut-body', '/empty')).kind).toBe('no reply');
  expect(seen).toHaveLength(1);
});

test('a slow reply is the right one, not before its time', async () => {
  const outcome = await postWith('slow');
  expect(outcome).toMatchObject({ kind: 'replied', status: 201, body: REPLY });
  expect(outcome.tookMs).toBeGreaterThanOrEqual(SLOW_MS - 1);
});

test('a page of HTML comes with status 200', async () => {
  const outcome = await postWith('html-200');
  expect(outcome).toMatchObject({ kind: 'replied', status: 200 });
  expect(outcome.kind === 'replied' && outcome.headers.get('content-type')).toContain('text/html');
});

test('reads and writes have shares of their own, and a switched-off proxy strikes nothing', async () => {
  await start({ writes: { 'error-503': 1 }, consecutiveMax: 1_000 });
  expect((await fetch(proxy.url)).status).toBe(201);
  expect(await post()).toMatchObject({ status: 503 });
  proxy.disable();
  expect(await post()).toMatchObject({ status: 201 });
  proxy.enable();
  expect(await post()).toMatchObject({ status: 503 });
  expect(proxy.counts()).toMatchObject({ calls: 4, passed: 2, faults: { 'error-503': 2 } });
});

test('a system behind that is gone is answered with 502 and counted apart from the plan', async () => {
  await start({});
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
  expect(await post()).toMatchObject({ kind: 'replied', status: 502 });
  expect(proxy.counts()).toMatchObject({ calls: 1, passed: 1, unplannedFailures: 1 });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});

test('closing does not wait for a request that hangs', async () => {
  await start({ hangMs: 60_000 });
  proxy.forceNext('writes', 'hang-after');
  const hanging = post();
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const startedMs = performance.now();
  await proxy.close();
  expect((await hanging).kind).toBe('no reply');
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test('as a process of its own it strikes by plan and is steered through its control', async () => {
  await start({});
  const plan = JSON.stringify({ writes: { 'error-500': 1 }, consecutiveMax: 1_000 });
  const child = await spawnServer({
    name: 'proxy',
    script: 'demo/proxy/main.ts',
    args: ['--upstream', upstreamUrl, '--plan', plan],
  });
  const { controlUrl } = z.object({ controlUrl: z.url() }).parse(child.ready);
  const statusOf = async (method: string): Promise<number> => (await fetch(child.url, { method })).status;
  const control = async (path: string): Promise<number> =>
    (await fetch(`${controlUrl}${path}`, { method: 'POST' })).status;
  expect([await statusOf('GET'), await statusOf('POST')]).toEqual([201, 500]);
  expect([await control('/disable'), await statusOf('POST')]).toEqual([200, 201]);
  expect([await control('/enable'), await control('/force/writes/html-200'), await statusOf('POST')]).toEqual([
    200, 200, 200,
  ]);
  expect(await control('/force/writes/none-such')).toBe(404);
  const counts: unknown = await (await fetch(`${controlUrl}/counts`)).json();
  await child.stop();
  expect(counts).toMatchObject({ calls: 4, passed: 2, faults: { 'error-500': 1, 'html-200': 1 } });
});

test('a creation in the real CRM whose reply is lost has happened, and trying it again makes a double', async () => {
  const crm = await spawnServer({ name: 'crm', script: 'demo/crm/main.ts', env: { CRM_TOKEN: 't' } });
  proxy = await createFaultProxy({ upstream: crm.url, plan: {}, random: createSeededRandom(1) });
  const headers = { authorization: 'Bearer t', 'content-type': 'application/json' };
  const create = (): Promise<Response> =>
    fetch(`${proxy.url}/contacts`, { method: 'POST', headers, body: '{"erpId":"a-1"}' });
  proxy.forceNext('writes', 'lost-reply');
  await expect(create()).rejects.toThrow('fetch failed');
  expect((await create()).status).toBe(201);
  const found = await fetch(`${proxy.url}/contacts?erpId=a-1&_page=1&_limit=1`, { headers });
  expect(found.headers.get('x-total-count')).toBe('2');
  expect(found.headers.get('link')).toContain(`<${proxy.url}/contacts?`);
  await crm.stop();
});
