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

/** A row that says a record was deleted, in its place among the changes. */
export type DeletedRow = Pick<SystemRecord, 'id' | 'updatedAt'>;

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

/**
 * The certificate of a scan: whether it showed all there is.
 *
 * - `complete`: nothing speaks against it
 * - `truncated`: the API cut it at a cap
 * - `unstable`: rows may have moved out of its way
 */
export type Scan =
  | { readonly kind: 'complete' }
  | { readonly kind: 'truncated' | 'unstable'; readonly because: ScanDoubt };

/**
 * - `cap`: the scan ended at the most rows that the API gives
 * - `count_disagrees`: the API counts another number of rows than it gave
 * - `short_page`: a page had fewer rows than asked for, and more followed
 * - `page_numbers`: rows that move between numbered pages are never seen to move
 */
export type ScanDoubt = 'cap' | 'count_disagrees' | 'short_page' | 'page_numbers';

export type PageReply =
  | {
      readonly kind: 'page';
      /** Ascending by update time. */
      readonly records: readonly SystemRecord[];
      readonly unusable: readonly UnusableRow[];
      /** Ascending by update time; none where the source does not show deletions among its changes. */
      readonly deleted?: readonly DeletedRow[];
      /** Null when the source says there is no more. */
      readonly nextToken: string | null;
      /** How the scan stands, at its end and where it came into doubt before. */
      readonly scan?: Scan;
    }
  | { readonly kind: 'failed'; readonly failure: SystemFailure; readonly scan?: Scan };

/** Records found by the values of one field. A value may have several records: then the target holds duplicates. */
export type FindReply =
  | { readonly kind: 'found'; readonly byValue: ReadonlyMap<string, readonly FoundRecord[]> }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

export type FoundRecord = {
  readonly id: string;
  readonly body: JsonObject;
  /** What the system takes to write only if nobody else did: the content of an entity tag. */
  readonly version?: string;
};

/** `fields` hold the external ID too. `writeId` names one intended effect, for systems that take an idempotency key. */
type Write = { readonly fields: JsonObject; readonly writeId?: string };
export type UpsertRequest = Write & { readonly kind: 'upsert'; readonly externalId: string };
export type WriteRequest =
  | (Write & { readonly kind: 'create' })
  /** With `version` only where the record is still that one; else it fails as `rejected` because of a `conflict`. */
  | (Write & { readonly kind: 'update'; readonly targetId: string; readonly version?: string })
  | UpsertRequest;

export type WriteReply =
  /** `created` is null where the system does not say. `targetId` is null where it gives no ID back. */
  | { readonly kind: 'written'; readonly targetId: string | null; readonly created: boolean | null }
  /** The record to update is not there (any more). Nothing was written. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/**
 * One entity of one system. None of its calls retries. A page and a write are one HTTP request each (a row of a table is read before it is written); a look-up is one,
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
  /**
   * Writes several records in one request, where the system has one. What became of each is read from its own result,
   * never from the status: an item without a result is `unknown`.
   *
   * @returns a reply for each, in the order given
   * @throws RangeError on more than `max`, or two with one external ID
   */
  readonly writeMany?: {
    readonly max: number;
    readonly write: (requests: readonly UpsertRequest[], writeId?: string) => Promise<readonly WriteReply[]>;
  };
  /** The system leaves changes out until they are this old. */
  readonly exclusionLagMs?: number;
};
