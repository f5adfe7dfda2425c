import { digestJson } from '../../src/core/digest.ts';
import { parseInstant } from '../../src/core/instant.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type {
  EntityDriver,
  FoundRecord,
  PageReply,
  SystemRecord,
  WriteReply,
  WriteRequest,
} from '../../src/core/system/entity-driver.ts';
import type { SystemFailure } from '../../src/core/system/failure.ts';

/** What happens to the next calls, first come first served; `pass` lets one through. */
export type Fault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly failure: SystemFailure }
  /** The effect happens, and then this is what the caller sees. */
  | { readonly kind: 'fail_after'; readonly failure: SystemFailure };

export type MemoryEntity = {
  readonly driver: EntityDriver;
  readonly rows: JsonObject[];
  readonly put: (row: JsonObject) => void;
  readonly faults: Fault[];
  readonly calls: { pages: number; finds: number; writes: number; batches: number };
};

export type MemoryEntityOptions = {
  readonly pageSize?: number;
  readonly nativeUpsert?: boolean;
  /** Field that holds the external ID, for a target. */
  readonly externalIdField?: string;
  /** Takes so many upserts in one request. */
  readonly batchMax?: number;
  /** Why it refuses a record, alone or in a batch. */
  readonly refuse?: (fields: JsonObject) => SystemFailure | undefined;
};

const toRecord = (body: JsonObject): SystemRecord | undefined => {
  const updatedAt = parseInstant(body['updatedAt']);
  const { id } = body;
  return typeof id === 'string' && updatedAt !== undefined ? { id, updatedAt, body } : undefined;
};

/** A member as text; empty for what is absent or no text. */
const text = (row: JsonObject, member: string): string => {
  const value = row[member];
  return typeof value === 'string' ? value : '';
};

const order = (a: JsonObject, b: JsonObject): number =>
  text(a, 'updatedAt') === text(b, 'updatedAt')
    ? text(a, 'id') < text(b, 'id')
      ? -1
      : 1
    : text(a, 'updatedAt') < text(b, 'updatedAt')
      ? -1
      : 1;

const keyOf = (row: JsonObject): string => `${text(row, 'updatedAt')}|${text(row, 'id')}`;

/** An API in memory with keyset paging and, as a target, find-then-write: what a driver over a real one does. */
export const createMemoryEntity = (options: MemoryEntityOptions = {}): MemoryEntity => {
  const rows: JsonObject[] = [];
  const faults: Fault[] = [];
  const calls = { pages: 0, finds: 0, writes: 0, batches: 0 };
  const { pageSize = 3, nativeUpsert = false, externalIdField = 'externalId', batchMax, refuse } = options;
  let nextId = 1;

  const put = (row: JsonObject): void => {
    const index = rows.findIndex(({ id }) => id === row['id']);
    if (index === -1) rows.push(row);
    else rows[index] = { ...rows[index], ...row };
  };

  const withFault = <R>(effect: () => R): R | { kind: 'failed'; failure: SystemFailure } => {
    const fault = faults.shift() ?? { kind: 'pass' };
    if (fault.kind === 'fail') return { kind: 'failed', failure: fault.failure };
    const reply = effect();
    return fault.kind === 'fail_after' ? { kind: 'failed', failure: fault.failure } : reply;
  };

  const page = (since: string | null, token: string | null): PageReply => {
    const sorted = rows.toSorted(order).filter((row) => {
      if (token !== null) return keyOf(row) > token;
      const instant = parseInstant(row['updatedAt']);
      return since === null || instant === undefined || instant >= since;
    });
    const taken = sorted.slice(0, pageSize);
    const last = taken.at(-1);
    return {
      kind: 'page',
      records: taken.flatMap((row) => toRecord(row) ?? []),
      unusable: taken.flatMap((row, position) =>
        toRecord(row) === undefined ? [{ reason: 'no usable ID' as const, position, digest: digestJson(row) }] : [],
      ),
      nextToken: sorted.length > taken.length && last !== undefined ? keyOf(last) : null,
    };
  };

  const find = (field: string, values: readonly string[]): { kind: 'found'; byValue: Map<string, FoundRecord[]> } => ({
    kind: 'found',
    byValue: Map.groupBy(
      rows.filter((row) => values.includes(text(row, field))).map((body) => ({ id: text(body, 'id'), body })),
      ({ body }) => text(body, field),
    ),
  });

  const write = (request: WriteRequest): WriteReply => {
    const refusal = refuse?.(request.fields);
    if (refusal !== undefined) return { kind: 'failed', failure: refusal };
    if (request.kind === 'update') {
      if (!rows.some(({ id }) => id === request.targetId)) return { kind: 'missing' };
      put({ ...request.fields, id: request.targetId });
      return { kind: 'written', targetId: request.targetId, created: false };
    }
    const existing =
      request.kind === 'upsert' ? rows.find((row) => row[externalIdField] === request.externalId) : undefined;
    const id = existing === undefined ? `t${nextId++}` : text(existing, 'id');
    put({ ...request.fields, id });
    return { kind: 'written', targetId: id, created: existing === undefined };
  };

  const driver: EntityDriver = {
    pageSize,
    findBatchMax: 50,
    nativeUpsert,
    readPage: ({ since, token }) => {
      calls.pages += 1;
      return Promise.resolve(withFault(() => page(since, token)));
    },
    find: (field, values) => {
      calls.finds += 1;
      return Promise.resolve(withFault(() => find(field, values)));
    },
    readByIds: (ids) => {
      calls.finds += 1;
      return Promise.resolve(withFault(() => find('id', ids)));
    },
    toRecord,
    write: (request) => {
      calls.writes += 1;
      return Promise.resolve(withFault(() => write(request)));
    },
    ...(batchMax === undefined
      ? {}
      : {
          writeMany: {
            max: batchMax,
            write: (requests) => {
              calls.batches += 1;
              const came = withFault(() => requests.map(write));
              return Promise.resolve('kind' in came ? requests.map(() => came) : came);
            },
          },
        }),
  };
  return { driver, rows, put, faults, calls };
};
