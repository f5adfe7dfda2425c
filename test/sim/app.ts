import type { ContractBundle } from '../../src/core/contract/bundle.ts';
import type { ContractCache, DriverFactory } from '../../src/engine/contracts.ts';
import type { Runtime } from '../../src/engine/runtime.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import type { Auditor } from './auditor.ts';
import type { Chance } from './chance.ts';
import { createProcess } from './process.ts';
import { SOURCE } from './shape.ts';
import type { Source } from './source.ts';
import { storeLink } from './store-link.ts';
import type { StoreServer } from './store-server.ts';
import { type LinkWorld, sourceDriver, targetDriver } from './system-link.ts';
import type { Target } from './target.ts';

/** Zapier kills a call at 30 s; the app means to have answered by 25 s (`zapier/shell.ts`). */
const KILLED_AFTER_MS = 30_000;
const CALL_BUDGET_MS = 25_000;

export type Ports = {
  readonly store: StorePort;
  readonly contracts: ContractCache;
  readonly driver: DriverFactory;
  readonly runtime: Runtime;
};

export type CallEnd<T> =
  | { readonly kind: 'returned'; readonly value: T }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'killed' };

/** The app on Zapier: each call is a process with ports of its own. */
export type App = { readonly call: <T>(label: string, work: (ports: Ports) => Promise<T>) => Promise<CallEnd<T>> };

type World = LinkWorld & {
  readonly source: Source;
  readonly target: Target;
  readonly server: StoreServer;
  readonly auditor: Auditor;
};

/** How long a process stands still. */
const drawFreeze = (chance: Chance): number => chance.pick([5000, 90_000, 600_000, 3_600_000]);

export const createApp = (world: World): App => {
  const { scheduler, chance, faults, log } = world;
  let calls = 0;
  let warm = new Map<string, ContractBundle>();

  const contractsOf = (): ContractCache => {
    // A cold process holds no contract; a warm one what the calls before it left.
    if (faults.strikes('processIsCold')) warm = new Map();
    const held = warm;
    return {
      get: (sync) => held.get(sync),
      set: (sync, bundle) => {
        held.set(sync, bundle);
      },
    };
  };

  const call = <T>(label: string, work: (ports: Ports) => Promise<T>): Promise<CallEnd<T>> =>
    new Promise((resolve) => {
      calls += 1;
      const callId = calls;
      const process = createProcess(scheduler, (self) => {
        if (faults.strikes('processDies')) self.kill();
        else if (faults.strikes('processFreezes')) self.freeze(drawFreeze(chance));
      });
      const deadlineMs = scheduler.now() + CALL_BUDGET_MS;
      const runtime: Runtime = {
        now: scheduler.now,
        sleep: (ms) => {
          const extraMs = faults.strikes('processOversleeps') ? drawFreeze(chance) : 0;
          return process.after(ms + extraMs, () => undefined);
        },
        random: chance.next,
        newId: chance.id,
        deadlineMs,
      };
      const source = sourceDriver(world, process, world.source, (request, reply) => {
        world.auditor.onPage(callId, request, reply);
      });
      const target = targetDriver(world, process, world.target, world.auditor.onRefused);
      const ports: Ports = {
        store: storeLink(world, process, world.server, { deadlineMs, callId }),
        contracts: contractsOf(),
        driver: ({ name }) => (name === SOURCE ? source : target),
        runtime,
      };
      let over = false;
      const end = (how: CallEnd<T>): void => {
        if (over) return;
        over = true;
        log(() => `call ${callId} ${label} ${how.kind}${how.kind === 'threw' ? `: ${String(how.error)}` : ''}`);
        resolve(how);
      };
      scheduler.after(KILLED_AFTER_MS, () => {
        if (!over && !faults.strikes('processGoesOnAfterKill')) process.kill();
        end({ kind: 'killed' });
      });
      log(() => `call ${callId} ${label} begins`);
      work(ports).then(
        (value) => {
          end({ kind: 'returned', value });
        },
        (error: unknown) => {
          end({ kind: 'threw', error });
        },
      );
    });

  return { call };
};
