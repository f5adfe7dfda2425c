import type { StorePort } from '../../src/core/protocol/store-port.ts';

export type Position = { readonly updatedAt: string; readonly id: string };

export type InspectedObligation = {
  readonly externalId: string;
  readonly updatedAt: string;
  readonly digest: string;
  readonly state: string;
  readonly attempts: number;
  /** The order of observation. */
  readonly sequence: number;
  /** A delivery may still be acknowledged. */
  readonly isInFlight: boolean;
};

/** What the auditor judges by: the rows as they are stored, read past every operation of the store. */
export type Inspection = {
  readonly fetched: Position | null;
  readonly committed: Position | null;
  readonly startAt: string | null;
  readonly obligations: readonly InspectedObligation[];
};

export type StoreWorld = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
};

/** A store of the simulated world. Each operation is one event: nothing else happens while it runs. */
export type SimStore = {
  readonly port: StorePort;
  readonly inspect: () => Promise<Inspection>;
  /** Changes whenever anything that is stored changes. */
  readonly fingerprint: () => Promise<string>;
};

/** Makes an empty store for one world; `close` ends what it holds open. */
export type SimStores = {
  readonly open: (world: StoreWorld) => Promise<SimStore>;
  readonly close: () => Promise<void>;
};
