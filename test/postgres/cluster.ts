import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

export type PostgresCluster = {
  /** Of the database `postgres`; the user is a superuser without a password. */
  readonly url: string;
  /** Creates an empty database and returns its URL. */
  readonly freshDatabase: () => Promise<string>;
  /** Ends the server as a power cut would: every process of it at once, nothing flushed. Data and port stay. */
  readonly kill9: () => Promise<void>;
  /** Starts it again after `kill9`, on the same data and port. */
  readonly restart: () => Promise<void>;
  /** Stops the server and removes its files. */
  readonly stop: () => Promise<void>;
};

export type ClusterOptions = {
  /** On only where a test pulls the plug; it makes every commit wait for the disk. */
  readonly fsync?: boolean;
  readonly connectionsMax?: number;
};

type Site = { readonly bin: string; readonly folder: string; readonly port: number; readonly identity: Identity };
type Identity = { readonly uid?: number; readonly gid?: number };

const installRoot = '/usr/lib/postgresql';
const startAttemptsMax = 3;
const superuser = 'tidemark';

/**
 * Starts a private PostgreSQL on a free port of 127.0.0.1, in a temporary folder. It ends with this process in
 * whatever way this process ends: a watchdog waits for the pipe between them to close, then stops it and removes the folder.
 */
export const startPostgres = async (options: ClusterOptions = {}): Promise<PostgresCluster> => {
  const bin = findBinaries();
  const identity = await unprivileged();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-postgres-'));
  if (identity.uid !== undefined && identity.gid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const dismissWatchdog = startWatchdog(folder);
  const data = path.join(folder, 'data');
  await run({ bin, folder, port: 0, identity }, 'initdb', [
    '-D',
    data,
    '-U',
    superuser,
    '-A',
    'trust',
    '--no-sync',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
  ]);

  let site: Site = { bin, folder, identity, port: await freePort() };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await start(site, options);
      break;
    } catch (error) {
      // Somebody else may have taken the port since it was found free.
      if (attempt === startAttemptsMax) throw error;
      site = { ...site, port: await freePort() };
    }
  }
  const url = `postgres://${superuser}@127.0.0.1:${site.port}/postgres`;
  return {
    url,
    freshDatabase: () => createDatabase(url),
    kill9: () => kill9(site),
    restart: () => start(site, options),
    stop: async () => {
      if (isRunning(site)) await run(site, 'pg_ctl', ['stop', '-D', data, '-m', 'immediate', '-w']);
      await dismissWatchdog();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const findBinaries = (): string => {
  const versions = existsSync(installRoot) ? readdirSync(installRoot).map(Number).filter(Number.isInteger) : [];
  const newest = versions
    .toSorted((left, right) => right - left)
    .find((version) => existsSync(`${installRoot}/${version}/bin/initdb`));
  if (newest === undefined) {
    throw new Error(
      `Cannot start PostgreSQL: no server under ${installRoot}. Install it with: apt-get install postgresql`,
    );
  }
  return `${installRoot}/${newest}/bin`;
};

/** PostgreSQL refuses to run as root; the package brings a user for it. */
const unprivileged = async (): Promise<Identity> => {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await promisify(execFile)('id', [flag, 'postgres'])).stdout)),
  );
  return uid === undefined || gid === undefined ? {} : { uid, gid };
};

const start = (site: Site, options: ClusterOptions): Promise<void> => {
  const settings = [
    `-p ${site.port}`,
    '-c listen_addresses=127.0.0.1',
    "-c unix_socket_directories=''",
    `-c fsync=${options.fsync === true ? 'on' : 'off'}`,
    `-c max_connections=${options.connectionsMax ?? 50}`,
    '-c shared_buffers=32MB',
  ].join(' ');
  return run(site, 'pg_ctl', [
    'start',
    '-w',
    '-t',
    '30',
    '-D',
    path.join(site.folder, 'data'),
    '-l',
    path.join(site.folder, 'log'),
    '-o',
    settings,
  ]);
};

const run = async ({ bin, folder, identity }: Site, program: string, args: readonly string[]): Promise<void> => {
  // stdio is not inherited: a daemon that keeps the test runner's pipe open would keep the runner waiting.
  const child = spawn(path.join(bin, program), args, { ...identity, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code === 0) return;
  const logFile = path.join(folder, 'log');
  const log = existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-2_000) : '';
  throw new Error(`Cannot run ${program}: exit code ${code}\n${complaint}${log}`);
};

const postmasterPid = (site: Site): number =>
  Number(readFileSync(path.join(site.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);

const isRunning = (site: Site): boolean =>
  existsSync(path.join(site.folder, 'data', 'postmaster.pid')) && isAlive(postmasterPid(site));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const kill9 = async (site: Site): Promise<void> => {
  const pid = postmasterPid(site);
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(pid)]);
  const children = stdout
    .split('\n')
    .map(Number)
    .filter((child) => child > 0);
  for (const each of [pid, ...children]) {
    if (isAlive(each)) process.kill(each, 'SIGKILL');
  }
  while ([pid, ...children].some(isAlive)) await sleep(10);
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address === null || typeof address === 'string'
          ? reject(new Error('Cannot find a free port'))
          : resolve(address.port),
      );
    });
  });

const createDatabase = async (url: string): Promise<string> => {
  const name = `fresh_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  const fresh = new URL(url);
  fresh.pathname = `/${name}`;
  return fresh.href;
};

/** `read` returns when the line comes (we stop ourselves) or the pipe closes (we are dead). */
const watchdogScript = `
read -r line
[ "$line" = dismissed ] && exit 0
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
rm -rf "$1"
`;

const startWatchdog = (folder: string): (() => Promise<void>) => {
  const watchdog = spawn('/bin/sh', ['-c', watchdogScript, 'watchdog', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Neither the watchdog nor its pipe may keep a process alive that has nothing left to do.
  watchdog.unref();
  if (watchdog.stdin instanceof net.Socket) watchdog.stdin.unref();
  const gone = new Promise<void>((resolve) => {
    watchdog.once('exit', () => resolve());
  });
  return async () => {
    watchdog.ref();
    watchdog.stdin.end('dismissed\n');
    await gone;
  };
};
