import { isJsonObject, type JsonObject, type JsonValue, valueAt } from '../core/json.ts';
import type { ObligationState } from '../core/obligation/obligation-state.ts';
import type { ObservedRecord } from '../core/protocol/cycle-routes.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import { compareRecord, projectTarget } from '../core/reconcile/compare.ts';
import type { Prepared } from './contracts.ts';
import { createRecordingTarget, type RecordedWrite } from './recording-target.ts';
import type { Runtime } from './runtime.ts';
import { type Written, writeToTarget } from './target-write.ts';

/** Stands for the intent of a write that is not made. */
const NO_INTENT = 'dry run';

/** What would become of one record. It holds names of fields and no value of any. */
export type DryRunRecord = {
  readonly externalId: string;
  readonly updatedAt: string;
  /**
   * - `create`, `update`: written; `fields` are those that the target holds otherwise, of a new record all
   * - `unchanged`: the target holds it, or the store knows that it does
   * - `stale`: a newer version is on the target
   * - `held`: it fails the contract
   * - `refused`: it would be a dead letter
   * - `waits`: another write of it is under way, or its outcome is not known
   */
  readonly action: 'create' | 'update' | 'unchanged' | 'stale' | 'held' | 'refused' | 'waits';
  readonly fields: readonly string[];
  /** Fields that the target owns and holds otherwise: they would be left to a person. */
  readonly kept: readonly string[];
  /** Names rules and fields, never a value. */
  readonly reason: string | null;
  /** What became of this very version in the stream; null where the stream does not know it. */
  readonly known: ObligationState | null;
};

export type Previewed =
  | { readonly kind: 'previewed'; readonly records: readonly DryRunRecord[] }
  /** The target could not be read, so nothing is known of these. */
  | { readonly kind: 'failed'; readonly reason: string };

type Answer = Awaited<ReturnType<StorePort['previewWrites']>>['answers'][number];

const base = ({ externalId, updatedAt }: ObservedRecord) => ({
  externalId,
  updatedAt,
  fields: [],
  kept: [],
  reason: null,
  known: null,
});

/** The names of the fields that a recorded write would change. */
const changedBy = ({ bundle: { sync }, mapping }: Prepared, { request, before }: RecordedWrite): readonly string[] => {
  const names = sync.fields.map(({ target }) => target).filter((name) => Object.hasOwn(request.fields, name));
  if (before === null) return names;
  const wanted: JsonObject = Object.fromEntries(names.map((name) => [name, request.fields[name] ?? null]));
  const comparison = compareRecord(wanted, [projectTarget(sync, mapping, before)]);
  return comparison.kind === 'changed' ? comparison.fields : [];
};

const afterWrite = (record: ObservedRecord, written: Written, fields: readonly string[]): DryRunRecord | undefined => {
  const { outcome } = written;
  switch (outcome.kind) {
    case 'confirmed': {
      const action = outcome.created === null ? 'unchanged' : outcome.created ? 'create' : 'update';
      return { ...base(record), action, fields, kept: outcome.kept ?? [] };
    }
    case 'failed':
      return { ...base(record), action: 'refused', reason: outcome.reason };
    case 'unknown':
    case 'not_sent':
      return undefined;
  }
};

const withoutWrite = (record: ObservedRecord, kind: Exclude<Answer['kind'], 'proceed'>): DryRunRecord => {
  switch (kind) {
    case 'already_applied':
      return { ...base(record), action: 'unchanged', reason: 'The store has it as applied' };
    case 'stale':
      return { ...base(record), action: 'stale', reason: 'A newer version is on the target' };
    case 'in_progress':
      return { ...base(record), action: 'waits', reason: 'Another write of the record is not over' };
  }
};

const unready = (record: ObservedRecord): DryRunRecord => ({
  ...base(record),
  action: record.state === 'held' ? 'held' : 'refused',
  reason: record.reason,
});

type Ready = ObservedRecord & { readonly payload: JsonObject };

const isReady = (record: ObservedRecord): record is Ready => record.state === 'ready' && isJsonObject(record.payload);

/** Takes writes through the decisions of a real one, on a target that records them. */
const goThrough = async (prepared: Prepared, runtime: Runtime, records: readonly Ready[]) => {
  const recording = createRecordingTarget(prepared.target);
  const written = await writeToTarget(
    { ...prepared, target: recording.driver },
    runtime,
    records.map(({ externalId, payload }) => ({
      externalId,
      fields: payload,
      targetId: null,
      readBack: true,
      intentId: NO_INTENT,
    })),
  );
  const { externalIdField } = prepared.bundle.sync.target;
  const fields = new Map<JsonValue | undefined, readonly string[]>();
  for (const one of recording.writes) {
    fields.set(valueAt(one.request.fields, externalIdField), changedBy(prepared, one));
  }
  return { written, fieldsOf: ({ externalId }: Ready) => fields.get(externalId) ?? [] };
};

/**
 * Says of up to 100 observed records what a write of each would come to. 1 round trip to the store, and to the target 1
 * for each `findBatchMax` of those that would be written.
 *
 * @returns in the order given
 */
export const previewRecords = async (
  ports: { readonly store: Pick<StorePort, 'previewWrites'>; readonly runtime: Runtime },
  { prepared, stream }: { readonly prepared: Prepared; readonly stream: string },
  records: readonly ObservedRecord[],
): Promise<Previewed> => {
  const ready = records.filter(isReady);
  const items = ready.map(({ externalId, updatedAt, digest }) => ({ externalId, updatedAt, digest }));
  const sync = prepared.bundle.sync.name;
  const { answers } =
    items.length === 0 ? { answers: [] } : await ports.store.previewWrites({ sync, stream }, { items });
  const answerOf = new Map(ready.map((record, place) => [record, answers[place]]));
  const proceeding = ready.filter((record) => answerOf.get(record)?.kind === 'proceed');
  const { written, fieldsOf } = await goThrough(prepared, ports.runtime, proceeding);
  const previewed: DryRunRecord[] = [];
  for (const record of records) {
    if (!isReady(record)) {
      previewed.push(unready(record));
      continue;
    }
    const answer = answerOf.get(record);
    if (answer === undefined) throw new Error('Cannot preview a record: the store said nothing of it');
    const { kind, obligation: known } = answer;
    const came = written[proceeding.indexOf(record)];
    const told = kind === 'proceed' ? came && afterWrite(record, came, fieldsOf(record)) : withoutWrite(record, kind);
    if (told === undefined) {
      const why =
        came?.outcome.kind === 'not_sent' || came?.outcome.kind === 'unknown' ? came.outcome.reason : 'no answer';
      return { kind: 'failed', reason: `Cannot read the target: ${why}` };
    }
    previewed.push({ ...told, known });
  }
  return { kind: 'previewed', records: previewed };
};
