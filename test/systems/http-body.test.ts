import { createTokenCache } from '../../src/systems/http/token/token-cache.ts';
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { listenOnLoopback } from '../../demo/processes/server-lifecycle.ts';
import { createHttp, type HttpReply, type HttpRequest } from '../../src/systems/http/http.ts';
import { NOW_MS, publicLookup, restSystem } from './contracts.ts';

const read: HttpRequest = { method: 'GET', to: { path: 'contacts' }, label: '/contacts' };
const write: HttpRequest = {
  method: 'PUT',
  to: { path: 'contacts/1' },
  label: '/contacts/{id}',
  body: { name: 'Ann' },
};

const servers: Server[] = [];
const sockets: Socket[] = [];

/** Answers each request with exactly these bytes; `then` is what becomes of the connection. */
const serveBytes = async (
  parts: readonly (string | Uint8Array)[],
  then: 'stay' | 'end' | 'reset' = 'stay',
): Promise<string> => {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (!/^(?:GET|PUT) /.test(chunk.toString('latin1'))) return;
      for (const part of parts) socket.write(part);
      if (then === 'end') socket.end();
      if (then === 'reset') setImmediate(() => socket.resetAndDestroy());
    });
  });
  servers.push(server);
  return listenOnLoopback(server, 0);
};

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

const httpTo = (baseUrl: string, limits = {}) =>
  createHttp({
    system: restSystem({}, { baseUrl, limits }),
    secret: () => undefined,
    fetch: (...args) => globalThis.fetch(...args),
    now: () => NOW_MS,
    tokens: createTokenCache(),
    lookup: publicLookup,
  });

const ask = async (baseUrl: string, limits = {}) => {
  const http = httpTo(baseUrl, limits);
  return { read: await http.request(read), write: await http.request(write) };
};

const reasonOf = (reply: HttpReply): string => (reply.kind === 'failed' ? reply.failure.reason : 'no failure');

