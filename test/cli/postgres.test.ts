import { type PostgresCluster, startPostgres } from '../postgres/cluster.ts';
import { cleanUp, serveStore, tidemark } from './run-tidemark.ts';

// A test starts several processes, and each may have to wait for the machine.
jest.setTimeout(60_000);

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await startPostgres();
}, 60_000);
afterAll(async () => {
  cleanUp();
  await cluster.stop();
});

test('two stores start at once on one new PostgreSQL database, and a key made beside them opens both', async () => {
  const env = { DATABASE_URL: await cluster.freshDatabase(), TIDEMARK_STORE_SECRET: 's'.repeat(32) };
  const [one, two] = await Promise.all([serveStore([], env), serveStore([], env)]);
  expect([one.ready.database, two.ready.database]).toEqual(['postgres', 'postgres']);
  const key = (
    await tidemark(['key', 'create', '--name', 'zap', '--role', 'reader', '--environment', 'production'], env)
  ).stdout.trim();
  for (const { ready } of [one, two]) {
    const reply = await fetch(`${ready.url}/v1/me`, { headers: { authorization: `Bearer ${key}` } });
    expect(await reply.json()).toMatchObject({ name: 'zap', role: 'reader', environment: 'production' });
  }
  expect([(await one.stop()).code, (await two.stop()).code]).toEqual([0, 0]);
});
