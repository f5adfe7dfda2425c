import type { Instant } from '../instant.ts';
import type { JsonObject } from '../json.ts';
import type { SystemFailure } from './failure.ts';

/** A record of a source or target as its driver found it. */
export type SystemRecord = {
  /** The system's own ID; digits beyond 2^53 are kept exactly. */
  readonly id: string;
  readonly updatedAt: Instant;
  readonly body: JsonObject;
};

/** A row that cannot be used: there is nothing to key or order it by. */
export type UnusableRow = {
  readonly reason: 'not an object' | 'no usable ID' | 'no update time';
  /** Place in the page, from 0. */
  readonly position: number;
  /** SHA-256 of the row, by which it can be told apart without showing it. */
  readonly digest: string;
};

/**
 * Where in a source to read.
 *
 * `token` continues a sweep exactly where the page that gave it ended; it is the driver's own text. Without one a
 * sweep starts at `since` (inclusive), or at the beginning when that is null.
 */
export type PageRequest = {
  readonly since: Instant | null;
  readonly token: string | null;
  readonly pageSize: number;
};

export type PageReply =
  | {
      readonly kind: 'page';
      /** Ascending by update time. */
      readonly records: readonly SystemRecord[];
      readonly unusable: readonly UnusableRow[];
      /** Null when the source says there is no more. */
      readonly nextToken: string | null;
    }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/** Records found by the values of one field. A value may have several records: then the target holds duplicates. */
export type FindReply =
  | { readonly kind: 'found'; readonly byValue: ReadonlyMap<string, readonly FoundRecord[]> }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

export type FoundRecord = { readonly id: string; readonly body: JsonObject };

export type WriteRequest =
  | { readonly kind: 'create'; readonly fields: JsonObject }
  | { readonly kind: 'update'; readonly targetId: string; readonly fields: JsonObject }
  | { readonly kind: 'upsert'; readonly externalId: string; readonly fields: JsonObject };

export type WriteReply =
  /** `created` is null where the system does not say. `targetId` is null where it gives no ID back. */
  | { readonly kind: 'written'; readonly targetId: string | null; readonly created: boolean | null }
  /** The record to update is not there (any more). Nothing was written. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/**
 * One entity of one system. None of its calls retries. A page and a write are one HTTP request each; a look-up is one,
 * and more where its answer would otherwise not be certain (a filter that may have been ignored, several pages).
 */
export type EntityDriver = {
  readonly pageSize: number;
  /** Most values that one `find` or `readByIds` takes; more is a bug of the caller. */
  readonly findBatchMax: number;
  /** True when `write` takes `upsert`: the system itself keeps one record per external ID. */
  readonly nativeUpsert: boolean;
  readonly readPage: (request: PageRequest) => Promise<PageReply>;
  readonly find: (field: string, values: readonly string[]) => Promise<FindReply>;
  /** Reads source records by their IDs; the map holds those that exist. */
  readonly readByIds: (ids: readonly string[]) => Promise<FindReply>;
  /** Takes ID and update time out of a body; undefined when either is missing. */
  readonly toRecord: (body: JsonObject) => SystemRecord | undefined;
  readonly write: (request: WriteRequest) => Promise<WriteReply>;
};
