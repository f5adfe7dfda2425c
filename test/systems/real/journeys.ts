import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import { theModel } from '../../world/on-stores.ts';
import { type Arrival, arrivalOf, type Journey, type Route, travel } from './journey.ts';
import type { Copies, RealSource } from './real-system.ts';

/** For a journey that starts its servers and takes 5,000 records along, on a machine that is busy with others. */
export const JOURNEY_MS_MAX = 400_000;
export const RECORDS = 5000;

/** The servers are real, so time is too. */
const realClock = {
  get nowMs(): number {
    return Date.now();
  },
};

/** The model of the store: quicker than a database, and held to the same by test/conformance. */
const withStore = async <T>(run: (store: StorePort) => Promise<T>): Promise<T> => {
  const store = await theModel.start(realClock);
  try {
    return await run(await store.fresh());
  } finally {
    await store.stop();
  }
};

type Setup = {
  readonly source: RealSource;
  readonly route: Route;
  readonly copies: () => Promise<Copies>;
  /** Runs when all has arrived. */
  readonly afterwards?: (store: StorePort) => Promise<void>;
};

export type Outcome = Journey & Arrival & { readonly records: number };

/** One journey, and what of the source is on the target after it. */
export const journeyOf = ({ source, route, copies, afterwards }: Setup): Promise<Outcome> =>
  withStore(async (port) => {
    const journey = await travel(port, route, source.people);
    const there = await source.all();
    const arrival = arrivalOf(there, await copies());
    await afterwards?.(port);
    return { ...journey, ...arrival, records: there.size };
  });
