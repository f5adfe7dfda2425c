import { cleanUp, freshFolder, tidemark } from './run-tidemark.ts';

// Each process may have to wait for the machine.
jest.setTimeout(60_000);
afterAll(cleanUp);

test.each([
  [[]],
  [['serve', '--port', '70000']],
  [['serve', '--no-such-option']],
  [['key', 'create', '--name', 'Not A Name', '--role', 'admin']],
  [['key', 'create', '--name', 'zap', '--role', 'king']],
  [['key', 'create', '--name', 'zap', '--role', 'sync', '--expires', 'soon']],
  [['key', 'list', '--data', 'x', '--url', 'https://store.example']],
  [['evidence', 'list']],
])('exit code 2 for what cannot be meant: tidemark %j', async (args) => {
  const ended = await tidemark(args);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).not.toBe('');
});

test.each([[['--help']], [['serve', '--help']], [['contract', 'apply', '--help']]])(
  'tidemark %j explains itself on stdout',
  async (args) => {
    expect(await tidemark(args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: tidemark'),
      stderr: '',
    });
  },
);

test('a folder and DATABASE_URL at once are refused rather than guessed between', async () => {
  const ended = await tidemark(['key', 'list', '--data', freshFolder()], {
    DATABASE_URL: 'postgres://a:hunter2@127.0.0.1:1/x',
  });
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('DATABASE_URL') });
});

test('G7 a database that is not there is named without its password', async () => {
  const env = { DATABASE_URL: 'postgres://app:hunter2@127.0.0.1:1/tidemark', TIDEMARK_STORE_SECRET: 's'.repeat(32) };
  const ended = await tidemark(['serve', '--port', '0'], env);
  expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('127.0.0.1:1') });
  expect(ended.stderr).not.toContain('hunter2');
});

test('PostgreSQL without a store secret is refused with the command that makes one', async () => {
  const ended = await tidemark(['serve', '--port', '0'], { DATABASE_URL: 'postgres://app@127.0.0.1:1/tidemark' });
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('openssl rand -hex 32') });
});

test('a store that is not there is named with the next step', async () => {
  const ended = await tidemark(['evidence', 'list', '--url', 'http://127.0.0.1:1'], { TIDEMARK_KEY: 'tdm_a_b' });
  expect(ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/127\.0\.0\.1:1 could not be reached[\s\S]*Check that the store runs/),
  });
});

test('a contract with a fault ends with exit code 1, its line and a remedy', async () => {
  const ended = await tidemark(['contract', 'check', 'test/cli/fixtures/unknown-key.yaml']);
  expect(ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('test/cli/fixtures/unknown-key.yaml:9 entities.customers: '),
  });
  expect(ended.stderr).toMatch(/Remove "pagesize" or correct the spelling\n1 problem/);
});

test('a contract with a fault is not applied', async () => {
  const ended = await tidemark(
    ['contract', 'apply', 'test/cli/fixtures/unknown-key.yaml', '--url', 'http://127.0.0.1:1'],
    { TIDEMARK_KEY: 'tdm_a_b' },
  );
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was applied') });
});
