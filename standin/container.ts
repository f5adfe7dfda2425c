import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { containerMessage, type ContainerMessage } from './container-message.ts';
import type { JsonRecord } from './record.ts';

/** What came back from one invocation. `timed_out` and `killed` leave the container dead. */
export type ContainerAnswer =
  | { readonly kind: 'resolved'; readonly value: unknown; readonly rssBytes: number }
  | { readonly kind: 'rejected'; readonly name: string; readonly message: string; readonly rssBytes: number }
  | { readonly kind: 'timed_out'; readonly afterMs: number }
  | { readonly kind: 'killed'; readonly detail: string };

export type LoadReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string };

export type Container = {
  readonly loaded: Promise<LoadReport>;
  readonly exited: Promise<void>;
  readonly isAlive: () => boolean;
  /** One invocation at a time: a second before the first is answered is a bug. */
  readonly invoke: (event: JsonRecord, timeoutMs: number) => Promise<ContainerAnswer>;
  readonly kill: () => Promise<void>;
};

export type ContainerOptions = {
  /** Folder of the unpacked build.zip, with its zapierwrapper.js. */
  readonly appDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly loadTimeoutMs: number;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
};

/** Starts one Lambda container: a process of its own that loads the app and keeps it warm. */
export const startContainer = (options: ContainerOptions): Container => {
  const child = fork(join(import.meta.dirname, 'container-entry.mjs'), [], {
    cwd: options.appDir,
    env: { ...options.environment },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  forwardOutput(child, options.onOutput);
  let lastWords = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString()).slice(-lastWordsMaxChars);
  });

  let hear: (message: ContainerMessage) => void = () => undefined;
  let isAlive = true;
  child.on('message', (message) => hear(containerMessage.parse(message)));
  const exited = new Promise<string>((resolve) => {
    const leave = (detail: string): void => {
      isAlive = false;
      resolve(detail);
    };
    child.once('error', (error) => leave(error.message));
    child.once('exit', (code, signal) => leave(exitText(code, signal, lastWords)));
  });
  const loaded = new Promise<LoadReport>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), options.loadTimeoutMs);
    const finish = (report: LoadReport): void => {
      clearTimeout(timer);
      resolve(report);
    };
    hear = (message) => finish(loadReport(message));
    void exited.then((detail) => finish({ kind: 'failed', name: 'Runtime.ExitError', message: detail }));
  });

  let nextId = 0;
  return {
    loaded,
    exited: exited.then(() => undefined),
    isAlive: () => isAlive,
    invoke: (event, timeoutMs) =>
      new Promise((resolve) => {
        const id = (nextId += 1);
        let isLate = false;
        const timer = setTimeout(() => {
          isLate = true;
          child.kill('SIGKILL');
        }, timeoutMs);
        const finish = (answer: ContainerAnswer): void => {
          clearTimeout(timer);
          resolve(answer);
        };
        hear = (message) => {
          // An answer that crosses with the kill came too late: Zapier has hung up.
          if (!isLate && 'id' in message && message.id === id) finish(answerOf(message));
        };
        void exited.then((detail) =>
          finish(isLate ? { kind: 'timed_out', afterMs: timeoutMs } : { kind: 'killed', detail }),
        );
        // A dead channel is no news: the exit that closed it settles the invocation.
        if (child.connected) child.send({ type: 'invoke', id, event }, () => undefined);
      }),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
};

const lastWordsMaxChars = 2_000;

const exitText = (code: number | null, signal: string | null, lastWords: string): string => {
  const reason = signal === null ? `exit code ${code ?? 'none'}` : `signal ${signal}`;
  return lastWords === '' ? reason : `${reason}: ${lastWords.trim()}`;
};

const loadReport = (message: ContainerMessage): LoadReport => {
  switch (message.type) {
    case 'ready':
      return { kind: 'ready' };
    case 'load_failed':
      return { kind: 'failed', name: message.name, message: message.message };
    case 'resolved':
    case 'rejected':
      throw new Error(`A container answered invocation ${message.id} before it was ready`);
  }
};

type Answered = Extract<ContainerMessage, { readonly id: number }>;

const answerOf = (message: Answered): ContainerAnswer => {
  switch (message.type) {
    case 'resolved':
      return { kind: 'resolved', value: message.value, rssBytes: message.rssBytes };
    case 'rejected':
      return { kind: 'rejected', name: message.name, message: message.message, rssBytes: message.rssBytes };
  }
};

const forwardOutput = (child: ChildProcess, onOutput: ContainerOptions['onOutput']): void => {
  if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => onOutput('stdout', line));
  if (child.stderr !== null) createInterface(child.stderr).on('line', (line) => onOutput('stderr', line));
};
