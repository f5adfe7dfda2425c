import { digestJson } from '../core/digest.ts';
import type { JsonObject } from '../core/json.ts';
import { conflictsOf, sourceOwned, targetOwned } from '../core/mapping/target-owned.ts';
import { projectTarget } from '../core/reconcile/compare.ts';
import type { FoundRecord } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import { chunked } from './chunked.ts';
import type { Prepared } from './contracts.ts';
import { eachOf } from './each-of.ts';
import { withRetry } from './retry.ts';
import type { Runtime } from './runtime.ts';

/** Requests to one target at the same time. */
export const AT_ONCE = 6;

/** One record to bring to the target. `fields` are whole and validated, without the external ID. */
export type TargetWrite = {
  readonly externalId: string;
  readonly fields: JsonObject;
  readonly targetId: string | null;
  /** Look before writing: an earlier write may have happened. */
  readonly readBack: boolean;
  /** Names the intent: a system that takes idempotency keys is given it. */
  readonly intentId: string;
};

/** What a look at the target showed of one record. */
export type Looked =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'one';
      readonly id: string;
      /** Nothing is left to write: what the source owns is there. */
      readonly equal: boolean;
      /** What the target owns and holds otherwise than the source. */
      readonly kept: readonly string[];
    }
  | { readonly kind: 'several'; readonly copies: number }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

const judge = (prepared: Prepared, fields: JsonObject, found: readonly FoundRecord[]): Looked => {
  const [only] = found;
  if (only === undefined) return { kind: 'none' };
  if (found.length > 1) return { kind: 'several', copies: found.length };
  const { sync } = prepared.bundle;
  const projection = projectTarget(sync, prepared.mapping, only.body);
  // A Zap may write a part of the fields: only those are compared.
  const wanted = sourceOwned(sync, fields);
  const compared = Object.fromEntries(Object.keys(wanted).map((field) => [field, projection[field] ?? null]));
  const equal = digestJson(compared) === digestJson(wanted);
  return { kind: 'one', id: only.id, equal, kept: conflictsOf(sync, fields, projection) };
};

/** Looks at the target for records by their external IDs. One request, and `writes` are at most `findBatchMax`. */
export const look = async (
  prepared: Prepared,
  runtime: Runtime,
  writes: readonly TargetWrite[],
): Promise<(write: TargetWrite) => Looked> => {
  const { externalIdField } = prepared.bundle.sync.target;
  const ids = [...new Set(writes.map(({ externalId }) => externalId))];
  const { reply } = await withRetry(runtime, () => prepared.target.find(externalIdField, ids));
  if (reply.kind === 'failed') return () => ({ kind: 'failed', failure: reply.failure });
  return ({ externalId, fields }) => judge(prepared, fields, reply.byValue.get(externalId) ?? []);
};

/** Whether nothing can be written before the target was looked at: for its ID, or because it owns some of the fields. */
export const mustLook = ({ target, bundle }: Prepared, { targetId, readBack, fields }: TargetWrite): boolean =>
  (!target.nativeUpsert && (targetId === null || readBack)) || targetOwned(bundle.sync, fields).length > 0;

/** Looks for all records that have to be looked for, as few requests as the target allows. */
export const lookTogether = async (
  prepared: Prepared,
  runtime: Runtime,
  writes: readonly TargetWrite[],
): Promise<ReadonlyMap<TargetWrite, Looked>> => {
  const unseen = writes.filter((write) => mustLook(prepared, write));
  const looked = new Map<TargetWrite, Looked>();
  await eachOf(chunked(unseen, prepared.target.findBatchMax), AT_ONCE, async (batch) => {
    const judgeOne = await look(prepared, runtime, batch);
    for (const write of batch) looked.set(write, judgeOne(write));
  });
  return looked;
};
