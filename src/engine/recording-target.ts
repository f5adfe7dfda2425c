import type { JsonObject } from '../core/json.ts';
import type { EntityDriver, WriteRequest } from '../core/system/entity-driver.ts';

/** A write that was not made, with the record as the target holds it; null for one that it does not hold. */
export type RecordedWrite = { readonly request: WriteRequest; readonly before: JsonObject | null };

export type RecordingTarget = {
  readonly driver: EntityDriver;
  readonly writes: readonly RecordedWrite[];
};

/** Stands for the ID that the target would have given. */
const NO_ID = 'not created';

/**
 * A target that is read and never written to: look-ups go through, and a write is kept and answered as if it had worked.
 * It has no upsert of its own, also where the target has: who writes to it has to look first, and so says what would
 * become of each record.
 */
export const createRecordingTarget = (target: EntityDriver): RecordingTarget => {
  const writes: RecordedWrite[] = [];
  const seen = new Map<string, JsonObject>();
  const { pageSize, findBatchMax, readPage, readByIds, toRecord } = target;
  const driver: EntityDriver = {
    pageSize,
    findBatchMax,
    nativeUpsert: false,
    readPage,
    readByIds,
    toRecord,
    find: async (field, values) => {
      const reply = await target.find(field, values);
      if (reply.kind === 'found') {
        for (const { id, body } of [...reply.byValue.values()].flat()) seen.set(id, body);
      }
      return reply;
    },
    write: (request) => {
      const targetId = request.kind === 'update' ? request.targetId : NO_ID;
      writes.push({ request, before: request.kind === 'update' ? (seen.get(targetId) ?? null) : null });
      return Promise.resolve({ kind: 'written', targetId, created: request.kind !== 'update' });
    },
  };
  return { driver, writes };
};
