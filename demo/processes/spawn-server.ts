import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { setTimeout as setTimeoutAsync } from 'node:timers/promises';
import { childEnvironment } from './child-environment.ts';
import { killOnParentExit } from './kill-on-parent-exit.ts';
import { readReadyLine } from './ready-line.ts';
import type { ReadyLine } from './ready-line.ts';
import { createTextTail } from './text-tail.ts';

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const DRAIN_TIMEOUT_MS = 500;
/** The processes are found from the root of the project, where every command of it is started. */
const EXIT_WITH_PARENT_FILE = 'demo/processes/exit-with-parent.ts';

export type SpawnServerOptions = {
  /** What errors call it. */
  readonly name: string;
  /** The Node program, from `cwd`; run by the Node that runs the caller. */
  readonly script: string;
  readonly args?: readonly string[];
  /** The child sees these variables and the few that a process needs to run at all, nothing else of the parent's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Root of the project, which holds `demo/`; the working directory of the child too. */
  readonly cwd?: string;
  readonly readyTimeoutMs?: number;
  /** How long `stop` waits for an orderly end before it kills; 5,000 unless given. */
  readonly stopTimeoutMs?: number;
};

export type ServerExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type RunningServer = {
  /** As announced, for example `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly pid: number;
  /** The whole ready line: what a server announces beside its URL. */
  readonly ready: ReadyLine;
  /** Settles when the process is gone, for whatever reason. Never rejects. */
  readonly exited: Promise<ServerExit>;
  /** The last few thousand characters that the child wrote to stderr. */
  readonly stderrTail: () => string;
  /** SIGKILL: the process gets no chance to flush or close anything. Resolves once it is gone. */
  readonly kill9: () => Promise<ServerExit>;
  /** SIGTERM, then SIGKILL for a process that is still there when the time is over. Resolves once it is gone. */
  readonly stop: () => Promise<ServerExit>;
};

/**
 * Starts a Node program that serves on loopback and resolves when it has printed its ready line: one line of
 * JSON on stdout with a string `url`. Other lines before and after are read and dropped.
 *
 * No orphan is left: the child holds the reading end of a pipe whose writing end is the parent's, so it ends
 * when the parent is gone, also by SIGKILL. A parent that exits in an orderly way kills its children itself.
 *
 * @throws Error with the tail of the child's stderr when it exits, or the time passes, before it is ready
 */
export const spawnServer = async (options: SpawnServerOptions): Promise<RunningServer> => {
  const { name, script, args = [], env = {}, cwd = process.cwd() } = options;
  const { readyTimeoutMs = READY_TIMEOUT_MS, stopTimeoutMs = STOP_TIMEOUT_MS } = options;
  const preload = pathToFileURL(join(cwd, EXIT_WITH_PARENT_FILE)).href;
  const child = spawn(process.execPath, ['--import', preload, script, ...args], {
    cwd,
    env: { ...childEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const forget = killOnParentExit(child);
  const stderr = createTextTail();
  child.stderr.setEncoding('utf8').on('data', stderr.add);
  // A child that dies first breaks the pipe; its exit says so already, and better.
  child.stdin.on('error', () => undefined);
  const drained = new Promise((resolve) => child.stderr.once('close', resolve));
  const exited = exitOf(child);
  void exited.then(forget);
  const kill9 = (): Promise<ServerExit> => {
    child.kill('SIGKILL');
    return exited;
  };
  const stop = async (): Promise<ServerExit> => {
    child.kill('SIGTERM');
    const hardStop = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    const exit = await exited;
    clearTimeout(hardStop);
    return exit;
  };

  const outcome = await readReadyLine(child.stdout, { exited, timeoutMs: readyTimeoutMs });
  const { pid } = child;
  if (outcome.kind === 'ready' && pid !== undefined) {
    return { url: outcome.line.url, pid, ready: outcome.line, exited, stderrTail: stderr.text, kill9, stop };
  }
  await kill9();
  // The process may be gone before the last of what it said has been read, which is the part that matters.
  await Promise.race([drained, setTimeoutAsync(DRAIN_TIMEOUT_MS, undefined, { ref: false })]);
  const reason = outcome.kind === 'ready' ? 'it has no process id' : outcome.reason;
  throw new Error(
    `Cannot start server "${name}": ${reason}; its stderr ends with: ${stderr.text().trim() || '(nothing)'}`,
  );
};

const exitOf = (child: ChildProcess): Promise<ServerExit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // Emitted instead of `exit` when the program could not be started at all.
    child.once('error', () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
