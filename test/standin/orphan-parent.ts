import { createServer } from 'node:http';
import { join } from 'node:path';
import { createSeededRandom } from '../../standin/seeded-random.ts';
import { realClock } from '../../standin/real-clock.ts';
import { createZapier } from '../../standin/zapier.ts';

/** Drives a container into an endless loop, prints its process ID, and waits to be killed. */
const server = createServer((request, response) => {
  const body = request.url === '/write' ? { order: { kind: 'loop' } } : { name: 'x' };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.url === '/write') setTimeout(() => process.stdout.write(`${pid}\n`), 100);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('No port');

const zapier = await createZapier({
  appDir: join(import.meta.dirname, 'fixture-app'),
  clock: realClock(),
  random: createSeededRandom(1),
  maxContainers: 1,
});
const report = await zapier.connect({ base_url: `http://127.0.0.1:${address.port}`, api_token: 'token-token' });
if (report.kind === 'refused') throw new Error(report.message);
const described = await zapier.tryStep({ kind: 'create', key: 'describe_container', connection: report.connection });
const pid = described.kind === 'success' ? JSON.parse(JSON.stringify(described.results)).pid : -1;
await zapier.tryStep({
  kind: 'create',
  key: 'write_record',
  inputData: { name: 'n' },
  connection: report.connection,
});
