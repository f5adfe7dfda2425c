import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { type RouteName, routes } from '../../src/core/protocol/routes.ts';
import { StoreError } from '../../src/core/protocol/store-error.ts';
import {
  ATTEMPT_RESERVE_MS,
  ATTEMPTS_MAX,
  REQUEST_TIMEOUT_MS,
  WAIT_BASE_MS,
  WAIT_MS_MAX,
} from '../../src/store/client/limits.ts';
import type { Process } from './process.ts';
import type { StoreServer, Answer } from './store-server.ts';
import type { LinkWorld } from './system-link.ts';

/** What a call's caller sees of one attempt; `unusable` is worth another. */
type Attempt = Answer | { readonly kind: 'unusable'; readonly reason: string };

type Request = { readonly name: RouteName; readonly params: unknown; readonly body: unknown };

const REPEATED_LATER_MS_MAX = 120_000;

/** The store as one process of the app reaches it, tried again as the real client does (`store/client/call-store.ts`). */
export const storeLink = (
  world: LinkWorld,
  process: Process,
  server: StoreServer,
  call: { readonly deadlineMs: number; readonly callId: number },
): StorePort => {
  const { scheduler, chance, faults, shape, log } = world;
  const latencyMs = (): number => chance.int(1, shape.latencyMsMax);
  const describe = ({ name, body }: Request): string => `call ${call.callId} ${name} ${JSON.stringify(body)}`;

  const arrive = async (request: Request): Promise<Answer> => {
    const answer = await server.execute(request, call.callId);
    log(() => `store did ${describe(request)}: ${JSON.stringify(answer)}`);
    return answer;
  };

  /** One request on its way; the promise is of the process and is never kept when that dies. */
  const attempt = (request: Request, timeoutMs: number): Promise<Attempt> =>
    new Promise((resolve) => {
      const back = (delayMs: number, seen: Attempt): void => {
        scheduler.after(delayMs, () => {
          process.deliver(() => {
            resolve(seen);
          });
        });
      };
      back(timeoutMs, { kind: 'unusable', reason: 'did not answer in time' });
      if (faults.strikes('storeLosesRequest')) return;
      const thereMs = faults.strikes('storeIsSlow') ? chance.int(1000, REQUEST_TIMEOUT_MS * 2) : latencyMs();
      const losesReply = faults.strikes('storeLosesReply');
      const fails = faults.strikes('storeFailsAfterEffect');
      scheduler.after(thereMs, async () => {
        if (!server.isUp()) {
          back(latencyMs(), { kind: 'unusable', reason: 'could not be reached' });
          return;
        }
        if (faults.strikes('storeIsBusy')) {
          back(latencyMs(), { kind: 'unusable', reason: 'answered with status 503' });
          return;
        }
        const answer = await arrive(request);
        if (losesReply) return;
        back(latencyMs(), fails ? { kind: 'refused', error: new StoreError('internal', 'Status 500') } : answer);
      });
      if (faults.strikes('storeRepeatsLater')) {
        scheduler.after(thereMs + chance.int(0, REPEATED_LATER_MS_MAX), async () => {
          if (server.isUp()) await arrive(request);
        });
      }
    });

  const callStore = async (name: RouteName, params: unknown, body: unknown): Promise<unknown> => {
    const request: Request = { name, params, body: JSON.parse(JSON.stringify(body)) };
    for (let attempts = 1; ; attempts += 1) {
      const timeoutMs = Math.min(REQUEST_TIMEOUT_MS, call.deadlineMs - scheduler.now());
      if (timeoutMs <= 0) throw new StoreError('unreachable', 'No time is left in this run to call the store');
      const answer = await attempt(request, timeoutMs);
      if (answer.kind === 'reply') return JSON.parse(JSON.stringify(answer.body));
      if (answer.kind === 'refused') throw answer.error;
      const waitMs = Math.floor(chance.next() * Math.min(WAIT_MS_MAX, WAIT_BASE_MS * 2 ** attempts));
      const isOver = attempts >= ATTEMPTS_MAX || scheduler.now() + waitMs + ATTEMPT_RESERVE_MS > call.deadlineMs;
      if (isOver) throw new StoreError('unreachable', `The store ${answer.reason} after ${attempts} attempts`);
      await process.after(waitMs, () => undefined);
    }
  };

  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry for each route of the table
  return Object.fromEntries(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
    (Object.keys(routes) as RouteName[]).map((name) => [
      name,
      (params: unknown, body: unknown) => callStore(name, params, body),
    ]),
  ) as StorePort;
};
