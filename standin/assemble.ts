import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import { createCacheStore } from './cache-store.ts';
import { createCallbackRegistry } from './callback-registry.ts';
import { containerEnvironment } from './container-environment.ts';
import { createContainerPool, type ContainerPool } from './container-pool.ts';
import { createCounterBoard } from './counters.ts';
import { createCursorStore } from './cursor-store.ts';
import { appDefinition, type AppDefinition } from './definition.ts';
import { createDueQueue } from './due-queue.ts';
import type { StandinEvent, StandinHappening } from './events.ts';
import { noFaults, type Faults } from './faults.ts';
import { createHookRegistry } from './hook-registry.ts';
import { createInvoke, type Invoke } from './invocation.ts';
import { zapierLimits, type Limits } from './limits.ts';
import { createLogSink, type LogSink } from './log-sink.ts';
import { startLoopbackServer } from './loopback-server.ts';
import { describeFailure } from './outcome.ts';
import type { Platform } from './platform.ts';
import { drawName, type Random } from './seeded-random.ts';
import { createStashStore } from './stash-store.ts';
import { createTokenRegistry, type TokenRegistry } from './token-registry.ts';

export type ZapierOptions = {
  /** Folder of the unpacked build.zip, with its zapierwrapper.js. */
  readonly appDir: string;
  readonly clock: Clock;
  readonly random: Random;
  /** The app's variables, as `zapier-platform env:set` puts them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Processes at once. Default: 2. */
  readonly maxContainers?: number;
  readonly limits?: Partial<Limits>;
  readonly faults?: Partial<Faults>;
  readonly onEvent?: (event: StandinEvent) => void;
};

export type Assembly = {
  readonly platform: Platform;
  readonly pool: ContainerPool;
  readonly logs: LogSink;
  readonly tokens: TokenRegistry;
  readonly close: () => Promise<void>;
};

/** Puts the stand-in together: server, containers, stores, and the app's definition as its handler tells it. */
export const assemble = async (options: ZapierOptions): Promise<Assembly> => {
  const { appDir, clock, random } = options;
  await access(join(appDir, 'zapierwrapper.js'));
  const limits: Limits = { ...zapierLimits, ...options.limits };
  const counters = createCounterBoard();
  const emit = (happening: StandinHappening): void => options.onEvent?.({ atMs: clock.now(), ...happening });
  const stash = createStashStore();
  const stores = {
    stash,
    cache: createCacheStore(clock.now),
    cursors: createCursorStore(clock.now, limits.cursorLifeMs),
  };
  const logs = createLogSink(limits.logLinesMax);
  const tokens = createTokenRegistry(random);
  const callbacks = createCallbackRegistry(random);
  const hooks = createHookRegistry(random);
  const server = await startLoopbackServer({ limits, tokens, stores, logs, callbacks, hooks });
  const pool = createContainerPool({
    appDir,
    environment: containerEnvironment(server.logUrl),
    maxContainers: options.maxContainers ?? defaultMaxContainers,
    invocationTimeoutMs: limits.invocationTimeoutMs,
    coldStartMaxMs: limits.coldStartMaxMs,
    containerRssMaxBytes: limits.containerRssMaxBytes,
    onOutput: logs.takeOutput,
  });
  const close = async (): Promise<void> => {
    await pool.close();
    await server.close();
  };
  let definition: AppDefinition | null = null;
  const invoke = createInvoke({
    pool,
    clock,
    limits,
    counters,
    stash,
    emit,
    random,
    environment: options.environment ?? {},
    rpcUrl: server.rpcUrl,
    appToken: tokens.issue({ userId: 'app', authId: 'app' }),
    oneTimeSecret: drawName(random),
    definition: () => definition,
  });
  definition = await readDefinition(invoke, close);
  const platform: Platform = {
    clock,
    random,
    limits,
    counters,
    emit,
    definition,
    invoke,
    server,
    callbacks,
    hooks,
    faults: { ...noFaults, ...options.faults },
    work: createDueQueue(),
    ticks: createDueQueue(),
    nextId: createNumbering(),
  };
  return { platform, pool, logs, tokens, close };
};

const defaultMaxContainers = 2;

const readDefinition = async (invoke: Invoke, close: () => Promise<void>): Promise<AppDefinition> => {
  const outcome = await invoke({ command: 'definition', method: '', bundle: null, connection: null, zapId: null });
  if (outcome.kind === 'success') return appDefinition.parse(outcome.results);
  await close();
  const reason = outcome.kind === 'callback' ? 'it asked for a callback' : describeFailure(outcome);
  throw new Error(`The app does not tell its definition: ${reason}`);
};

const createNumbering = (): Platform['nextId'] => {
  const counts = new Map<string, number>();
  return (kind) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${kind}-${count}`;
  };
};
