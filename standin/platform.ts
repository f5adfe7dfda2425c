import type { CallbackRegistry } from './callback-registry.ts';
import type { Clock } from './clock.ts';
import type { CounterBoard } from './counters.ts';
import type { AppDefinition } from './definition.ts';
import type { DueQueue } from './due-queue.ts';
import type { StandinHappening } from './events.ts';
import type { Faults } from './faults.ts';
import type { HookRegistry } from './hook-registry.ts';
import type { Invoke } from './invocation.ts';
import type { Limits } from './limits.ts';
import type { LoopbackServer } from './loopback-server.ts';
import type { Random } from './seeded-random.ts';

/** What the parts of the stand-in share. Made once by `createZapier` and handed down. */
export type Platform = {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly counters: CounterBoard;
  readonly emit: (happening: StandinHappening) => void;
  readonly definition: AppDefinition;
  readonly invoke: Invoke;
  readonly server: LoopbackServer;
  readonly callbacks: CallbackRegistry;
  readonly hooks: HookRegistry;
  /** Runs, and whatever else has to be done before all is quiet. */
  readonly work: DueQueue;
  /** Polls and schedules that come round for ever. */
  readonly ticks: DueQueue;
  /** `zap-1`, `run-1` and so on. */
  readonly nextId: (kind: 'zap' | 'run' | 'connection') => string;
};
