import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const root = path.resolve(__dirname, '../..');
// From the source, whatever an earlier build left in dist/.
const PROGRAM = `import { main } from ${JSON.stringify(`${root}/src/cli/main.ts`)}; process.exitCode = await main(process.argv.slice(1));`;

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type Running = {
  readonly process: ChildProcess;
  readonly ready: { readonly url: string; readonly database: string; readonly version: string };
  /** Asks it to stop, unless that was done, and waits for its end. */
  readonly stop: () => Promise<Ended>;
};

type Environment = Readonly<Record<string, string>>;

const readyLine = z.strictObject({ url: z.string(), database: z.string(), version: z.string() });
const running = new Set<ChildProcess>();
const folders: string[] = [];

const start = (
  args: readonly string[],
  env: Environment,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } => {
  // Nothing of the environment of the tests but the path: what a variable does is part of a test.
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(() => {
    running.delete(child);
    return { code: child.exitCode, stdout, stderr };
  });
  return { child, ended };
};

/** Starts `tidemark`. */
export const startTidemark = start;

/** Runs `tidemark` to its end. */
export const tidemark = (args: readonly string[], env: Environment = {}): Promise<Ended> => start(args, env).ended;

/** Runs `tidemark serve` on a free port until it is ready. */
export const serveStore = async (args: readonly string[], env: Environment = {}): Promise<Running> => {
  const { child, ended } = start(['serve', '--port', '0', ...args], env);
  if (child.stdout === null) throw new Error('The process has no stdout');
  const first = once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line));
  const line = await Promise.race([
    first,
    ended.then(({ stderr }) => Promise.reject(new Error(`It ended before it was ready: ${stderr}`))),
  ]);
  const stop = async (): Promise<Ended> => {
    if (!child.killed) child.kill('SIGTERM');
    return ended;
  };
  return { process: child, ready: readyLine.parse(JSON.parse(line)), stop };
};

/** A folder that is gone after the tests; the path in it is not made. */
export const freshFolder = (name = 'data'): string => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-cli-'));
  folders.push(folder);
  return path.join(folder, name);
};

/** Ends what a failed test left behind. */
export const cleanUp = (): void => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
};
