import { startContainer, type Container, type ContainerAnswer } from './container.ts';
import type { AnswerFate } from './faults.ts';
import type { JsonRecord } from './record.ts';

export type PoolAnswer = { readonly answer: ContainerAnswer; readonly cold: boolean };

export type ContainerPool = {
  /** Runs one event in a warm container where one is free, else in a new one, else waits for its turn. */
  readonly invoke: (event: JsonRecord, fate: AnswerFate) => Promise<PoolAnswer>;
  /** Ends every idle container, as Lambda does now and then: the next invocation starts cold. */
  readonly recycle: () => Promise<void>;
  /** Kills every container; what is under way ends as `killed`. */
  readonly close: () => Promise<void>;
  /** Processes alive now. */
  readonly size: () => number;
};

export type PoolOptions = {
  readonly appDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly maxContainers: number;
  readonly invocationTimeoutMs: number;
  readonly coldStartMaxMs: number;
  readonly containerRssMaxBytes: number | null;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
};

type Lease =
  | { readonly kind: 'warm'; readonly container: Container }
  /** A place in the pool without a process yet. */
  | { readonly kind: 'vacant' };

/** The containers of one app. The last one used is used first, as on Lambda, so idle ones stay idle. */
export const createContainerPool = (options: PoolOptions): ContainerPool => {
  const alive = new Set<Container>();
  const idle: Container[] = [];
  const waiting: ((lease: Lease) => void)[] = [];
  let places = 0;
  let isClosed = false;
  // Read through a call, because it changes while an invocation waits for its turn.
  const isShut = (): boolean => isClosed;

  const take = (): Promise<Lease> => {
    const container = idle.pop();
    if (container !== undefined) return Promise.resolve({ kind: 'warm', container });
    if (places < options.maxContainers) {
      places += 1;
      return Promise.resolve({ kind: 'vacant' });
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (container: Container | null): void => {
    const next = waiting.shift();
    if (next !== undefined) next(container === null ? { kind: 'vacant' } : { kind: 'warm', container });
    else if (container !== null) idle.push(container);
    else places -= 1;
  };
  const start = (): Container => {
    const { appDir, environment, onOutput, coldStartMaxMs } = options;
    const container = startContainer({ appDir, environment, onOutput, loadTimeoutMs: coldStartMaxMs });
    alive.add(container);
    void container.exited.then(() => {
      alive.delete(container);
      // An idle container that dies on its own frees its place; a busy one is given back by its invocation.
      const position = idle.indexOf(container);
      if (position === -1) return;
      idle.splice(position, 1);
      giveBack(null);
    });
    return container;
  };
  const invoke = async (event: JsonRecord, fate: AnswerFate): Promise<PoolAnswer> => {
    if (isShut()) throw new Error('Cannot invoke the app: the stand-in is closed');
    const lease = await take();
    if (isShut()) return { answer: { kind: 'killed', detail: 'the stand-in was closed' }, cold: false };
    const cold = lease.kind === 'vacant';
    const container = lease.kind === 'warm' ? lease.container : start();
    const answer = await invokeIn(container, event, options, fate);
    const isSpent = isOver(answer, options.containerRssMaxBytes);
    if (isSpent) await container.kill();
    giveBack(isSpent || !container.isAlive() ? null : container);
    return { answer, cold };
  };
  const killAll = async (containers: readonly Container[]): Promise<void> => {
    await Promise.all(containers.map((container) => container.kill()));
  };
  return {
    invoke,
    recycle: async () => {
      const retired = idle.splice(0);
      await killAll(retired);
      for (const _container of retired) giveBack(null);
    },
    close: async () => {
      isClosed = true;
      for (const proceed of waiting.splice(0)) proceed({ kind: 'vacant' });
      await killAll([...alive]);
    },
    size: () => alive.size,
  };
};

const invokeIn = async (
  container: Container,
  event: JsonRecord,
  options: PoolOptions,
  fate: AnswerFate,
): Promise<ContainerAnswer> => {
  const load = await container.loaded;
  if (load.kind === 'failed') {
    await container.kill();
    return { kind: 'rejected', name: load.name, message: load.message, rssBytes: 0 };
  }
  const answer = await container.invoke(event, options.invocationTimeoutMs);
  switch (fate) {
    case 'keep':
      return answer;
    case 'kill':
      return { kind: 'killed', detail: 'fault injected after the effect' };
    case 'time_out':
      return { kind: 'timed_out', afterMs: options.invocationTimeoutMs };
  }
};

/** Whether the container behind this answer may not be used again. */
const isOver = (answer: ContainerAnswer, rssMaxBytes: number | null): boolean => {
  switch (answer.kind) {
    case 'timed_out':
    case 'killed':
      return true;
    case 'resolved':
    case 'rejected':
      return rssMaxBytes !== null && answer.rssBytes > rssMaxBytes;
  }
};
