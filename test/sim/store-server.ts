import { isDeepStrictEqual } from 'node:util';
import type { RouteName } from '../../src/core/protocol/routes.ts';
import { StoreError } from '../../src/core/protocol/store-error.ts';
import type { SimStore } from './sim-store.ts';
import type { Faults } from './swarm.ts';
import type { Auditor } from './auditor.ts';

export type StoreRequest = { readonly name: RouteName; readonly params: unknown; readonly body: unknown };

export type Answer =
  | { readonly kind: 'reply'; readonly body: unknown }
  | { readonly kind: 'refused'; readonly error: StoreError };

/** The store with the auditor beside it. */
export type StoreServer = {
  /** Runs one operation, which is one event, and has what it left behind audited. */
  readonly execute: (request: StoreRequest, callId: number) => Promise<Answer>;
  readonly isUp: () => boolean;
  readonly setUp: (up: boolean) => void;
};

type AnyOperation = (params: unknown, request: unknown) => Promise<unknown>;

/** What a repeated reply may say otherwise: that an earlier request may have been sent, or has settled it already. */
const comparable = ({ name }: StoreRequest, answer: Answer): unknown => {
  if (answer.kind === 'refused') return [answer.error.kind];
  const text = JSON.stringify(answer.body);
  if (name === 'beginWrites') return JSON.parse(text.replaceAll('"readBack":true', '"readBack":false'));
  if (name === 'acknowledgeDelivery') return JSON.parse(text.replace('"already_applied"', '"applied"'));
  return JSON.parse(text);
};

/** Who goes on with a run is another with each call. */
const isRepeatable = ({ name }: StoreRequest): boolean => name !== 'openReconciliation';

/** @param onOperation called before each operation: where the clock of the process that serves it is drawn */
export const createStoreServer = (
  store: SimStore,
  auditor: Auditor,
  faults: Faults,
  onOperation: () => void,
): StoreServer => {
  let up = true;

  const run = async ({ name, params, body }: StoreRequest): Promise<Answer> => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every operation takes its two parts, typed by its route
    const operation = store.port[name] as AnyOperation;
    try {
      return { kind: 'reply', body: await operation(params, structuredClone(body)) };
    } catch (error) {
      if (error instanceof StoreError) return { kind: 'refused', error };
      // A server answers so to whatever it did not foresee; that nothing was changed is what the auditor looks at.
      return { kind: 'refused', error: new StoreError('internal', `Unforeseen: ${String(error)}`) };
    }
  };

  return {
    execute: async (request, callId) => {
      onOperation();
      const answer = await run(request);
      await auditor.afterOperation(request, answer, callId);
      if (isRepeatable(request) && faults.strikes('storeRepeatsAtOnce')) {
        const before = await store.fingerprint();
        const again = await run(request);
        const after = await store.fingerprint();
        if (before !== after) auditor.violated('G5', `the same ${request.name} again changed what is stored`);
        if (!isDeepStrictEqual(comparable(request, answer), comparable(request, again))) {
          const [first, second] = [comparable(request, answer), comparable(request, again)];
          auditor.violated(
            'G5',
            `the same ${request.name} again: ${JSON.stringify(first)}, then ${JSON.stringify(second)}`,
          );
        }
      }
      return answer;
    },
    isUp: () => up,
    setUp: (isUp) => {
      up = isUp;
    },
  };
};