const head = (headers: string): string => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}\r\n`;
const whole = (body: Uint8Array): readonly (string | Uint8Array)[] => [
  head(`content-length: ${body.length}\r\n`),
  body,
];

describe('a body whose length is not what was announced', () => {
  test.each(['end', 'reset'] as const)(
    'that breaks off (%s) before its length is malformed for a read and unknown for a write',
    async (then) => {
      const replies = await ask(await serveBytes([head('content-length: 100\r\n'), '[{"id":1}]'], then));
      expect(replies).toMatchObject({
        read: { kind: 'failed', failure: { kind: 'malformed' } },
        write: { kind: 'failed', failure: { kind: 'unknown', answered: true } },
      });
      expect(reasonOf(replies.read)).toMatch(/cut off after \d+ bytes/);
    },
  );

  test('that goes on after its length is read as far as it was announced', async () => {
    const { read: seen } = await ask(await serveBytes([head('content-length: 2\r\n'), '[]{"more":true}'], 'end'));
    expect(seen).toMatchObject({ kind: 'response', json: [] });
  });

  test('that has chunks and no last one is cut off, however whole what came looks', async () => {
    const { read: seen } = await ask(await serveBytes([head('transfer-encoding: chunked\r\n'), '2\r\n[]\r\n'], 'end'));
    expect(seen).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
    expect(reasonOf(seen)).toContain('cut off after');
  });

  test('that comes in pieces, inside of a character too, is put together', async () => {
    const body = Buffer.from('{"name":"Zürich 💧"}');
    const parts = Array.from(body, (byte) => Buffer.of(byte));
    const { read: seen } = await ask(await serveBytes([head(`content-length: ${body.length}\r\n`), ...parts]));
    expect(seen).toMatchObject({ kind: 'response', json: { name: 'Zürich 💧' } });
  });
});

describe('a body that takes too long', () => {
  test('is cut off at the one limit of the request, a byte at a time or after a piece that looks whole', async () => {
    const drip = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      // The connection is given up on with each request, so that each has one of its own.
      socket.once('data', () => {
        socket.write(`${head('transfer-encoding: chunked\r\n')}2\r\n[]\r\n`);
        const timer = setInterval(() => socket.write('1\r\n \r\n'), 20);
        socket.once('close', () => clearInterval(timer));
      });
    });
    servers.push(drip);
    const seen = await ask(await listenOnLoopback(drip, 0), { timeoutMs: 200 });
    expect(seen).toMatchObject({
      read: { kind: 'failed', failure: { kind: 'unavailable' } },
      write: { kind: 'failed', failure: { kind: 'unknown' } },
    });
    expect(reasonOf(seen.read)).toContain('no answer within 200 ms');
    expect(reasonOf(seen.write)).toMatch(/cut off after [1-9]\d* bytes/);
  });

  test('has a limit that ends with the request: one that was answered is not aborted later', async () => {
    const signals: AbortSignal[] = [];
    const http = createHttp({
      system: restSystem({}, { limits: { timeoutMs: 100 } }),
      secret: () => undefined,
      fetch: (_url, init) => {
        if (init?.signal instanceof AbortSignal) signals.push(init.signal);
        return signals.length < 3
          ? Promise.resolve(Response.json([]))
          : new Promise<Response>((_resolve, reject) => {
              init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
            });
      },
      now: () => NOW_MS,
      tokens: createTokenCache(),
      lookup: publicLookup,
    });
    await http.request(read);
    await http.request(read);
    // The third gets no answer, and its limit, begun last, is the first that could be heard of.
    expect(reasonOf(await http.request(read))).toContain('no answer within 100 ms');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, true]);
  });
});

describe('a body that is too large', () => {
  const small = { responseBytesMax: 2000 };

  test('is dropped by its announced length, before any of it came', async () => {
    const { read: seen } = await ask(await serveBytes([head('content-length: 2001\r\n')]), small);
    expect(reasonOf(seen)).toContain('more than the 2000 bytes');
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('counts by what it unpacks to: %s', async (encoding, compress) => {
    const body = compress(Buffer.from(JSON.stringify('x'.repeat(5_000_000))));
    expect(body.length).toBeLessThan(10_000);
    const url = await serveBytes([head(`content-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n`), body]);
    const seen = await ask(url, { responseBytesMax: 10_000 });
    expect(reasonOf(seen.read)).toContain('more than the 10000 bytes');
    expect(seen.write).toMatchObject({ kind: 'failed', failure: { kind: 'unknown', answered: true } });
  });

  test('of exactly the limit is taken', async () => {
    const body = Buffer.from(JSON.stringify('x'.repeat(1998)));
    const { read: seen } = await ask(await serveBytes(whole(body)), small);
    expect(seen).toMatchObject({ kind: 'response', json: 'x'.repeat(1998) });
  });

  test('leaves the connection to nobody: the next request gets an answer of its own', async () => {
    const server = createHttpServer((request, response) => {
      request.resume();
      response.end(request.url?.endsWith('/large') === true ? JSON.stringify('x'.repeat(5000)) : '["own"]');
    });
    servers.push(server);
    const http = httpTo(await listenOnLoopback(server, 0), small);
    expect(reasonOf(await http.request({ ...read, to: { path: 'large' } }))).toContain('2000 bytes');
    expect(await http.request(read)).toMatchObject({ kind: 'response', json: ['own'] });
    server.closeAllConnections();
  });
});

describe('a body that is not the JSON it should be', () => {
  test('begins with a byte order mark and is read without it', async () => {
    const { read: seen } = await ask(await serveBytes(whole(Buffer.from('\u{FEFF}{"id":"1"}'))));
    expect(seen).toMatchObject({ kind: 'response', json: { id: '1' } });
  });

  test.each([
    ['a byte that is not UTF-8', Buffer.from('{"name":"Z\xFCrich"}', 'latin1')],
    ['half of a character', Buffer.from('"💧"').subarray(0, 3)],
    ['half of its text', Buffer.from('[{"id":')],
    ['a page', Buffer.from('<html></html>')],
  ])(
    'holds %s: malformed for a read, unknown for a write, and what comes after is read as ever',
    async (_what, bytes) => {
      const seen = await ask(await serveBytes(whole(bytes)));
      expect(seen).toMatchObject({
        read: { kind: 'failed', failure: { kind: 'malformed' } },
        write: { kind: 'failed', failure: { kind: 'unknown', answered: true } },
      });
      expect(reasonOf(seen.read)).toContain(`${bytes.length} bytes that are not JSON`);
      const after = await ask(await serveBytes(whole(Buffer.from('["Zürich"]'))));
      expect(after.read).toMatchObject({ kind: 'response', json: ['Zürich'] });
    },
  );

  test.each([
    ['an announced length of 0', head('content-length: 0\r\n')],
    ['chunks, of which the last is the first', `${head('transfer-encoding: chunked\r\n')}0\r\n\r\n`],
    ['status 204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ])('is empty, with %s: malformed for a read, and no trouble for a write', async (_what, answer) => {
    const seen = await ask(await serveBytes([answer]));
    expect(seen.read).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
    expect(seen.write).toMatchObject({ kind: 'response', json: undefined });
  });
});

describe('the address', () => {
  const asked = async (path: string, query: HttpRequest['query'] = []) => {
    const seen: string[] = [];
    const http = createHttp({
      system: restSystem({}, { baseUrl: 'https://crm.example.com/api' }),
      secret: () => undefined,
      fetch: (input) => {
        seen.push(new Request(input).url);
        return Promise.resolve(Response.json([]));
      },
      now: () => NOW_MS,
      tokens: createTokenCache(),
      lookup: publicLookup,
    });
    const reply = await http.request({ ...read, to: { path }, query });
    return reply.kind === 'failed' ? reply.failure.reason : seen[0];
  };

  test.each([
    ['contacts', [], 'contacts'],
    ['/contacts/a%2Fb', [], 'contacts/a%2Fb'],
    ['//contacts', [['q', 'a b']], 'contacts?q=a%20b'],
    ["Contacts('o''x')", [['q', "o'x"]], "Contacts('o''x')?q=o%27x"],
    ['contacts?kind=person', [['q', '1']], 'contacts?kind=person&q=1'],
    ['contacts?kind=person', [], 'contacts?kind=person'],
    ['contacts#top', [['q', '1']], 'contacts?q=1#top'],
    ['kontakte/zürich', [], 'kontakte/z%C3%BCrich'],
  ] as const)('of "%s" with %j lies under the base URL', async (path, query, url) => {
    expect(await asked(path, query)).toBe(`https://crm.example.com/api/${url}`);
  });

  test.each(['https://evil.example.net/x', '\\\\evil.example.net/x', 'javascript:alert(1)'])(
    'of "%s" is refused',
    async (path) => {
      expect(await asked(path)).toContain('only "crm.example.com" is called');
    },
  );

  test('of a path that leads upwards stays on the host', async () => {
    expect(await asked('../../%2e%2e/x')).toBe('https://crm.example.com/x');
  });

  test('that is too long is refused, by either way', async () => {
    expect(await asked('x'.repeat(8000))).toContain('at most 8000');
    expect(await asked(`x?${'x'.repeat(8000)}`)).toContain('at most 8000');
  });
});

test('a header of the system reaches the caller', async () => {
  let seen: IncomingHttpHeaders = {};
  const server = createHttpServer((request, response) => {
    seen = request.headers;
    request.resume();
    response.setHeader('link', '<https://crm.example.com/next>; rel="next"');
    response.end('[]');
  });
  servers.push(server);
  const reply = await httpTo(await listenOnLoopback(server, 0)).request(read);
  expect(reply.kind === 'response' && reply.headers.get('link')).toContain('rel="next"');
  expect(seen).toMatchObject({ accept: 'application/json', 'user-agent': 'Tidemark' });
  server.closeAllConnections();
});
