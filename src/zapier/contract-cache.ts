import type { ContractBundle } from '../core/contract/bundle.ts';
import { digestText } from '../core/digest.ts';
import type { ContractCache } from '../engine/contracts.ts';

/** Contracts kept by one container. A contract of 300 fields is about 60 kB, so all of them stay below 4 MB. */
const CONTRACTS_MAX = 64;

// A warm container serves many users. What it keeps is bounded, holds contracts and never a record, and is found only
// with the address and the key by which the store gave it out.
const kept = new Map<string, ContractBundle>();

const keep = (key: string, bundle: ContractBundle): void => {
  kept.delete(key);
  kept.set(key, bundle);
  const [oldest] = kept.keys();
  if (kept.size > CONTRACTS_MAX && oldest !== undefined) kept.delete(oldest);
};

/** The contracts that this process holds of one connection. The least recently stored one goes first. */
export const contractCacheOf = (connection: { readonly url: string; readonly key: string }): ContractCache => {
  const keyOf = (sync: string): string => digestText(JSON.stringify([connection.url, connection.key, sync]));
  return {
    get: (sync) => kept.get(keyOf(sync)),
    set: (sync, bundle) => keep(keyOf(sync), bundle),
  };
};
