import { instantFromMs } from '../../src/core/instant.ts';
import { createModelStore } from './model-store.ts';
import type { SimStores } from './sim-store.ts';

/** The model of the store: as fast as its decisions, which it shares with the real one. */
export const modelStores: SimStores = {
  open: (world) => {
    const model = createModelStore(world);
    return Promise.resolve({
      port: model.port,
      fingerprint: () => Promise.resolve(model.fingerprint()),
      inspect: () => {
        const { streams, obligations } = model.inspect();
        const checkpoint = streams[0]?.checkpoint;
        return Promise.resolve({
          fetched: checkpoint?.fetched.cursor ?? null,
          committed: checkpoint?.committed ?? null,
          startAt: checkpoint?.startAt ?? null,
          obligations: obligations.map(({ externalId, updatedAt, digest, state, attempts, sequence, dueAt }) => ({
            externalId,
            updatedAt,
            digest,
            state,
            attempts,
            sequence,
            isInFlight: dueAt !== null && dueAt > instantFromMs(world.now()),
          })),
        });
      },
    });
  },
  close: () => Promise.resolve(),
};
