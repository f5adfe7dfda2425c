import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import { createStoreClient } from '../../../src/store/client/create-store-client.ts';

export type Harness = {
  readonly client: StorePort;
  /** Milliseconds waited between attempts. */
  readonly waits: readonly number[];
};

type Options = { readonly url?: string; readonly key?: string; readonly timeMs?: number; readonly random?: number };

/** A client in a world whose clock moves only while it waits. */
export const createHarness = ({
  url = 'https://store.example',
  key = 'tdm_k1_s3cret',
  timeMs = 20_000,
  random = 0.5,
}: Options = {}): Harness => {
  const waits: number[] = [];
  let nowMs = 1_000_000;
  const client = createStoreClient({
    url,
    key,
    fetch,
    sleep: (ms) => {
      waits.push(ms);
      nowMs += ms;
      return Promise.resolve();
    },
    random: () => random,
    now: () => nowMs,
    deadlineMs: nowMs + timeMs,
    userAgent: 'tidemark-test/1',
  });
  return { client, waits };
};
