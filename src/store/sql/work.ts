import type { Transaction } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import type { BundleCache } from './bundle-cache.ts';
import type { Caller } from './operations.ts';
import type { StoreSchema } from './schema.ts';
import type { Sealing } from './sealing.ts';

/**
 * What one operation works with: its transaction, who asks, and the time, which is the same throughout.
 *
 * Rows are locked in one order, or two operations could wait for each other: circuit, target record, stream,
 * obligation, evidence head.
 */
export type Work = {
  readonly tx: Transaction<StoreSchema>;
  readonly caller: Caller;
  readonly now: Instant;
  readonly newId: () => string;
  readonly sealing: Sealing;
  readonly bundles: BundleCache;
};
