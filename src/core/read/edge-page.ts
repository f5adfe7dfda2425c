import type { Known, ReadVersion } from '../obligation/page-news.ts';
import { versionKey, wantedOf } from '../obligation/page-news.ts';
import type { JsonObject } from '../json.ts';
import type { ObservedRecord } from '../protocol/cycle-routes.ts';
import type { Instant } from '../instant.ts';
import type { SweepState } from './checkpoint.ts';
import type { Boundary, EdgePage, EdgeRow } from './edge-state.ts';

/** Digests under keys of the store: who lacks the keys can neither make one nor get back from one. */
export type EdgeKeys = {
  /** Of an external ID; the pseudonym of evidence. */
  readonly name: (externalId: string) => string;
  /** Of ID, update time and mapped fields of a version. */
  readonly version: (version: ReadVersion) => string;
};

type Page = {
  readonly records: readonly ObservedRecord[];
  readonly sweep: SweepState;
  readonly edge: Pick<EdgePage, 'contract' | 'keepFrom' | 'bound' | 'isOver'>;
};

type Stream = { readonly startAt: Instant | null; readonly mark: Instant | null };

const lastKnown = (known: Known): ReadonlyMap<string, ReadVersion> => {
  const last = new Map<string, ReadVersion & { readonly sequence: number }>();
  for (const version of known.versions.values()) {
    if (version.sequence > (last.get(version.externalId)?.sequence ?? -1)) last.set(version.externalId, version);
  }
  return last;
};

/**
 * A recorded page as the edge takes it in.
 *
 * @param known what the stream knew of its records before it
 * @param mark  the mark before it
 */
export const edgePage = ({ records, sweep, edge }: Page, known: Known, stream: Stream, keys: EdgeKeys): EdgePage => {
  const last = lastKnown(known);
  const rows = wantedOf(records, stream.startAt).map((record): EdgeRow => {
    const before = last.get(record.externalId);
    return {
      at: record.updatedAt,
      name: keys.name(record.externalId),
      version: keys.version(record),
      isNew: !known.versions.has(versionKey(record)),
      known: before === undefined ? null : { at: before.updatedAt, version: keys.version(before) },
    };
  });
  return { ...edge, sweep: sweep.id, since: sweep.since, mark: stream.mark, rows };
};

/** The outcome as the body of its evidence; records are under the pseudonyms they have everywhere in the evidence. */
export const boundaryBody = (boundary: Boundary, stream: string, traceId: string): JsonObject => {
  const { contained, from, mark, exact, counted, unproven, late, changed, vanished } = boundary;
  const listed = ({ count, names }: Boundary['late']): JsonObject => ({ count, subjects: names });
  return {
    stream,
    traceId,
    contained,
    from,
    mark,
    exact,
    counted,
    unproven,
    late: listed(late),
    changed: listed(changed),
    vanished: listed(vanished),
  };
};
