import type { Route } from '../core/circuit/routing.ts';
import type { SyncContract } from '../core/contract/sync-contract.ts';
import type { Instant } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import { hideSensitive } from '../core/mapping/sensitive.ts';

/**
 * The most that the items of one poll may weigh, as JSON in UTF-8. Zapier takes 6 MiB and wraps them in some of its own.
 */
export const ITEMS_BYTES_MAX = 5_500_000;

/** A delivery, or a sample of one, before it is dressed as an item. */
export type Handed = {
  readonly deliveryId: string;
  readonly stream: string;
  readonly traceId: string;
  readonly externalId: string;
  readonly updatedAt: Instant;
  readonly digest: string;
  readonly attempt: number;
  readonly openedAt: Instant;
  readonly deadlineAt: Instant;
  readonly route: Route;
  readonly fields: JsonObject;
};

/** What a Zap gets for one record. The keys are for ever. */
export type RecordItem = {
  /** One per attempt, so that Zapier's own dedupe lets a redelivery pass. */
  readonly id: string;
  readonly delivery_id: string;
  readonly sync: string;
  readonly stream: string;
  readonly external_id: string;
  readonly updated_at: string;
  readonly version: string;
  readonly attempt: number;
  readonly trace_id: string;
  readonly observed_at: string;
  readonly deadline_at: string;
  /** `fallback` while the target is down, where the contract has another way for that; else `target`. */
  readonly route: Route;
  /** The record again as one text, so that a Zap maps one field instead of thirty. */
  readonly record_json: string;
  readonly record: JsonObject;
};

/** Dresses a delivery as an item; sensitive values are left out. */
export const recordItem = (sync: SyncContract, handed: Handed): RecordItem => {
  const record = hideSensitive(sync, handed.fields);
  return {
    id: handed.deliveryId,
    delivery_id: handed.deliveryId,
    sync: sync.name,
    stream: handed.stream,
    external_id: handed.externalId,
    updated_at: handed.updatedAt,
    version: handed.digest,
    attempt: handed.attempt,
    trace_id: handed.traceId,
    observed_at: handed.openedAt,
    deadline_at: handed.deadlineAt,
    route: handed.route,
    record_json: JSON.stringify(record),
    record,
  };
};

/**
 * The items that fit, in the order given. One that is left out is delivered again: nobody acknowledges it.
 *
 * @param items most urgent first
 */
export const thatFit = <Item>(items: readonly Item[], bytesMax: number): readonly Item[] => {
  const encoder = new TextEncoder();
  let bytes = 0;
  const end = items.findIndex((item) => {
    bytes += encoder.encode(JSON.stringify(item)).length + 1;
    return bytes > bytesMax;
  });
  return end === -1 ? items : items.slice(0, end);
};

/** Newest first, as Zapier wants a poll: it plays the items from the end. */
export const newestFirst = (items: readonly RecordItem[]): RecordItem[] =>
  items.toSorted((a, b) => (a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0));

/**
 * Makes sure that every item has an ID of its own. Zapier checks that in tests only; in production a second item with
 * the same ID, or with none, is dropped without a word.
 *
 * @throws when one does not: a bug of the store
 */
export const requireOwnIds = (items: readonly { readonly id: string }[]): void => {
  const ids = new Set(items.map(({ id }) => id));
  if (ids.size !== items.length || ids.has('')) {
    throw new Error('Cannot hand out deliveries: two have the same ID, or one has none');
  }
};
